"""Steadiness on the store: what is published from day to day, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from tests.core.scoring.steady_world import (
    DAYS,
    RULES_OF_STEADINESS,
    Series,
    day_number,
    meaning,
)
from tests.core.scoring.test_service import TODAY
from tests.core.scoring.test_steadiness import course

from accountpulse.core.scoring.bands import UNKNOWN, band_name
from accountpulse.core.scoring.parse import model_of
from accountpulse.core.scoring.publication import put_in_force
from accountpulse.core.store.database import Store
from accountpulse.core.store.scores import LIVE, RESTATED


@pytest.mark.slow
def test_every_way_to_score_the_days_says_the_same_and_what_the_pure_function_says(store: Store) -> None:
    # What is unknown counts as 50, whatever others have, so that the pure function can be asked for the same.
    world = Series(store, RULES_OF_STEADINESS, missing="neutral")
    world.service.run(day_number(DAYS - 2), since=day_number(0))
    backfilled = meaning(world.said(RESTATED))

    world.forget()
    for number in range(DAYS - 1):
        world.service.run(day_number(number))
    assert meaning(world.said(RESTATED)) == backfilled, "replayed day by day"

    world.forget()
    for number in range(DAYS):
        world.live(number)
    live = meaning(world.said(LIVE))
    assert {key: row for key, row in live.items() if key[1] < DAYS - 1} == {
        key: row for key, row in backfilled.items() if key[1] < DAYS - 1
    }, "scored on the days themselves"

    world.forget()
    world.service.run(day_number(4), since=day_number(0))
    for number in range(5, DAYS):
        world.live(number)
    goes_on = meaning(world.said(LIVE))
    for key, (_, *row) in goes_on.items():
        assert row == list(live[key][1:]), f"live after restated: {key}"

    for model in world.models.values():
        series = {name: scores for name, scores in world.series.items() if world.model_of[name] is model}
        raw = np.array([[50.0 if score is None else score for score in scores] for scores in series.values()]).T
        known = np.array([[score is not None for score in scores] for scores in series.values()]).T
        limited = model.steadiness.points_per_day
        for number, (_, found) in enumerate(course(model.steadiness, model.bands, raw, known)):
            for i, name in enumerate(series):
                _, centi, band, *_ = live[name, number]
                assert band == found.band[i], (name, number)
                if known[number, i]:
                    assert centi == pytest.approx(found.score[i] * 100, abs=1e-6 if limited else 100), (name, number)


def test_a_past_day_that_is_looked_at_is_held_steady_too(store: Store) -> None:
    world = Series(store)
    world.service.run(TODAY - timedelta(days=1), since=day_number(0))
    said = world.said(RESTATED)
    for number in range(1, DAYS - 1):
        looked_at = {score.account_id: score for score in world.service.scores(day_number(number))}
        for name in world.series:
            score = looked_at[world.account[name]]
            assert score.band == band_name(world.model.bands, said[name, number].band), (name, number)
            if name in ("flapping", "gaps"):
                told = world.told(name, number)
                assert told == replace(score, band_since=told.band_since)
    falling = world.told("flapping", 1)
    assert (falling.raw_score, falling.raw_band, falling.band) == (68, "yellow", "green")
    assert (falling.steadiness, falling.band_since) == ("a fall counts below 65", day_number(0))
    assert world.told("steep", 3).steadiness == "a rise counts after 3 evaluations in a row at 45 or above, this is the 2nd"
    assert world.told("steep", 4).steadiness is None
    assert world.told("steep", 3).band_since == day_number(1)
    assert world.told("steep", 4).band_since == day_number(4)


def test_a_run_within_the_day_is_the_same_evaluation(store: Store) -> None:
    world = Series(store)
    for number in range(2, 4):
        world.live(number)
        for _ in range(3):
            assert world.service.run(day_number(number)).rows_written == 0
    steep = world.account["steep"]
    assert world.service.explain(steep).band == "green", "a first evaluation, the raw band"
    world.live(6)
    assert world.service.explain(steep).band == "red"
    world.live(9)
    for _ in range(4):
        world.count("steep", day_number(9), 91)
        world.service.run(day_number(9))
        assert world.service.explain(steep).band == "red", "a burst of evaluations within a day is one"
        world.count("steep", day_number(9), 90)
        world.service.run(day_number(9))
    world.count("steep", day_number(9), 44)
    world.service.run(day_number(9))
    for number in range(10, 13):
        world.live(number)
    rows = world.said(LIVE)
    assert [rows["steep", number].band for number in range(9, 13)] == [0, 0, 0, 2], "counted from day 10 on"


@pytest.mark.parametrize("said", [None, {"points_per_day": 3}], ids=["usual", "limit"])
def test_a_fall_that_is_corrected_within_the_day_has_never_been(store: Store, said: object) -> None:
    world = Series(store, said, series={"one": [90] * DAYS})
    world.live(0)
    world.live(1)
    before = world.service.explain(world.account["one"])
    world.count("one", day_number(1), 10)
    world.service.run(day_number(1))
    assert world.service.explain(world.account["one"]).score < before.score
    world.count("one", day_number(1), 90)
    world.service.run(day_number(1))
    assert world.service.explain(world.account["one"]) == before


def test_days_restated_beside_a_live_series_are_no_evaluations_of_it(store: Store) -> None:
    world = Series(store, series={"one": [20, *[80] * 13]})
    world.live(0)
    world.live(1)
    world.live(2)
    world.clock.advance(timedelta(days=1))
    world.service.run(day_number(2), since=day_number(0))
    world.service.run(day_number(3))
    assert world.service.explain(world.account["one"]).band == "green", "the third"
    world.forget()
    world.live(0)
    world.live(1)
    world.clock.advance(timedelta(days=1))
    world.service.run(day_number(1), since=day_number(0))
    world.service.run(day_number(2))
    one = world.service.explain(world.account["one"])
    assert (one.band, one.steadiness) == ("red", "a rise counts after 3 evaluations in a row at 45 or above, this is the 2nd")


def test_observers_hear_of_what_is_published(store: Store) -> None:
    world = Series(store)
    for number in range(5):
        world.live(number)
    bands = [(change.band_before, change.band) for change in world.changes if change.account_id == world.account["steep"]]
    assert [pair for pair in bands if pair[0] != pair[1]] == [(None, "green"), ("green", "red"), ("red", "green")]


@pytest.mark.parametrize("missing", ["typical", "exclude", "neutral", "worst"])
def test_a_silent_account_is_never_green_through_steadiness(store: Store, missing: str) -> None:
    falls_silent: list[int | None] = [90, 90, 90, 90, None, None, None, None, None, None, 90, None, 90, None]
    world = Series(store, missing=missing, series={"silent": [None] * DAYS, "gone": falls_silent})
    world.service.run(TODAY - timedelta(days=1), since=day_number(0))
    for (name, number), row in world.said(RESTATED).items():
        if number < DAYS - 1:
            known = world.series[name][number] is not None
            assert (row.band != UNKNOWN) == known, (name, number)


# --- what goes on, and what begins anew ---------------------------------------------------------------------------------


def publish(world: Series, **other: object) -> None:
    model = model_of({**world.model.content(), **other})
    with world.store.write() as connection:
        put_in_force(connection, world.draft(model), "published", author="Ann", now=world.clock.now())


def test_another_model_with_the_same_bands_goes_on_from_where_accounts_stood(store: Store) -> None:
    world = Series(store, series={"one": [20, 80, 80, 80, 80, *[80] * 9]})
    for number in range(3):
        world.live(number)
    publish(world, goal="growth")
    world.live(3)
    one = world.service.explain(world.account["one"])
    assert (one.band, one.steadiness) == ("green", None), "two evaluations under the old model and one under the new"
    assert one.band_since == day_number(3)


@pytest.mark.parametrize(
    ("bands", "band"),
    [
        ([("red", 0, 41), ("yellow", 41, 70), ("green", 70, 100)], "green"),
        ([("low", 0, 40), ("middle", 40, 70), ("high", 70, 100)], "high"),
    ],
    ids=["other edges", "other names"],
)
def test_bands_of_other_names_or_edges_begin_anew(store: Store, bands: list[Any], band: str) -> None:
    world = Series(store, series={"one": [20, 80, 80, 80, *[80] * 10]})
    for number in range(2):
        world.live(number)
    publish(world, bands=[{"name": name, "from": start, "to": end} for name, start, end in bands])
    world.live(2)
    one = world.service.explain(world.account["one"])
    assert (one.band, one.steadiness) == (band, None)


def test_a_band_is_dated_by_its_name_across_models(store: Store) -> None:
    world = Series(store, series={"one": [90] * DAYS})
    for number in range(3):
        world.live(number)
    publish(world, bands=[{"name": "poor", "from": 0, "to": 60}, {"name": "green", "from": 60, "to": 100}])
    world.live(3)
    one = world.service.explain(world.account["one"])
    assert (one.band, one.band_since) == ("green", day_number(0))
