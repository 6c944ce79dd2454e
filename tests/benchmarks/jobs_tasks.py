"""What the processes of the benchmark of jobs do: `python -m tests.benchmarks.jobs_tasks NAME JSON`, as `tasks.py` does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

import sqlalchemy as sa
from dbos import DBOS, DBOSClient
from tests.benchmarks.measure import Region, serve
from tests.benchmarks.servers import empty

from accountpulse.core.clock import SystemClock
from accountpulse.core.jobs.queue import APPLICATION, VERSION, JobQueue
from accountpulse.core.jobs.requests import SyncRequest
from accountpulse.core.jobs.system import JsonSerializer, system_engine, system_url
from accountpulse.core.jobs.worker import SYNCS_AT_ONCE, Timing, Worker
from accountpulse.core.model import Ticket
from accountpulse.core.store import connections
from accountpulse.core.store.database import Store
from accountpulse.core.store.tables import run
from accountpulse.core.sync.connector import Checkpoint, Connector, ConnectorConfig, Item, OpaqueCursor, Window, stream
from accountpulse.core.sync.context import Context
from accountpulse.core.sync.engine import Source, SyncEngine
from accountpulse.core.sync.results import RunResult
from accountpulse.core.sync.specs import spec_of

POLL = 0.05
"""How often queues are asked, by both: at their usual pace nothing but waiting would be measured."""


class Empty(Connector[ConnectorConfig]):
    """A vendor that has nothing."""

    id, title = "empty", "Nothing"

    @stream(Ticket, cursor=OpaqueCursor())
    def tickets(self, window: Window) -> Iterator[Item]:
        """Nothing."""
        yield Checkpoint(1 if window.cursor is None else int(str(window.cursor)) + 1)


class Office:
    """What a hub is to a worker, with many connections to nothing."""

    def __init__(self, store: Store, count: int) -> None:
        self._store = store
        self.names = [f"c{n}" for n in range(count)]
        made = {name: Empty(ConnectorConfig(), Context(name)) for name in self.names}
        with store.write() as connection:
            specs = [spec_of(name, Empty, ConnectorConfig()) for name in self.names]
            ids = connections.register(connection, specs, SystemClock().now())
        self._sources = {name: Source(ids[name], name, made[name]) for name in self.names}

    def read(self, request: SyncRequest) -> RunResult:
        return SyncEngine(self._store, SystemClock()).sync(self._sources[request.connection])

    def link(self) -> None:
        """Nothing."""

    score = notify = link


def ours(url: str, count: int) -> dict[str, float]:
    """Empty syncs from the queue to the end of the last run: with leases, run records, and the scorings that they ask for."""
    empty(url)
    store, stopping, region = Store.open(url), threading.Event(), Region()
    office = Office(store, count)
    timing = Timing(beat=timedelta(seconds=5), poll=POLL)
    with (
        Worker(store, SystemClock(), office, schedules={}, scoring=None, stopping=stopping, timing=timing),
        JobQueue(store) as queue,
        region.measured(),
    ):
        for name in office.names:
            queue.start(SyncRequest(name))
        while _ended(store) < count or any(queue.pending(name) for name in office.names[-SYNCS_AT_ONCE:]):
            time.sleep(0.25)
    return {"cpu": region.cpu, "wall": region.wall, "jobs": count}


def bare(url: str, count: int) -> dict[str, float]:
    """The engine's own workflows that do nothing, over the same kind of database."""
    empty(url)
    store, region = Store.open(url), Region()
    system = system_url(store)
    config = {
        "name": APPLICATION,
        "system_database_url": system,
        "system_database_engine": system_engine(system),
        "serializer": JsonSerializer(),
        "application_version": VERSION,
        "log_level": "ERROR",
    }
    DBOS(config=config)  # type: ignore[arg-type]  # a TypedDict with many optional keys

    @DBOS.workflow(name="nothing")
    def nothing(name: str) -> str:
        return name

    DBOS.launch()
    DBOS.register_queue("nothings", worker_concurrency=SYNCS_AT_ONCE, polling_interval_sec=POLL)
    engine = system_engine(system)
    client = DBOSClient(
        system_database_url=system, system_database_engine=engine, serializer=JsonSerializer(), application_name=APPLICATION
    )
    with region.measured():
        for n in range(count):
            client.enqueue({"workflow_name": "nothing", "queue_name": "nothings", "app_version": VERSION}, f"c{n}")
        undone = ["ENQUEUED", "PENDING"]
        while client.list_workflows(queue_name="nothings", status=undone, load_input=False, load_output=False, limit=1):
            time.sleep(0.25)
    client.destroy()
    DBOS.destroy(destroy_registry=True)
    return {"cpu": region.cpu, "wall": region.wall, "jobs": count}


def _ended(store: Store) -> int:
    with store.read() as connection:
        return int(connection.execute(sa.select(sa.func.count()).where(run.c.state == "ok")).scalar() or 0)


TASKS: Mapping[str, Callable[..., Mapping[str, float]]] = {"ours": ours, "bare": bare}

if __name__ == "__main__":
    serve(TASKS)
