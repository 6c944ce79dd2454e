"""Scoring on the store: laws that hold for what is written, on both databases."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accountpulse.core.clock import FixedClock
from accountpulse.core.errors import NotFound
from accountpulse.core.identity.linker import link_accounts
from accountpulse.core.identity.profiles import refresh_profiles
from accountpulse.core.metrics.asof import AsCorrected
from accountpulse.core.metrics.declare import attribute, count, latest, metric
from accountpulse.core.metrics.population import population
from accountpulse.core.model import Account, Record, Ticket, UsageDay, schema_of
from accountpulse.core.scoring.day import Yardstick
from accountpulse.core.scoring.parse import model_of
from accountpulse.core.scoring.publication import Draft
from accountpulse.core.scoring.segments import parse_rules
from accountpulse.core.scoring.service import ScoringService
from accountpulse.core.scoring.types import ScoreChange
from accountpulse.core.scoring.weighted import WeightedScorer
from accountpulse.core.store import connections
from accountpulse.core.store.connections import ConnectionSpec
from accountpulse.core.store.database import Store
from accountpulse.core.store.outbox import Event
from accountpulse.core.store.scores import in_force
from accountpulse.core.store.tables import portfolio_daily, score_current, score_history, scored_day
from accountpulse.core.store.writes import AccountKeys, write_records
from accountpulse.core.sync.connector import usage_key
from accountpulse.core.sync.rows import to_row

TODAY = date(2026, 6, 30)
NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
ZONE = ZoneInfo("UTC")

METRICS = {
    m.name: m
    for m in (
        metric(
            "logins_30d",
            "n",
            title="Logins",
            group="usage",
            unit="count",
            better="higher",
            empty=0,
            n=count("usage_day", window=30),
        ),
        metric(
            "quiet_days",
            "x",
            title="Quiet days",
            group="usage",
            unit="days",
            better="lower",
            clock="since",
            x=latest("usage_day", "day"),
        ),
        metric(
            "open_tickets_30d",
            "n",
            title="Tickets",
            group="support",
            unit="count",
            better="lower",
            empty=0,
            n=count("ticket", window=30),
        ),
        metric(
            "tenure_days",
            "x",
            title="Tenure",
            group="relationship",
            unit="days",
            better=None,
            clock="since",
            x=attribute("customer_since"),
        ),
    )
}
MODEL = {
    "name": "small",
    "goal": "churn",
    "scorer": "weighted",
    "coverage_floor": 0.4,
    "bands": [
        {"name": "red", "from": 0, "to": 40},
        {"name": "yellow", "from": 40, "to": 70},
        {"name": "green", "from": 70, "to": 100},
    ],
    "groups": [
        {
            "name": "usage",
            "weight": 3,
            "metrics": [
                {
                    "metric": "logins_30d",
                    "weight": 1,
                    "normalise": {"percentile": "higher"},
                    "typical": 50,
                    "missing": "typical",
                },
                {
                    "metric": "quiet_days",
                    "weight": 1,
                    "normalise": {"linear": [[0, 100], [30, 0]]},
                    "typical": 50,
                    "missing": "worst",
                },
            ],
        },
        {
            "name": "support",
            "weight": 1,
            "metrics": [
                {
                    "metric": "open_tickets_30d",
                    "weight": 1,
                    "normalise": {"linear": [[0, 100], [5, 0]]},
                    "typical": 50,
                    "missing": "exclude",
                }
            ],
        },
    ],
}
RULES = [
    {"name": "new", "model": "small", "when": {"tenure_days": {"lt": 90}}},
    {"name": "rest", "model": "small", "default": True},
]


def usage(key: str, days: Iterable[int]) -> list[Record]:
    """A UsageDay for each of the given days before today."""
    made: list[Record] = []
    for back in days:
        day = TODAY - timedelta(days=back)
        made.append(
            UsageDay(source_id=usage_key(key, "u", "login", day), account=key, user="u", feature="login", day=day, count=1)
        )
    return made


def company(key: str, *, months: int = 12, owner: str = "Ann") -> Account:
    since = NOW - timedelta(days=30 * months)
    return Account(source_id=key, name=key.title(), owner=owner, created_at=since, customer_since=since)


class World:
    """A store with two connections, and a service that scores it."""

    def __init__(self, store: Store, tell: frozenset[Event] = frozenset()) -> None:
        self.store = store
        self.clock = FixedClock(NOW)
        self.changes: list[ScoreChange] = []
        specs = [
            ConnectionSpec(
                name="crm", connector="crm", priority=0, anchor=True, provides=("account",), streams={"a": ("account",)}
            ),
            ConnectionSpec(
                name="app", connector="app", priority=1, anchor=False, provides=("usage_day",), streams={"u": ("usage_day",)}
            ),
            ConnectionSpec(
                name="desk", connector="desk", priority=2, anchor=False, provides=("ticket",), streams={"t": ("ticket",)}
            ),
        ]
        model = model_of(MODEL)
        rules, problems = parse_rules(RULES)
        assert not problems
        with store.write() as connection:
            self.ids = connections.register(connection, specs, NOW)
            for name, stream in (("crm", "a"), ("app", "u"), ("desk", "t")):
                connections.update_stream(connection, self.ids[name], stream, first_loaded_at=NOW, last_success_at=NOW)
        yardstick = Yardstick(ZONE, "USD", METRICS, {"weighted": WeightedScorer}, {}, timedelta(days=3))
        self.service = ScoringService(
            store, self.clock, yardstick, Draft(tuple(rules), {"small": model}), self.changes.append, tell
        )

    def put(self, connection_name: str, *records: Record) -> None:
        with self.store.write() as connection:
            keys = AccountKeys(self.ids[connection_name])
            for kind, some in groupby(records, type):
                rows = [to_row(record) for record in some]
                write_records(connection, schema_of(kind).name, rows, keys=keys, now=self.clock.now(), assumed=True)
            link_accounts(connection, self.clock.now(), account_keys={"app": "reference", "desk": "reference"})
            everyone = population(connection, day=TODAY, zone=ZONE, mode=AsCorrected(), include_churned=True)
            refresh_profiles(connection, everyone)

    def rows(self, table: sa.Table) -> list[sa.Row[tuple[object, ...]]]:
        with self.store.read() as connection:
            return list(connection.execute(sa.select(table)))


@pytest.fixture
def world(store: Store) -> World:
    made = World(store)
    made.put("crm", company("busy"), company("fading"), company("silent"), company("fresh", months=2, owner="Bo"))
    made.put("app", *usage("busy", range(60)), *usage("fading", range(25, 60)), *usage("fresh", range(10)))
    tickets = [Ticket(source_id=str(i), account="fading", opened_at=NOW - timedelta(days=i + 1)) for i in range(4)]
    made.put("desk", *tickets)
    return made


def ids(world: World) -> dict[str, int]:
    with world.store.read() as connection:
        rows = connection.execute(sa.text("select name, account_id from account_profile"))
        return dict(rows.all())


def test_every_stored_score_adds_up(world: World) -> None:
    report = world.service.run(TODAY)
    assert report.accounts == 4
    assert report.segments == {"new": 1, "rest": 3}
    for account in ids(world).values():
        score = world.service.explain(account)
        total = score.reference + sum(c.delta for c in score.components) + sum(a.points for a in score.adjustments)
        assert total == pytest.approx(score.score, abs=1e-9)
        assert score.low <= score.score <= score.high


def test_scores_mean_something(world: World) -> None:
    world.service.run(TODAY)
    known = ids(world)
    busy, fading, silent = (world.service.explain(known[name]) for name in ("Busy", "Fading", "Silent"))
    assert busy.score > fading.score
    assert busy.band == "green"
    assert silent.band == "unknown", "an account that nothing is known of is never green"
    assert [m.segment for m in world.service.explain(known["Fresh"]).matched] == ["new", "rest"]


def test_scoring_again_writes_nothing(world: World) -> None:
    assert world.service.run(TODAY, since=TODAY - timedelta(days=40)).rows_written > 0
    assert world.service.run(TODAY, since=TODAY - timedelta(days=40)).rows_written == 0
    assert world.service.run(TODAY).rows_written == 0


def test_a_change_within_the_day_replaces_the_evaluation_of_the_day(world: World) -> None:
    world.service.run(TODAY)
    before = world.service.explain(ids(world)["Fading"]).score
    world.put("app", *usage("fading", [0]))
    assert world.service.run(TODAY).rows_written > 0
    assert world.service.explain(ids(world)["Fading"]).score > before
    days = [(r.account_id, r.day) for r in world.rows(score_history)]
    assert len(days) == len(set(days)) == 4


def test_peers_are_taken_once_a_day(world: World) -> None:
    world.service.run(TODAY)
    before = world.service.explain(ids(world)["Busy"])
    world.put("app", *usage("silent", range(30)))
    world.service.run(TODAY)
    after = world.service.explain(ids(world)["Busy"])
    assert after.reference == before.reference
    assert after.score == before.score, "what others do within the day moves nobody"


def test_a_past_day_is_answered_as_it_was_evaluated(world: World) -> None:
    day = TODAY - timedelta(days=20)
    world.service.run(TODAY - timedelta(days=1), since=TODAY - timedelta(days=40))
    with world.store.read() as connection:
        history = in_force(connection, 1, before=day + timedelta(days=1))
    for account, row in history.items():
        assert row.score_centi / 100 == pytest.approx(world.service.explain(account, day).score, abs=1.01)


@pytest.mark.slow
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(list(range(1, 9))))
def test_the_order_in_which_days_are_scored_does_not_change_what_history_says(
    tmp_path_factory: pytest.TempPathFactory, order: list[int]
) -> None:
    def said(days: list[int]) -> dict[tuple[int, int], float]:
        store = Store.open(str(tmp_path_factory.mktemp("store") / "s.db"))
        world = World(store)
        world.put("crm", company("busy"), company("fading"))
        world.put("app", *usage("busy", range(0, 40, 2)), *usage("fading", range(3, 60, 7)))
        for back in days:
            world.service.run(TODAY - timedelta(days=back))
        answers: dict[tuple[int, int], float] = {}
        with store.read() as connection:
            for back in days:
                for account, row in in_force(connection, 1, before=TODAY - timedelta(days=back - 1)).items():
                    answers[account, back] = row.score_centi / 100
        store.close()
        return answers

    forward, shuffled = said(sorted(order, reverse=True)), said(list(order))
    assert forward.keys() == shuffled.keys()
    for key, score in forward.items():
        # Each is within a point of the evaluation itself, so they are within two of each other.
        assert shuffled[key] == pytest.approx(score, abs=2.0)


def test_a_range_equals_its_days_one_by_one(world: World, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = World(Store.open(str(tmp_path_factory.mktemp("other") / "s.db")))
    other.put("crm", company("busy"), company("fading"), company("silent"), company("fresh", months=2, owner="Bo"))
    other.put("app", *usage("busy", range(60)), *usage("fading", range(25, 60)), *usage("fresh", range(10)))
    other.put("desk", *[Ticket(source_id=str(i), account="fading", opened_at=NOW - timedelta(days=i + 1)) for i in range(4)])
    world.service.run(TODAY, since=TODAY - timedelta(days=15))
    for back in range(15, -1, -1):
        other.service.run(TODAY - timedelta(days=back))
    names, others = ids(world), ids(other)
    mine = {
        (names_of(names, r.account_id), r.day, r.basis): (r.score_centi, r.band, r.packed) for r in world.rows(score_history)
    }
    theirs = {
        (names_of(others, r.account_id), r.day, r.basis): (r.score_centi, r.band, r.packed) for r in other.rows(score_history)
    }
    other.store.close()
    assert mine == theirs


def names_of(known: dict[str, int], id: int) -> str:
    return next(name for name, account in known.items() if account == id)


def test_history_only_keeps_what_moved(world: World) -> None:
    world.service.run(TODAY, since=TODAY - timedelta(days=40))
    scored = len(world.rows(scored_day)) * 3
    assert len(world.rows(score_history)) < scored / 2
    series: dict[int, list[int]] = {}
    for row in sorted(world.rows(score_history), key=lambda r: r.day):
        series.setdefault(row.account_id, []).append(row.score_centi)
    silent = ids(world)["Silent"]
    assert len(series[silent]) <= 2, "a silent account's score stands still"


def test_band_since_and_trend_come_from_history(world: World) -> None:
    world.service.run(TODAY, since=TODAY - timedelta(days=60))
    current = {row.account_id: row for row in world.rows(score_current)}
    known = ids(world)
    assert current[known["Fading"]].trend_28d < 0
    assert current[known["Silent"]].band_since == TODAY - timedelta(days=60)


def test_a_band_is_dated_from_its_first_day_however_long_ago_that_was(world: World) -> None:
    """The months that trends look at hold only the end of a long run; and what was restated since is no part of it."""
    world.service.run(TODAY)
    row = next(row for row in world.rows(score_history) if row.account_id == ids(world)["Silent"])
    said = {**row._mapping, "basis": 0}
    with world.store.write() as connection:
        others = ((200, 0, row.band + 1), (150, 0, row.band), (100, 0, row.band), (50, 0, row.band), (250, 1, row.band))
        days = [{**said, "day": TODAY - timedelta(days=n), "basis": basis, "band": band} for n, basis, band in others]
        connection.execute(sa.insert(score_history), days)
        scored = [{"day": d["day"], "basis": d["basis"], "scored_at": NOW, "accounts": 4} for d in days]
        connection.execute(sa.insert(scored_day), scored)

    def since() -> date:
        world.service.run(TODAY, full=True)  # nobody told that these rows were written
        return next(row.band_since for row in world.rows(score_current) if row.account_id == row_id)

    row_id = row.account_id
    assert since() == TODAY - timedelta(days=150)
    assert since() == TODAY - timedelta(days=150), "what was said last is carried on"


def test_the_portfolio_adds_up(world: World) -> None:
    report = world.service.run(TODAY)
    rows = world.rows(portfolio_daily)
    assert sum(row.accounts for row in rows) == report.accounts
    assert {row.owner for row in rows} == {"Ann", "Bo"}


def test_observers_hear_of_changes_after_they_are_stored(world: World) -> None:
    world.service.run(TODAY)
    assert {c.account_id for c in world.changes} == set(ids(world).values())
    assert all(c.score_before is None for c in world.changes)
    world.changes.clear()
    world.service.run(TODAY)
    assert world.changes == []
    world.put("app", *usage("fading", [0]))
    world.service.run(TODAY)
    assert [c.account_id for c in world.changes] == [ids(world)["Fading"]]


def test_the_future_and_strangers_are_refused_with_a_sentence(world: World) -> None:
    with pytest.raises(NotFound, match="has not come yet"):
        world.service.run(TODAY + timedelta(days=1))
    with pytest.raises(NotFound, match="give the earlier day first"):
        world.service.run(TODAY - timedelta(days=2), since=TODAY - timedelta(days=1))
    with pytest.raises(NotFound, match="there is no account 10000"):
        world.service.explain(10_000)
    fading = ids(world)["Fading"]
    with pytest.raises(NotFound, match="Fading has no score yet: run"):
        world.service.explain(fading)
    world.service.run(TODAY)
    with pytest.raises(NotFound, match="was not a customer"):
        world.service.explain(ids(world)["Fresh"], TODAY - timedelta(days=200))


def test_a_store_without_accounts_is_scored_too(store: Store) -> None:
    report = World(store).service.run(TODAY)
    assert (report.accounts, report.rows_written) == (0, 0)
