"""R32: a run that gets nowhere ends as `stalled`, and one that is told to stop stops; both keep what they have."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from tests.core.sync.vendor import NOON, Bench, ticket

from accountpulse.core.model import UsageDay
from accountpulse.core.store import connections as store_connections
from accountpulse.core.store import leases
from accountpulse.core.store.database import Store
from accountpulse.core.store.tables import run
from accountpulse.core.sync import headway, holding, watching
from accountpulse.core.sync.connector import Checkpoint, Item, Window
from accountpulse.core.sync.engine import SyncEngine
from accountpulse.core.sync.headway import Limits
from accountpulse.core.sync.results import RunResult

MOST_REPEATS = 3


def use(id: str) -> UsageDay:
    return UsageDay(source_id=id, account="acme", user=id, feature="export", day=NOON.date(), count=1)


@pytest.fixture
def bench(store: Store, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(holding, "LISTEN", 0.02)
    monkeypatch.setattr(watching, "LOOK", 0.02)
    monkeypatch.setattr(headway, "MOST_REPEATS", MOST_REPEATS)
    return Bench(store)


def limited(bench: Bench, *streams: str, budget: float = 24, silence: float = 30, **options: Any) -> RunResult:
    """A run with a budget in hours, and a silence in minutes."""
    limits = Limits(budget=timedelta(hours=budget), silence=timedelta(minutes=silence))
    engine = SyncEngine(bench.store, bench.clock, retry=bench.policy, limits=limits, enough=bench.enough)
    return engine.sync(bench.source, streams, **options)


def last_run(bench: Bench) -> str:
    with bench.store.read() as connection:
        return str(connection.execute(sa.select(run.c.state).order_by(run.c.id.desc()).limit(1)).scalar())


def test_r32_a_repeated_page_token_ends_the_stream_and_no_other(bench: Bench) -> None:
    pages = iter(range(10 * MOST_REPEATS))

    def round_and_round(window: Window) -> Iterator[Item]:
        for n in pages:
            yield use(f"s{n % 2}")
            yield Checkpoint({"page": n % 2})

    bench.vendor.scripts["usage"] = round_and_round
    bench.vendor.tickets.put(ticket("t1"), changed_at=bench.clock.now() - timedelta(hours=1))
    result = bench.run("usage", "tickets")
    assert {each.stream: each.state for each in result.streams} == {"usage": "stalled", "tickets": "ok"}
    assert (result.state, last_run(bench)) == ("stalled", "stalled")
    assert "the same page" in str(result.message)
    assert len(bench.current("ticket")) == 1
    assert next(pages) < 3 * MOST_REPEATS


def test_a_token_that_comes_again_with_something_new_is_no_circle(bench: Bench) -> None:
    def still(window: Window) -> Iterator[Item]:
        for n in range(2 * MOST_REPEATS):
            yield use(f"s{n}")
            yield Checkpoint("last")

    bench.vendor.scripts["usage"] = still
    assert bench.run("usage").state == "ok"


def test_r32_a_run_over_its_budget_ends_and_the_next_goes_on_from_there(bench: Bench) -> None:
    def slow(window: Window) -> Iterator[Item]:
        for n in range(int(str(window.cursor or 0)), 5):
            yield use(f"s{n}")
            bench.clock.advance(timedelta(hours=1))
            yield Checkpoint(n + 1)

    bench.vendor.scripts["usage"] = slow
    assert limited(bench, "usage", budget=2).state == "stalled"
    assert "sync.run_hours" in str(limited(bench, "usage", budget=2).message)
    assert limited(bench, "usage", budget=2).state == "ok"
    assert len(bench.versions("usage_day")) == 5


def test_a_vendor_that_hangs_is_left_alone_and_its_late_answer_is_not_written(bench: Bench) -> None:
    back, written = threading.Event(), threading.Event()

    def hanging(window: Window) -> Iterator[Item]:
        try:
            yield use("s1")
            yield Checkpoint(1)
            back.wait(60)
            yield use("late")
            yield Checkpoint(2)
        finally:
            written.set()

    bench.vendor.scripts["usage"] = hanging
    result = limited(bench, "usage", silence=0.005, watched=True)
    assert (result.state, last_run(bench)) == ("stalled", "stalled")
    assert "sync.silent_minutes" in str(result.message)
    bench.vendor.scripts["usage"] = lambda window: iter([use("s2"), Checkpoint(2)])
    assert bench.run("usage").state == "ok"
    back.set()
    assert written.wait(60)
    assert {row.source_id for row in bench.current("usage_day").values()} == {"s1", "s2"}
    assert last_run(bench) == "ok"


def test_what_is_cancelled_stops_and_keeps_what_it_has(bench: Bench) -> None:
    def asked(window: Window) -> Iterator[Item]:
        yield use("s1")
        yield Checkpoint(1)
        with bench.store.write() as connection:
            assert store_connections.ask_to_end(connection, bench.source.id, bench.clock.now())
        assert bench.source.cancel.wait(60)
        yield use("s2")

    bench.vendor.scripts["usage"] = asked
    assert bench.run("usage").state == "cancelled"
    assert last_run(bench) == "cancelled"
    assert len(bench.current("usage_day")) == 1
    bench.vendor.scripts["usage"] = lambda window: iter([use("s2")])
    assert bench.run("usage").state == "ok"
    with bench.store.read() as connection:
        assert set(connection.execute(sa.select(leases.lease_table.c.worker_id)).scalars()) == {None}
