"""However long a page is, each level of a query costs one statement."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from tests.graphql.client import Api
from tests.graphql.world import TODAY, World

from accountpulse.core.store.database import Store

DEEP = """
query($first: Int!) {
  accounts(first: $first) {
    totalCount
    nodes {
      name
      parent { name score { value components { reason } } }
      links { key connection { name } }
      score { value components { reason } adjustments { label } matchedSegments { why } model { model { version } } }
      history(from: "2026-11-01") { points { score model { name } components { state } } }
    }
  }
  unlinked(first: $first) { totalCount nodes { key candidates { account { name } } } }
}
"""
# token, page, count; parents; links and their connections; details (twice: the parents' come a level later); models;
# history; unlinked, its count, the candidates' accounts.
MOST = 14


@contextmanager
def counted(store: Store) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            statements.append(statement)

    sa.event.listen(store.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        sa.event.remove(store.engine, "before_cursor_execute", note)


@pytest.fixture
def crowd(world: World) -> World:
    holding = world.account("Holding", score=60.0)
    for i in range(55):
        id = world.account(f"Account {i:02}", score=50.0, parent_account_id=holding if i % 2 else None)
        world.history(id, TODAY, 50.0)
        world.unlinked(f"z{i}", id)
    return world


def test_the_number_of_statements_does_not_grow_with_the_page(crowd: World, api: Api) -> None:
    for first in (5, 50):
        with counted(crowd.store) as statements:
            assert len(api.get(DEEP, first=first)["accounts"]["nodes"]) == first
        # Which of two levels' reads share a statement depends on which thread ends first; the bound does not.
        assert len(statements) <= MOST


def test_a_flat_page_is_one_statement_and_nothing_is_counted_unasked(crowd: World, api: Api) -> None:
    with counted(crowd.store) as statements:
        api.get("{ accounts(first: 50) { nodes { name score { value band model { version } } } } }")
    assert len(statements) == 2  # the token, the page
    assert not any("count(" in statement for statement in statements)
