"""Pages: walking a list in either direction yields every row once, whatever ties and gaps its order has."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.graphql.client import Api
from tests.graphql.world import NOW, World

from accountpulse.core.store import accounts, tables
from accountpulse.core.store.database import Store
from accountpulse.core.store.paging import PageRequest
from accountpulse.core.store.scope import EVERYTHING

FIELDS = ["name", "mrr", "owner", "employees"]
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(["a", "b"]),
            "mrr": st.sampled_from([None, 0, 1, -5]),
            "owner": st.sampled_from([None, "", "x"]),
            "employees": st.sampled_from([None, 1, 2]),
        }
    ),
    max_size=12,
)
ORDERS = st.lists(st.tuples(st.sampled_from(FIELDS), st.booleans()), max_size=3)


def _fill(store: Store, rows: list[dict[str, Any]]) -> None:
    with store.write() as connection:
        connection.execute(sa.delete(tables.account_profile))
        connection.execute(sa.delete(tables.account))
        for id, row in enumerate(rows, 1):
            connection.execute(sa.insert(tables.account).values(id=id, created_at=NOW))
            connection.execute(sa.insert(tables.account_profile).values(account_id=id, custom={}, origins={}, **row))


def _walk(store: Store, orders: list[tuple[str, bool]], size: int, *, backward: bool) -> list[int]:
    ids: list[int] = []
    mark: Any = None
    while True:
        request = PageRequest(size, None if backward else mark, mark if backward else None, backward)
        with store.read() as connection:
            page = accounts.page(connection, None, orders, request, scope=EVERYTHING)
        found = [row.account_id for row in page.rows]
        ids = found + ids if backward else ids + found
        if not page.more:
            return ids
        mark = page.keys[0 if backward else -1]


def _expected(rows: list[dict[str, Any]], orders: list[tuple[str, bool]]) -> list[int]:
    """Python's own sort, by the last column first."""
    ids = list(range(1, len(rows) + 1))
    for field, descending in reversed(orders):
        known = [id for id in ids if rows[id - 1][field] is not None]
        known.sort(key=lambda id, field=field: rows[id - 1][field], reverse=descending)  # type: ignore[misc]
        ids = known + [id for id in ids if rows[id - 1][field] is None]
    return ids


def test_walking_pages_yields_every_row_once_in_order(store: Store) -> None:
    @settings(max_examples=40, deadline=None, derandomize=True)
    @given(rows=ROWS, orders=ORDERS, size=st.integers(1, 5))
    def law(rows: list[dict[str, Any]], orders: list[tuple[str, bool]], size: int) -> None:
        _fill(store, rows)
        expected = _expected(rows, orders)
        assert _walk(store, orders, size, backward=False) == expected
        assert _walk(store, orders, size, backward=True) == expected

    law()


QUERY = """
query($orderBy: [AccountOrder!], $first: Int, $after: String, $last: Int, $before: String) {
  accounts(orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) {
    totalCount
    edges { cursor node { name } }
    nodes { name }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""


@pytest.fixture
def five(world: World) -> World:
    for name, score in (("a", 50.0), ("b", 50.0), ("c", None), ("d", 20.125), ("e", None)):
        world.account(name, score=score)
    return world


@pytest.mark.parametrize("field", ["SCORE", "BAND_SINCE", "RENEWAL_AT", "COVERAGE", "NAME"])
def test_cursors_carry_every_kind_of_value(five: World, api: Api, field: str) -> None:
    order = [{"field": field, "direction": "DESC"}]
    whole = [node["name"] for node in api.get(QUERY, orderBy=order)["accounts"]["nodes"]]
    forward: list[str] = []
    after = None
    while True:
        page = api.get(QUERY, orderBy=order, first=2, after=after)["accounts"]
        assert [edge["node"] for edge in page["edges"]] == page["nodes"]
        assert page["totalCount"] == 5
        assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
        forward += [node["name"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    backward: list[str] = []
    before = None
    while True:
        page = api.get(QUERY, orderBy=order, last=2, before=before)["accounts"]
        assert page["pageInfo"]["hasNextPage"] is (before is not None)
        backward = [node["name"] for node in page["nodes"]] + backward
        before = page["pageInfo"]["startCursor"]
        if not page["pageInfo"]["hasPreviousPage"]:
            break
    assert forward == backward == whole
    assert sorted(whole) == ["a", "b", "c", "d", "e"]


def test_a_page_without_rows_has_no_cursors(world: World, api: Api) -> None:
    page = api.get(QUERY)["accounts"]
    assert page["pageInfo"] == {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None}
    assert page["totalCount"] == 0


def test_arguments_that_make_no_page_are_refused(five: World, api: Api, subtests: pytest.Subtests) -> None:
    by_name = api.get(QUERY, first=1)["accounts"]["pageInfo"]["endCursor"]
    cases: list[tuple[dict[str, Any], str]] = [
        ({"first": 0}, "between 1 and 100"),
        ({"first": 101}, "between 1 and 100"),
        ({"last": -1}, "between 1 and 100"),
        ({"first": 1, "last": 1}, "not both"),
        ({"after": "nonsense"}, "not a cursor"),
        ({"after": "WyJuYW1lIl0"}, "not a cursor"),
        ({"after": by_name, "orderBy": [{"field": "SCORE"}]}, "another order"),
        ({"after": "x" * 100_000}, "not a cursor"),
    ]
    for variables, message in cases:
        with subtests.test(message=message, variables=str(variables)[:60]):
            answer = api.ask(QUERY, **variables)
            assert answer.codes == ["BAD_INPUT"]
            assert message in answer.body["errors"][0]["message"]
