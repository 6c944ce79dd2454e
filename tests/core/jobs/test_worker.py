"""Workers as processes: killed, stopped in order, and started twice by mistake."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
import sqlalchemy as sa
from tests.core.jobs.office import PAGES, PER_PAGE

from accountpulse.core.clock import SystemClock
from accountpulse.core.jobs.queue import JobQueue
from accountpulse.core.jobs.requests import SyncRequest
from accountpulse.core.jobs.system import system_url
from accountpulse.core.store import connections as store_connections
from accountpulse.core.store.database import Store
from accountpulse.core.store.facts import FACTS
from accountpulse.core.store.tables import connection as connection_table
from accountpulse.core.store.tables import run

REPOSITORY = Path(__file__).parents[3]
PATIENCE = 120.0


class Office:
    """A worker in a process of its own, and what it said."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said: list[str] = []
        self._lines: Queue[str] = Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        with suppress(ValueError):  # closed meanwhile: nobody listens any more
            for line in self.process.stdout:
                self._lines.put(line.strip())
        self._lines.put("")

    def until(self, *wanted: str) -> None:
        """Wait until it said each of these."""
        while not set(wanted) <= set(self.said):
            line = self._lines.get(timeout=PATIENCE)
            assert line, f"it ended, having said {self.said}; {self.process.stderr and self.process.stderr.read()}"
            self.said.append(line)

    def kill(self) -> None:
        """As a crash does."""
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        """In order."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.until("ended")
        assert self.process.wait(PATIENCE) == 0


@contextmanager
def office(store: Store, kind: str) -> Iterator[Office]:
    url = store.engine.url.render_as_string(hide_password=False)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.core.jobs.office", url, kind],
        cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield Office(process)
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            assert pipe is not None
            pipe.close()


def tickets(store: Store) -> tuple[int, int]:
    """How many there are, and how many versions of them."""
    fact = FACTS["ticket"]
    with store.read() as connection:
        query = sa.select(sa.func.count(sa.distinct(fact.c.source_id)), sa.func.count())
        there, versions = connection.execute(query).one()
    return there, versions


def ask_engine(store: Store, query: str) -> Sequence[sa.Row[Any]]:
    """What a query over the engine's own tables gives."""
    engine = sa.create_engine(system_url(store).replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        if not store.is_sqlite:
            connection.exec_driver_sql("set search_path to dbos")
        rows = connection.exec_driver_sql(query).all()
    engine.dispose()
    return rows


def until_nothing_is_kept(store: Store) -> None:
    """Wait until the jobs that are done are cleared away."""
    for _ in range(int(PATIENCE / 0.2)):
        ((done,),) = ask_engine(store, "select count(*) from workflow_status where status = 'SUCCESS'")
        if not done:
            return
        time.sleep(0.2)
    raise AssertionError("what is done is kept")


@pytest.fixture
def jobs_store(store: Store) -> Iterator[Store]:
    """A store without jobs of an earlier test."""
    yield store
    if not store.is_sqlite:
        with store.engine.begin() as connection:
            connection.exec_driver_sql("drop schema if exists dbos cascade")


# Each takes several starts of a process; on the other store `tests/reliability/test_chaos.py` kills.
@pytest.mark.slow
@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_sync_whose_worker_is_killed_goes_on_at_the_next_start(jobs_store: Store) -> None:
    with office(jobs_store, "sync") as first:
        first.until("page 5")
        first.kill()
    with office(jobs_store, "idle") as second:
        second.until("page 12")
        second.kill()
    with office(jobs_store, "tidy") as third:
        third.until("read paused", "read ok", "linked", "scored")
        until_nothing_is_kept(jobs_store)
        assert "page 0" not in second.said + third.said
        third.end()
    assert tickets(jobs_store) == (PAGES * PER_PAGE, PAGES * PER_PAGE)
    with jobs_store.read() as connection:
        states = connection.execute(sa.select(run.c.state).order_by(run.c.id)).scalars().all()
    assert states == ["failed", "failed", "paused", "ok"]


@pytest.mark.slow
@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_a_worker_that_ends_in_order_or_is_told_to_cancel_keeps_what_it_read_and_the_next_goes_on(jobs_store: Store) -> None:
    with office(jobs_store, "sync") as first:
        first.until("page 5")
        first.end()
    assert "read cancelled" in first.said
    kept, _ = tickets(jobs_store)
    assert 5 * PER_PAGE <= kept < PAGES * PER_PAGE
    with office(jobs_store, "idle") as second, JobQueue(jobs_store) as queue:
        second.until("page 10")
        with jobs_store.write() as connection:
            desk = store_connections.by_name(connection, "desk").id
            assert store_connections.ask_to_end(connection, desk, SystemClock().now())
        second.until("read cancelled", "linked", "scored", "notified")
        assert queue.start(SyncRequest("desk"))
        second.until("read ok")
        second.end()
    assert not {f"page {n}" for n in range(5)} & set(second.said)
    assert len([line for line in second.said if line == "page 12"]) == 1
    assert tickets(jobs_store) == (PAGES * PER_PAGE, PAGES * PER_PAGE)


@pytest.mark.slow
@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_vendor_that_hangs_is_named_and_holds_up_nobody(jobs_store: Store) -> None:
    with office(jobs_store, "mute") as worker:
        worker.until("it hangs", "mute stalled", "read ok", "scored")
        worker.end()
    with jobs_store.read() as connection:
        rows = connection.execute(sa.select(connection_table.c.name, run.c.state, run.c.message).join(connection_table)).all()
    states = {row.name: row.state for row in rows}
    assert states == {"mute": "stalled", "desk": "ok"}
    assert any("the vendor gave nothing for" in (row.message or "") for row in rows)
    assert tickets(jobs_store) == (PAGES * PER_PAGE, PAGES * PER_PAGE)


@pytest.mark.slow
def test_two_schedulers_run_each_slot_once(jobs_store: Store) -> None:
    with office(jobs_store, "schedule") as first, office(jobs_store, "schedule") as second:
        first.until("working")
        second.until("working", "scored")
        first.until("scored")
        first.end()
        second.end()
    rows = ask_engine(
        jobs_store,
        "select due.workflow_uuid, due.status, count(job.workflow_uuid) from workflow_status due left join workflow_status job "
        "on job.parent_workflow_id = due.workflow_uuid where due.name = 'due' group by due.workflow_uuid, due.status",
    )
    done = [row for row in rows if row[1] == "SUCCESS"]
    assert len(done) >= 2
    assert all(row[2] == 1 for row in done)
