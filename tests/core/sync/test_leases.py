"""One runner a stream: another one waits for it, and one that was replaced writes nothing more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.core.sync.vendor import Bench, ticket

from accountpulse.core.errors import Busy
from accountpulse.core.store import connections as store_connections
from accountpulse.core.store import leases
from accountpulse.core.store.database import Store
from accountpulse.core.store.facts import FACTS
from accountpulse.core.store.leases import DEAD_AFTER, Lease, Process
from accountpulse.core.store.tables import run
from accountpulse.core.sync.connector import Checkpoint, Item, Window
from accountpulse.core.sync.holding import this_process
from accountpulse.core.sync.resync import forget

OTHER = Process("elsewhere:7:abc", "elsewhere", 7)
STREAM = "tickets"


@pytest.fixture
def bench(store: Store) -> Bench:
    return Bench(store)


def taken_by(process: Process, bench: Bench, after: timedelta = timedelta(0)) -> Lease:
    """Take the stream's lease for another process, which sees the clock that much later."""
    with bench.store.write() as connection:
        store_connections.lock(connection, bench.source.id)
        now = bench.clock.now() + after
        return leases.take(connection, process, bench.source.id, [STREAM], 1_000_000, now, going=())[STREAM]


def stored(bench: Bench) -> tuple[list[str], object, str]:
    """What a runner may change: the tickets, the stream's cursor, and how the connection stands."""
    fact = FACTS["ticket"]
    with bench.store.read() as connection:
        ids = connection.execute(sa.select(fact.c.source_id).order_by(fact.c.source_id)).scalars().all()
        state = store_connections.stream(connection, bench.source.id, STREAM)
        return list(ids), state.cursor or state.position, store_connections.by_name(connection, bench.name).state


@pytest.mark.parametrize("page", [0, 1, 2, 3])
def test_a_runner_that_was_replaced_writes_nothing_more(bench: Bench, page: int) -> None:
    """As one that was only stopped for a while: at its first page, between two, and when all has been read."""
    before: list[object] = []

    def script(window: Window) -> Iterator[Item]:
        for n in range(3):
            if n == page:
                taken_by(OTHER, bench, after=DEAD_AFTER * 2)
                before.append(stored(bench))
            yield ticket(f"t{n}")
            yield Checkpoint(bench.clock.now() - timedelta(minutes=10 - n))
        if page == 3:
            taken_by(OTHER, bench, after=DEAD_AFTER * 2)
            before.append(stored(bench))

    bench.vendor.scripts[STREAM] = script
    result = bench.run(STREAM)
    assert result.state == "replaced"
    assert "taken over" in str(result.message)
    assert [stored(bench)] == before
    assert stored(bench)[0] == [f"t{n}" for n in range(page)]
    with bench.store.read() as connection:
        assert connection.execute(sa.select(leases.lease_table.c.worker_id)).scalar() == OTHER.id


def test_r5_what_a_living_runner_reads_is_left_to_it(bench: Bench) -> None:
    lease = taken_by(OTHER, bench)
    result = bench.run(STREAM)
    assert (result.state, result.streams) == ("busy", [])
    assert "tickets is being read by the process elsewhere:7" in str(result.message)
    with bench.store.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(run)).scalar() == 0
    with bench.store.write() as connection:
        leases.release(connection, [lease])
    assert bench.run(STREAM).state == "ok"


@pytest.mark.parametrize("step", [DEAD_AFTER + timedelta(seconds=1), -DEAD_AFTER - timedelta(seconds=1)])
def test_r5_what_a_dead_runner_left_is_taken_up(bench: Bench, step: timedelta) -> None:
    """A clock that was put back does not keep the dead alive."""
    taken_by(OTHER, bench)
    bench.clock.advance(step)
    assert bench.run(STREAM).state == "ok"


def test_a_process_of_this_host_that_is_gone_holds_nothing(bench: Bench) -> None:
    here = this_process()
    taken_by(Process("gone", here.host, 2**22 + 1), bench)  # above what Linux numbers processes by
    assert bench.run(STREAM).state == "ok"


def test_r5_two_runs_of_one_process_do_not_read_the_same_at_once(bench: Bench) -> None:
    within: list[str] = []

    def script(window: Window) -> Iterator[Item]:
        bench.vendor.scripts.pop(STREAM)
        within.append(bench.run(STREAM).state)
        yield ticket("t0")

    bench.vendor.scripts[STREAM] = script
    assert bench.run(STREAM).state == "ok"
    assert within == ["busy"]
    assert bench.run(STREAM).state == "ok"


def test_leases_of_several_streams_are_taken_together_or_not_at_all(bench: Bench) -> None:
    taken_by(OTHER, bench)
    with pytest.raises(Busy), bench.store.write() as connection:
        leases.take(connection, this_process(), bench.source.id, ["contacts", STREAM], 1, bench.clock.now(), going=())
    assert bench.run("contacts").state == "ok"


def test_who_reads_what_is_purged_meanwhile_writes_nothing_more(bench: Bench) -> None:
    def script(window: Window) -> Iterator[Item]:
        yield ticket("t0")
        yield Checkpoint(bench.clock.now() - timedelta(minutes=10))
        forget(bench.store, bench.clock, bench.source)
        yield ticket("t1")

    bench.vendor.scripts[STREAM] = script
    assert bench.run(STREAM).state == "replaced"
    assert stored(bench)[:2] == ([], None)
    bench.vendor.scripts.pop(STREAM)
    assert bench.run(STREAM).state == "ok"
