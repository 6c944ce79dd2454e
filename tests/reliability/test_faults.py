"""What may go wrong around a sync: nothing is lost, nothing is doubled, and the state says what it is."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.core.jobs.office import PAGES, PER_PAGE
from tests.core.jobs.test_worker import office, tickets
from tests.core.sync.vendor import Bench, Row, ticket
from tests.graphql.client import Api
from tests.graphql.world import SmallHub
from tests.postgres import PostgresUnavailable, temporary_cluster
from tests.reliability.company import DESK, PRODUCT, Company
from tests.reliability.verdict import judge, judge_scores

from accountpulse.config.settings import Settings
from accountpulse.core.clock import FixedClock
from accountpulse.core.store.database import Store
from accountpulse.core.store.tables import run
from accountpulse.core.sync.headway import Limits
from accountpulse.core.sync.retry import RetryPolicy
from accountpulse.hub import Hub
from accountpulse.plugins.host import PluginHost
from accountpulse.testing.stores import fresh_store
from accountpulse.testing.vendors.control import Answer, Call
from accountpulse.testing.vendors.server import serving


@pytest.mark.slow
def test_a_database_that_crashes_and_comes_back_costs_a_worker_nothing_but_time() -> None:
    try:
        with temporary_cluster() as cluster:
            store = Store.open(cluster.url)
            with office(store, "sync") as worker:
                worker.until("page 5")
                cluster.crash()
                store.engine.dispose()
                cluster.start()
                worker.until("read ok", "linked", "scored")
                worker.end()
            assert tickets(store) == (PAGES * PER_PAGE, PAGES * PER_PAGE)
            assert "page 0" not in worker.said[worker.said.index("page 5") :]
            store.close()
    except PostgresUnavailable as unavailable:
        pytest.skip(str(unavailable))


@pytest.mark.slow
def test_while_the_database_is_away_whoever_asks_is_told_to_come_again() -> None:
    try:
        with temporary_cluster() as cluster:
            store = Store.open(cluster.url)
            api = Api(SmallHub(store))
            assert api.get("{ viewer { name } }") == {"viewer": {"name": "tests"}}
            cluster.crash()
            asked = api.ask("{ viewer { name } }")
            assert (asked.status, asked.body["errors"][0]["extensions"]["code"]) == (503, "UNAVAILABLE")
            store.engine.dispose()
            cluster.start()
            assert api.ask("{ viewer { name } }").status != 503, "the token may be lost: this cluster writes late"
            store.close()
    except PostgresUnavailable as unavailable:
        pytest.skip(str(unavailable))


def test_a_disk_that_is_full_is_named_and_costs_nothing_but_time(tmp_path: Path) -> None:
    room: list[int | None] = [None]
    with fresh_store(tmp_path) as store:

        @sa.event.listens_for(store.engine, "checkout")
        def limit(raw: sa.engine.interfaces.DBAPIConnection, *_: object) -> None:
            pages = raw.cursor().execute("PRAGMA page_count").fetchone()[0]
            raw.cursor().execute(f"PRAGMA max_page_count = {2**30 if room[0] is None else pages + room[0]}")

        bench = Bench(store)
        for n in range(3000):
            bench.vendor.tickets.put(ticket(f"t{n}", subject="word " * 40), changed_at=bench.clock.now() - timedelta(hours=1))
        bench.vendor.tickets.page_size = 500
        room[0] = 4
        result = bench.run("tickets")
        assert (result.state, bench.connection().state) == ("failed", "failed")
        assert "see that its disk has room" in str(result.message)
        room[0] = None
        assert bench.run("tickets").state == "ok"
        assert bench.equals_vendor(bench.vendor.tickets)
        assert len(bench.versions("ticket")) == 3000


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Company, Hub]]:
    """A hub that reads a desk over HTTP, without waiting between attempts, and gives a silent vendor a blink."""
    folder = tmp_path_factory.mktemp("firm")
    company = Company(400, folder, random.Random(1))
    with serving(company.desk), fresh_store(folder) as store:
        path = company.write_configuration(str(store.engine.url.database))
        host = PluginHost.load()
        settings = replace(Settings.load(path, host), limits=Limits(silence=timedelta(seconds=0.5)))
        with Hub.open(settings, host=host, retry=RetryPolicy(attempts=2, sleep=lambda _: None)) as hub:
            yield company, hub


GARBAGE: dict[str, Callable[[Answer], Answer]] = {
    "a page of HTML": lambda answer: replace(answer, body="<html>We are down for maintenance</html>"),
    "JSON that ends too soon": lambda answer: replace(answer, body='{"tickets": [{"id": 1, "sub'),
    "JSON of another shape": lambda answer: replace(answer, body=["what", {"is": "this"}]),
    "an error": lambda answer: replace(answer, status=503, body={"error": "ServiceUnavailable"}),
}


@pytest.mark.parametrize("what", GARBAGE)
def test_garbage_is_named_and_what_was_there_stays(firm: tuple[Company, Hub], what: str) -> None:
    company, hub = firm
    hub.sync()
    company.change(0.05)

    def alter(call: Call, answer: Answer) -> Answer:
        return GARBAGE[what](answer) if "tickets" in call.path else answer

    company.desk.alter = alter
    try:
        (result,) = hub.sync(DESK)
    finally:
        company.desk.alter = None
    assert result.state == "partial"
    broken = next(each for each in result.streams if each.stream == "tickets")
    assert (broken.state, bool(broken.message)) == ("failed", True)
    assert [each.state for each in hub.sync()] == ["ok", "ok"]
    _all_there(company, hub)


@pytest.mark.parametrize("step", [-timedelta(hours=3), timedelta(hours=3)])
def test_a_clock_that_steps_while_a_page_is_read_loses_and_doubles_nothing(store: Store, step: timedelta) -> None:
    """As one that is put right does: in the middle of a run, and back again before the next."""
    bench = Bench(store)
    tickets = bench.vendor.tickets
    tickets.clock = FixedClock(bench.clock.now())  # the vendor's own goes on as it should
    hour_ago = bench.clock.now() - timedelta(hours=1)
    for n in range(9):
        tickets.put(ticket(f"t{n}"), changed_at=hour_ago + timedelta(minutes=n))
    fetch = tickets.fetch

    def stepping(since: datetime | None, until: datetime, page: int) -> list[Row]:
        if page == 1:
            bench.clock.advance(step)
        return fetch(since, until, page)

    tickets.fetch = stepping  # type: ignore[method-assign]
    assert bench.run("tickets").state == "ok"
    tickets.fetch = fetch  # type: ignore[method-assign]
    bench.clock.advance(-step)
    for clock in (bench.clock, tickets.clock):
        clock.advance(timedelta(minutes=10))
    tickets.put(ticket("t3", subject="changed"), changed_at=bench.clock.now() - timedelta(minutes=5))
    assert bench.run("tickets").state == "ok"
    for clock in (bench.clock, tickets.clock):
        clock.advance(timedelta(hours=4))
    assert bench.run("tickets").state == "ok"
    assert bench.equals_vendor(tickets)
    assert len(bench.versions("ticket")) == 10


def _all_there(company: Company, hub: Hub) -> None:
    hub.score()
    verdict = judge(hub.store, company.expected())
    judge_scores(hub, company.accounts, verdict)
    assert verdict.examples == []
    with hub.store.read() as connection:
        assert "running" not in connection.execute(sa.select(run.c.state)).scalars().all()
    assert PRODUCT in hub.sources
