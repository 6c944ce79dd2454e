"""Steadiness on the store: what is published from day to day, on both databases, and people's overrides on top."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from tests.core.scoring.test_service import METRICS, NOW, TODAY, ZONE, World, company, ids
from tests.core.scoring.test_steadiness import course

from accountpulse.core.metrics.declare import metric, total
from accountpulse.core.model import UsageDay
from accountpulse.core.people.overrides import end_override, set_override
from accountpulse.core.scoring.bands import UNKNOWN, band_name
from accountpulse.core.scoring.day import Yardstick, score_day
from accountpulse.core.scoring.model import ScoringModel
from accountpulse.core.scoring.parse import model_of
from accountpulse.core.scoring.publication import Draft, cards_in_force, put_in_force
from accountpulse.core.scoring.segments import parse_rules
from accountpulse.core.scoring.service import ScoringService
from accountpulse.core.scoring.steady import steadied
from accountpulse.core.scoring.types import Score
from accountpulse.core.scoring.weighted import WeightedScorer
from accountpulse.core.store import connections, steadiness
from accountpulse.core.store import scores as store_scores
from accountpulse.core.store.database import Store
from accountpulse.core.store.history_rows import HistoryRow
from accountpulse.core.store.scores import LIVE, RESTATED
from accountpulse.core.store.tables import portfolio_daily, score_current, score_detail, score_history, scored_day
from accountpulse.core.sync.connector import usage_key

# What was counted on a day is the score of that day.
DAILY = metric(
    "daily", "n", title="Daily", group="usage", unit="count", better="higher", n=total("usage_day", "count", window=1)
)
YARDSTICK = Yardstick(ZONE, "USD", {**METRICS, "daily": DAILY}, {"weighted": WeightedScorer}, {}, timedelta(days=9999))
MODEL = {
    "name": "daily",
    "goal": "churn",
    "groups": [
        {"name": "all", "weight": 1, "metrics": [{"metric": "daily", "normalise": {"linear": [[0, 0], [100, 100]]}}]},
    ],
}
RULES = [{"name": "all", "model": "daily", "default": True}]
Row = sa.Row[Any]

SERIES: dict[str, list[int | None]] = {
    "steep": [80, 20, 80, 80, 80, 80, 30, 60, 60, 90, 90, 90, 90, 90],
    "flapping": [72, 68, 71, 69, 72, 66, 74, 69, 71, 65, 75, 64, 76, 71],
    "rising": [10, 44, 46, 47, 48, 60, 74, 75, 76, 77, 78, 79, 80, 81],
    "gaps": [80, None, 75, 75, None, None, 20, 90, None, 90, 90, 90, 90, 90],
    "silent": [None] * 14,
    "broken": [50, 76, 77, 60, 76, 77, 60, 76, 77, 78, 66, 65, 64, 90],
}
DAYS = 14
RULES_OF_STEADINESS: dict[str, object] = {
    "usual": {"rise_after": 3},
    "none": "none",
    "dwell": {"dwell": 3, "rise_after": 2},
    "limit": {"points_per_day": 0.4},  # less than what a row of the history is written for otherwise
    "all": {"dead_band": 2, "rise_after": 2, "dwell": 2, "points_per_day": 12},
}


class Series(World):
    """Accounts whose raw score is given day by day; the last of the days is today."""

    def __init__(self, store: Store, said: object = None, *, missing: str = "typical", series: Any = SERIES) -> None:
        super().__init__(store)
        early = NOW - timedelta(days=400)
        with store.write() as connection:
            for name, stream in (("crm", "a"), ("app", "u"), ("desk", "t")):
                connections.update_stream(connection, self.ids[name], stream, first_loaded_at=early, last_success_at=early)
        content = {**MODEL, "missing": missing} | ({} if said is None else {"steadiness": said})
        self.model = model_of(content)
        self.service = ScoringService(store, self.clock, YARDSTICK, self.draft(self.model), self.changes.append)
        self.put("crm", *(company(name) for name in series))
        self.series = series
        counts = [(name, number, score) for name, scores in series.items() for number, score in enumerate(scores)]
        self.put("app", *(counted(name, day_number(number), score) for name, number, score in counts if score is not None))
        self.account = {name.lower(): id for name, id in ids(self).items()}

    @staticmethod
    def draft(model: ScoringModel) -> Draft:
        return Draft(tuple(parse_rules(RULES)[0]), {"daily": model})

    def count(self, name: str, day: date, score: int) -> None:
        self.put("app", counted(name, day, score))

    def forget(self) -> None:
        """As if nothing had ever been scored."""
        with self.store.write() as connection:
            for table in (score_history, scored_day, score_detail, score_current, portfolio_daily):
                connection.execute(sa.delete(table))

    def live(self, number: int) -> None:
        """Score a day on the day itself."""
        at = datetime.combine(day_number(number), time(12), UTC)
        self.clock.advance(at - self.clock.now())
        self.service.run(day_number(number))

    def said(self, basis: int) -> dict[tuple[str, int], HistoryRow]:
        """The row of the history in force on each day."""
        names = {id: name for name, id in self.account.items()}
        found = {}
        with self.store.read() as connection:
            for number in range(DAYS):
                rows = store_scores.in_force(connection, basis, before=day_number(number + 1))  # type: ignore[arg-type]
                found |= {(names[id], number): row for id, row in rows.items()}
        return found

    def told(self, name: str, number: int) -> Score:
        return self.service.explain(self.account[name], day_number(number))


def counted(name: str, day: date, score: int) -> UsageDay:
    key = usage_key(name, "u", "login", day)
    return UsageDay(source_id=key, account=name, user="u", feature="login", day=day, count=score)


def day_number(number: int) -> date:
    return TODAY - timedelta(days=DAYS - 1 - number)


def meaning(rows: dict[tuple[str, int], HistoryRow]) -> dict[tuple[str, int], tuple[object, ...]]:
    columns = ("day", "score_centi", "band", "raw_centi", "raw_band", "steady_centi", "steady_band", "rising_since")
    return {key: tuple(getattr(row, column) for column in columns) for key, row in rows.items()}


@pytest.fixture(params=RULES_OF_STEADINESS.values(), ids=RULES_OF_STEADINESS)
def steady_world(store: Store, request: pytest.FixtureRequest) -> Series:
    # What is unknown counts as 50, whatever others have, so that the pure function can be asked for the same.
    return Series(store, request.param, missing="neutral")


def test_every_way_to_score_the_days_says_the_same_and_what_the_pure_function_says(steady_world: Series) -> None:
    world = steady_world
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

    raw = np.array([[50.0 if score is None else score for score in scores] for scores in world.series.values()]).T
    known = np.array([[score is not None for score in scores] for scores in world.series.values()]).T
    pure = list(course(world.model.steadiness, world.model.bands, raw, known))
    for i, name in enumerate(world.series):
        for number, (_, found) in enumerate(pure):
            _, centi, band, *_ = live[name, number]
            assert band == found.band[i], (name, number)
            if known[number, i]:
                assert centi == pytest.approx(found.score[i] * 100, abs=1e-6 if world.model.steadiness.points_per_day else 100)


def test_a_past_day_that_is_looked_at_is_held_steady_too(store: Store) -> None:
    world = Series(store)
    world.service.run(TODAY - timedelta(days=1), since=day_number(0))
    for number in range(1, DAYS - 1):
        looked_at = {score.account_id: score for score in world.service.scores(day_number(number))}
        for (name, on), row in world.said(RESTATED).items():
            if on == number:
                told = looked_at[world.account[name]]
                assert told.band == band_name(world.model.bands, row.band), (name, number)
                assert world.told(name, number) == replace(told, band_since=world.told(name, number).band_since)
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


# --- overrides ----------------------------------------------------------------------------------------------------------


def decide(world: Series, name: str, score: float, *, until: int) -> None:
    with world.store.write() as connection:
        expires = datetime.combine(day_number(until), time(0), UTC)
        set_override(
            connection,
            world.account[name],
            score,
            owner="Ann",
            reason="exec sponsor confirmed renewal",
            until=expires,
            now=world.clock.now(),
        )


@pytest.mark.parametrize("said", [None, {"points_per_day": 3}, {"dwell": 3}], ids=["usual", "limit", "dwell"])
def test_an_override_leaves_the_days_after_it_as_if_it_had_never_been(store: Store, said: object) -> None:
    world = Series(store, said)
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
            assert abs(row.score_centi - usual.score_centi) < (1 if said == {"points_per_day": 3} else 100), key
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


# --- reading ------------------------------------------------------------------------------------------------------------


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
