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
from accountpulse.core.sync.headway import Limits
from accountpulse.core.sync.results import RunResult
from accountpulse.core.sync.retry import RetryPolicy

PAGES, PER_PAGE, PAUSE, QUIET = 30, 5, 0.1, 25
OPENED = datetime(2026, 1, 1, tzinfo=UTC)
SILENCE = timedelta(seconds=2)
QUICK = Timing(beat=timedelta(seconds=0.3), dead_after=timedelta(seconds=2), poll=0.1)
TIDY = replace(QUICK, tidy=0.2, kept=timedelta(0))


def say(line: str) -> None:
    """Write a line whole: several threads do."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class Slow(Connector[ConnectorConfig]):
    """Gives a page, waits, and gives the next."""

    id, title = "slow", "A slow vendor"
    asked = False

    @stream(Ticket, cursor=OpaqueCursor())
    def tickets(self, window: Window) -> Iterator[Item]:
        """Asks for quiet once."""
        for page in range(int(str(window.cursor or 0)), PAGES):
            say(f"page {page}")
            for n in range(PER_PAGE):
                yield Ticket(source_id=f"{page}-{n}", account="acme", opened_at=OPENED)
            yield Checkpoint(page + 1)
            if page == QUIET and not self.asked:
                self.asked = True
                raise RateLimited(timedelta(seconds=0.5))
            time.sleep(PAUSE)


class Mute(Connector[ConnectorConfig]):
    """Gives nothing, and never returns."""

    id, title = "mute", "A vendor that hangs"

    @stream(Ticket, cursor=OpaqueCursor())
    def tickets(self, window: Window) -> Iterator[Item]:
        """Hangs."""
        say("it hangs")
        threading.Event().wait()
        yield Checkpoint(1)


CONNECTORS = {"desk": Slow, "mute": Mute}


class Desk:
    """What a hub is to a worker, with two connections."""

    def __init__(self, store: Store, stopping: threading.Event) -> None:
        self._store = store
        specs = [
            ConnectionSpec(
                name=name, connector=connector.id, priority=0, anchor=False, provides=("ticket",),
                streams={"tickets": (schema_of(Ticket).name,)},
            )
            for name, connector in CONNECTORS.items()
        ]  # fmt: skip
        with store.write() as connection:
            ids = store_connections.register(connection, specs, SystemClock().now())
        self._sources = {
            name: Source(ids[name], name, connector(ConnectorConfig(), Context(name, cancelled=stopping.is_set)))
            for name, connector in CONNECTORS.items()
        }

    def read(self, request: SyncRequest) -> RunResult:
        impatient, limits = RetryPolicy(patience=timedelta(0)), Limits(silence=SILENCE)
        engine = SyncEngine(self._store, SystemClock(), retry=impatient, limits=limits, enough=1)
        result = engine.sync(self._sources[request.connection], watched=request.connection == "mute")
        name = "read" if request.connection == "desk" else request.connection
        say(f"{name} {result.state}")
        return result

    def link(self) -> None:
        say("linked")

    def score(self) -> None:
        say("scored")

    def notify(self) -> None:
        say("notified")


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
        if kind == "mute":
            with JobQueue(store) as queue:
                assert queue.start(SyncRequest("mute"))
        if kind in ("sync", "mute"):
            with JobQueue(store) as queue:
                assert queue.start(SyncRequest("desk"))
                assert not queue.start(SyncRequest("desk"))
                assert queue.pending("desk")
        say("working")
        sys.stdin.read()
    say("ended")


if __name__ == "__main__":
    main(*sys.argv[1:])
