"""A process that works, as the tests start it: `python -m tests.core.jobs.office STORE KIND`.

It reads one connection with a slow vendor, page by page, and says on stdout what it does.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from accountpulse.core.clock import SystemClock
from accountpulse.core.errors import RateLimited
from accountpulse.core.jobs.queue import JobQueue
from accountpulse.core.jobs.requests import SyncRequest
from accountpulse.core.jobs.schedules import Schedule
from accountpulse.core.jobs.worker import Timing, Worker
from accountpulse.core.model import Ticket, schema_of
from accountpulse.core.store import connections as store_connections
from accountpulse.core.store.connections import ConnectionSpec
from accountpulse.core.store.database import Store
from accountpulse.core.sync.connector import Checkpoint, Connector, ConnectorConfig, Item, OpaqueCursor, Window, stream
from accountpulse.core.sync.context import Context
from accountpulse.core.sync.engine import Source, SyncEngine
from accountpulse.core.sync.results import RunResult
from accountpulse.core.sync.retry import RetryPolicy

PAGES, PER_PAGE, PAUSE, QUIET = 30, 5, 0.1, 25
OPENED = datetime(2026, 1, 1, tzinfo=UTC)
QUICK = Timing(beat=timedelta(seconds=0.3), dead_after=timedelta(seconds=2), poll=0.1)
TIDY = replace(QUICK, tidy=0.2, kept=timedelta(0))


class Slow(Connector[ConnectorConfig]):
    """Gives a page, waits, and gives the next."""

    id, title = "slow", "A slow vendor"
    asked = False

    @stream(Ticket, cursor=OpaqueCursor())
    def tickets(self, window: Window) -> Iterator[Item]:
        """Asks for quiet once."""
        for page in range(int(str(window.cursor or 0)), PAGES):
            print(f"page {page}", flush=True)
            for n in range(PER_PAGE):
                yield Ticket(source_id=f"{page}-{n}", account="acme", opened_at=OPENED)
            yield Checkpoint(page + 1)
            if page == QUIET and not self.asked:
                self.asked = True
                raise RateLimited(timedelta(seconds=0.5))
            time.sleep(PAUSE)


class Desk:
    """What a hub is to a worker, with one connection."""

    def __init__(self, store: Store, stopping: threading.Event) -> None:
        self._store = store
        connector = Slow(ConnectorConfig(), Context("desk", cancelled=stopping.is_set))
        spec = ConnectionSpec(
            name="desk", connector="slow", priority=0, anchor=False, provides=("ticket",),
            streams={"tickets": (schema_of(Ticket).name,)},
        )  # fmt: skip
        with store.write() as connection:
            ids = store_connections.register(connection, [spec], SystemClock().now())
        self.source = Source(ids["desk"], "desk", connector)

    def read(self, request: SyncRequest) -> RunResult:
        impatient = RetryPolicy(patience=timedelta(0))
        result = SyncEngine(self._store, SystemClock(), retry=impatient, enough=1).sync(self.source)
        print(f"read {result.state}", flush=True)
        return result

    def link(self) -> None:
        print("linked", flush=True)

    def score(self) -> None:
        print("scored", flush=True)

    def notify(self) -> None:
        print("notified", flush=True)


def main(url: str, kind: str) -> None:
    stopping = threading.Event()
    store = Store.open(url)
    timing = TIDY if kind == "tidy" else QUICK
    # The engine takes six fields as well, the first for seconds: no test waits for a minute.
    every_second = Schedule("* * * * * *", "UTC") if kind == "schedule" else None
    with Worker(
        store,
        SystemClock(),
        Desk(store, stopping),
        schedules={},
        scoring=every_second,
        stopping=stopping,
        timing=timing,
    ):
        if kind == "sync":
            with JobQueue(store) as queue:
                assert queue.start(SyncRequest("desk"))
                assert not queue.start(SyncRequest("desk"))
                assert queue.pending("desk")
        print("working", flush=True)
        sys.stdin.read()
    print("ended", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
