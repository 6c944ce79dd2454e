"""What a live feed reads, on both databases."""

from __future__ import annotations

from datetime import timedelta

from tests.graphql.world import NOW, World

from accountpulse.core.store import score_feed, tables, tokens
from accountpulse.core.store.scope import EVERYTHING
from accountpulse.core.store.selection import Test as Comparison
from accountpulse.core.store.types import EPOCH


def test_scores_are_read_in_the_order_in_which_they_were_written(world: World) -> None:
    with world.store.read() as connection:
        assert score_feed.newest(connection) == EPOCH
    later = NOW + timedelta(minutes=1)
    first, second, third = (
        world.account(name, score=50.0, scored_at=at) for name, at in (("A", later), ("B", NOW), ("C", later))
    )
    world.insert(tables.run, {"id": 1, "connection_id": 1, "started_at": NOW, "state": "running"})
    with world.store.read() as connection:
        rows = score_feed.written_since(connection, None, NOW, scope=EVERYTHING)
        assert [row.account_id for row in rows] == [second, first, third]
        behind = score_feed.written_since(connection, None, later, first, scope=EVERYTHING)
        assert [row.account_id for row in behind] == [third]
        only = Comparison("name", "eq", "C")
        assert [row.account_id for row in score_feed.written_since(connection, only, EPOCH, scope=EVERYTHING)] == [third]
        assert set(score_feed.stood(connection, only, scope=EVERYTHING)) == {third}
        assert score_feed.newest(connection) == later
        assert [(row.name, run.id, done) for row, run, done in score_feed.running(connection, None)] == [("crm", 1, [])]
        assert score_feed.running(connection, "desk") == []


def test_tokens_that_are_revoked_or_unknown_are_told(world: World) -> None:
    with world.store.write() as connection:
        token = tokens.create(connection, rows=EVERYTHING, name="x", scopes=["read"], now=NOW, expires_at=None)
        prefix = tokens.prefix_of(token)
        assert tokens.revoked(connection, [prefix, "unknown"]) == {"unknown"}
        tokens.revoke(connection, prefix, NOW)
        assert tokens.revoked(connection, [prefix]) == {prefix}
