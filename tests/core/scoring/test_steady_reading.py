"""What is read of the days before to hold a band steady: by account and all at once the same, in few queries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import numpy as np
import pytest
import sqlalchemy as sa
from tests.core.scoring.steady_world import (
    DAYS,
    YARDSTICK,
    Series,
    day_number,
    decide,
)
from tests.core.scoring.test_service import TODAY

from accountpulse.core.scoring.day import score_day
from accountpulse.core.scoring.publication import cards_in_force
from accountpulse.core.scoring.steady import steadied
from accountpulse.core.scoring.types import Score
from accountpulse.core.store import steadiness
from accountpulse.core.store.database import Store
from accountpulse.core.store.scores import LIVE
from accountpulse.core.store.tables import score_history


@contextmanager
def statements(store: Store) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    sa.event.listen(store.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(store.engine, "before_cursor_execute", note)


@pytest.mark.parametrize(("said", "queries"), [(None, 4), ({"dwell": 3}, 7)], ids=["usual", "dwell"])
def test_some_accounts_come_out_as_among_all_and_few_queries_are_asked(store: Store, said: object, queries: int) -> None:
    world = Series(store, said)
    for number in range(DAYS - 1):
        world.live(number)
    decide(world, "steep", 10, until=DAYS)
    at = world.clock.now()
    with store.read() as connection:
        cards = cards_in_force(connection)
        assert cards is not None

        def published(accounts: list[int] | None) -> dict[int, Score]:
            raw = score_day(connection, cards, YARDSTICK, day_number(DAYS - 1), accounts=accounts)
            with statements(store) as asked:
                scores = steadied(connection, raw, cards, YARDSTICK, basis=LIVE, at=at)
            assert len(asked) == queries
            return {score.account_id: score for s in scores.segments for score in scores.explained(s, YARDSTICK, None)}

        world_of_all = published(None)
        some = [world.account[name] for name in ("steep", "gaps", "broken")]
        # Peers are stored for no other day than those scored, so only what is published is compared.
        for id, score in published(some).items():
            everybody = world_of_all[id]
            for name in ("score", "band", "raw_score", "raw_band", "steadiness"):
                assert getattr(score, name) == getattr(everybody, name)


def test_rows_are_read_the_same_by_name_and_all_at_once(store: Store) -> None:
    world = Series(store)
    world.service.run(day_number(4), since=day_number(0))
    for number in range(5, 9):
        world.live(number)
    everybody = sorted(world.account.values())
    with store.read() as connection:
        for before in (day_number(3), day_number(8)):
            days = steadiness.evaluated(connection, LIVE, before, 3)
            assert list(np.diff(days.days)) == [-1, -1]
            one_by_one = steadiness.in_force(connection, days.bases[0], before, everybody)
            together = steadiness.in_force(connection, days.bases[0], before)
            assert [c.tolist() for c in (one_by_one.account, one_by_one.band)] == [
                c.tolist() for c in (together.account, together.band)
            ]
            assert together.account.tolist() == everybody
            moved = steadiness.moves(connection, LIVE, day_number(0), before, everybody)
            assert moved.day.tolist() == steadiness.moves(connection, LIVE, day_number(0), before).day.tolist()


def test_days_that_keep_their_score_write_no_rows(store: Store) -> None:
    still = {"green": [90] * DAYS, "held": [72, *[67] * 13], "rising": [60, *[71] * 13]}
    world = Series(store, series=still)
    world.service.run(TODAY - timedelta(days=1), since=day_number(0))
    counts = dict.fromkeys(still, 0)
    names = {id: name for name, id in world.account.items()}
    for row in world.rows(score_history):
        counts[names[row.account_id]] += 1
    assert counts == {"green": 1, "held": 2, "rising": 2}
