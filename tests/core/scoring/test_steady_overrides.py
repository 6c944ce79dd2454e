"""People's overrides on top of what is held steady, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from tests.core.scoring.steady_world import (
    DAYS,
    Series,
    Several,
    day_number,
    decide,
)
from tests.core.scoring.test_service import NOW, TODAY

from accountpulse.core.people.overrides import end_override, set_override
from accountpulse.core.store.database import Store
from accountpulse.core.store.history_rows import HistoryRow
from accountpulse.core.store.scores import LIVE, RESTATED
from accountpulse.core.store.tables import score_current, score_history


def test_an_override_leaves_the_days_after_it_as_if_it_had_never_been(store: Store) -> None:
    world = Series(store, Several(usual=None, limit={"points_per_day": 3}, dwell={"dwell": 3}))
    for number in range(DAYS):
        world.live(number)
    without, trends = world.said(LIVE), {row.account_id: row.trend_28d for row in world.rows(score_current)}
    world.forget()
    for number in range(DAYS):
        if number == 2:
            world.clock.advance(datetime.combine(day_number(2), time(9), UTC) - world.clock.now())
            for name in world.series:
                decide(world, name, 55.5, until=6)
        world.live(number)
    for key, row in world.said(LIVE).items():
        usual = without[key]
        if 2 <= key[1] < 6:
            assert (row.score_centi, row.band) == (5550, 1), key
            assert row.steady_band == usual.band, key
            assert abs(row.steady_centi - usual.score_centi) < 100
        else:
            assert (row.band, row.rising_since, row.steady_band) == (usual.band, usual.rising_since, None), key
            assert abs(row.score_centi - usual.score_centi) < (
                1 if world.model_of[key[0]].steadiness.points_per_day else 100
            ), key
    for row in world.rows(score_current):
        assert row.trend_28d == pytest.approx(trends[row.account_id], abs=3), "what a person decides is no trend"


def test_an_override_is_published_and_says_who_and_why_and_what_is_without_it(store: Store) -> None:
    world = Series(
        store,
        {"points_per_day": 3},
        missing="neutral",
        series={"one": [20, 44, *[44] * 12], "silent": [None] * DAYS, "other": [50] * 14},
    )
    world.live(0)
    world.clock.advance(timedelta(days=1))
    decide(world, "one", 75, until=6)
    decide(world, "silent", 50, until=6)
    world.live(1)
    one, silent, other = (world.service.explain(world.account[name]) for name in ("one", "silent", "other"))
    assert (one.score, one.band, one.raw_score, one.raw_band) == (75, "green", 44, "yellow")
    assert (one.low, one.high) == (75, 75)
    limit, override = one.adjustments
    assert (limit.code, limit.points) == ("rate_limit", -21)
    assert limit.label == "No more than 3 points a day (44.0 without the limit)"
    assert (override.code, override.points) == ("override", 52)
    last = day_number(5).isoformat()
    assert override.label == f"Override (75.0 by Ann through {last}: exec sponsor confirmed renewal; 23.0 without it)"
    assert one.steadiness == "an override is in force"
    for score in (one, silent, other):
        total = score.reference + sum(c.delta for c in score.components) + sum(a.points for a in score.adjustments)
        assert total == pytest.approx(score.score, abs=1e-9)
        assert score.low <= score.score <= score.high
    assert (silent.band, silent.raw_band) == ("yellow", "unknown"), "a person may know what nothing has measured"
    assert [a.code for a in silent.adjustments] == ["neutral:daily", "override"], "said even where it adds nothing"
    assert other.adjustments == ()
    rows = [HistoryRow(row) for row in world.rows(score_history) if row.account_id == other.account_id]
    assert [row.steady_band for row in rows] == [None] * len(rows)


def test_an_override_that_ends_within_a_day_says_when(store: Store) -> None:
    world = Series(store)
    world.live(0)
    with world.store.write() as connection:
        until = datetime.combine(day_number(3), time(15, 30), UTC)
        now = world.clock.now()
        set_override(connection, world.account["steep"], 30, owner="Bo", reason="they leave", until=until, now=now)
    world.service.run(day_number(0))
    (override,) = world.service.explain(world.account["steep"]).adjustments
    assert override.label == f"Override (30.0 by Bo until {day_number(3)} 15:30: they leave; 80.0 without it)"


def test_an_override_ends_when_its_owner_ends_it(store: Store) -> None:
    world = Series(store)
    world.live(0)
    decide(world, "steep", 10, until=9)
    world.service.run(day_number(0))
    assert world.service.explain(world.account["steep"]).band == "red"
    with world.store.write() as connection:
        end_override(connection, world.account["steep"], by="Ann", now=world.clock.now())
    world.service.run(day_number(0))
    assert world.service.explain(world.account["steep"]).band == "green"
    assert world.service.explain(world.account["steep"]).adjustments == ()


def test_an_override_of_a_past_day_counts_if_it_was_in_force_at_its_end(store: Store) -> None:
    world = Series(store)
    world.clock.advance(datetime.combine(day_number(3), time(15), UTC) - world.clock.now())
    decide(world, "steep", 10, until=6)
    world.clock.advance(NOW - world.clock.now())
    world.service.run(TODAY - timedelta(days=1), since=day_number(0))
    rows = world.said(RESTATED)
    assert [rows["steep", number].score_centi == 1000 for number in range(2, 8)] == [False, True, True, False, False, False]
