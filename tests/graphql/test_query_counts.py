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
# page, count; parents; links and their connections; details and their backdrops
# (twice: the parents' come a level later); models; history; unlinked, its count, the candidates' accounts.
MOST = 14


@contextmanager
def counted(store: Store) -> Iterator[list[str]]:
    """The statements that read. Not those that say who asks and what holds now: on SQLite they come only after a commit."""
    statements: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        reads = statement.lstrip().upper().startswith(("SELECT", "WITH"))
        if reads and "api_token" not in statement and "FROM revision" not in statement:
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
    assert len(statements) == 1
    assert not any("count(" in statement for statement in statements)


OPERATIONS = {
    "a list": ("{ accounts(first: %d) { nodes { name score { value band } } } }", 1),
    "a list with reasons": ("{ accounts(first: %d) { edges { node { name score { components { reason } } } } } }", 3),
    "an account page": (
        "{ accounts(first: %d) { nodes { name override { reason } targets { state } notes { text } pulses { value } "
        "outcomes { kind } } } }",
        7,
    ),
    "a history": ('{ accounts(first: %d) { nodes { history(from: "2026-11-01") { points { score band } } } } }', 3),
    "links": ("{ accounts(first: %d) { nodes { links { key connection { name freshAt } } } } }", 5),
    "unlinked": ("{ unlinked(first: %d) { nodes { key candidates { account { name } } } } }", 2),
}


@pytest.mark.parametrize("what", OPERATIONS)
def test_every_operation_has_a_fixed_number_of_statements(crowd: World, api: Api, what: str) -> None:
    query, most = OPERATIONS[what]
    api.get(query % 1)  # what a process keeps, as of models, may have been read by another test or not
    counts = []
    for first in (5, 50):
        with counted(crowd.store) as statements:
            api.get(query % first)
        counts.append(len(statements))
    assert counts[0] == counts[1] <= most


def test_only_the_columns_that_are_asked_for_are_read(crowd: World, api: Api) -> None:
    page = (
        "{ accounts { nodes { name mrr { amount } score { value @skip(if: true) band ...f } } } } fragment f on Score { day }"
    )
    with counted(crowd.store) as statements:
        api.get(page)
    statement = statements[-1]
    read = statement.removeprefix("SELECT ").partition("FROM")[0].split(",")
    names = {part.partition(" AS ")[0].rpartition(".")[2].strip() for part in read}
    assert names == {"account_id", "name", "mrr", "band", "day", "score"}
    assert "scoring_model" not in statement
