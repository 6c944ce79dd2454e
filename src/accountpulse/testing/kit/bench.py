"""A bench to sync on: the real engine and a real SQLite store, a vendor under control, and a clock that nobody waits for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accountpulse.core.clock import FixedClock
from accountpulse.core.errors import InvalidRecord
from accountpulse.core.model import Record, schema_of
from accountpulse.core.store import connections as store_connections
from accountpulse.core.store.contents import contents
from accountpulse.core.store.database import Store
from accountpulse.core.sync.connector import Checkpoint, Connector, Deleted, Item, StreamSpec, Window
from accountpulse.core.sync.context import Context
from accountpulse.core.sync.engine import Source, SyncEngine
from accountpulse.core.sync.results import RunResult, StreamResult
from accountpulse.core.sync.retry import RetryPolicy
from accountpulse.core.sync.rows import to_row
from accountpulse.core.sync.specs import spec_of
from accountpulse.testing.kit.vendors import Rows, Site

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
MOST_WAITS = 50
ALWAYS = 100_000  # as many times as anybody asks


class Killed(BaseException):
    """Stands for kill -9: nothing may catch it and carry on."""


@dataclass
class HostClock:
    """The clock of the machine that syncs; `skew` is how far it is ahead of the vendor's."""

    vendor: FixedClock
    skew: timedelta = timedelta(0)

    def now(self) -> datetime:
        return self.vendor.now() + self.skew


@dataclass
class Reading:
    """What a stream yielded when it was read without an engine."""

    items: list[Item] = field(default_factory=list)
    error: Exception | None = None

    @property
    def records(self) -> list[Record]:
        return [item for item in self.items if isinstance(item, Record)]

    @property
    def checkpoints(self) -> list[Any]:
        return [item.cursor for item in self.items if isinstance(item, Checkpoint)]

    def contents(self, record: type[Record]) -> dict[str, bytes]:
        """What a store would have after this reading: the content hash by id; of several words on a record the last counts."""
        found: dict[str, bytes] = {}
        for item in self.items:
            if isinstance(item, Deleted) and item.record is record:
                found.pop(item.source_id, None)
            elif type(item) is record:
                try:
                    found[item.source_id] = to_row(item).hash
                except InvalidRecord:
                    continue
        return found


@dataclass(frozen=True, slots=True)
class Link:
    """A connection in the bench's store."""

    id: int
    name: str


@dataclass
class Bench:
    """A vendor, a store and the engine between them, for one stream. The clock moves when the kit or the engine waits."""

    connector: type[Connector[Any]]
    settings: dict[str, Any]
    site: Site
    store: Store
    clock: FixedClock
    spec: StreamSpec
    host: HostClock = field(init=False)
    slept: list[float] = field(default_factory=list)
    stop: bool = False
    _made: int = 0

    def __post_init__(self) -> None:
        self.host = HostClock(self.clock)

    @property
    def rows(self) -> Rows:
        """The rows of the stream at the vendor."""
        return self.site.rows[self.spec.name]

    @property
    def step(self) -> timedelta:
        """Longer than any lag and look-back: rows so far apart are not read again on purpose."""
        return (self.spec.lag + self.spec.look_back) * 1.25 + timedelta(minutes=1)

    # -- the vendor ---------------------------------------------------------------------------------------------------

    def seed(self, count: int, every: timedelta = timedelta(minutes=1)) -> list[str]:
        """Write rows, each so much later than the one before; then wait until all of them can be seen."""
        found = []
        for _ in range(count):
            found.append(self.rows.put())
            self.clock.advance(every)
        self.settle()
        return found

    def settle(self) -> None:
        """Wait until what is written can be seen."""
        self.clock.advance(self.spec.lag + self.rows.late + timedelta(minutes=2))

    def requests(self) -> int:
        """How many requests for rows the vendor has got."""
        return len(self.site.server.requests_to(self.rows.path)) if self.site.server is not None else 0

    # -- the engine ---------------------------------------------------------------------------------------------------

    def connect(self, **settings: Any) -> Connector[Any]:
        """A new connector, as after a restart."""
        config = self.connector.Config.model_validate({**self.settings, **settings})
        return self.connector(config, Context("kit", clock=self.host, cancelled=lambda: self.stop))

    def link(self) -> Link:
        """A new connection, that has read nothing."""
        self._made += 1
        name = f"kit-{self._made}"
        with _closing(self.connect()) as connector, self.store.write() as connection:
            ids = store_connections.register(connection, [spec_of(name, connector, connector.config)], self.clock.now())
        return Link(ids[name], name)

    def sync(self, link: Link, *, crash_at: int | None = None, streams: list[str] | None = None, **settings: Any) -> RunResult:
        """Sync once, by a new connector; `crash_at` kills the process at that item of the stream."""
        with _closing(self.connect(**settings)) as connector:
            if crash_at is not None:
                _crash(connector, self.spec.method, crash_at)
            policy = RetryPolicy(sleep=self._sleep)
            engine = SyncEngine(self.store, self.host, retry=policy, enough=1)
            return engine.sync(Source(link.id, link.name, connector), streams or [self.spec.name])

    def one(self, link: Link, **options: Any) -> StreamResult:
        """Sync once; what became of the stream."""
        return self.sync(link, **options).streams[0]

    def must_sync(self, link: Link, when: str, **options: Any) -> StreamResult:
        """Sync once and fail the test unless it ends well."""
        result = self.one(link, **options)
        assert result.state == "ok", (
            f"stream {self.spec.name} {when} must end well, but is {result.state!r}: {result.message}. A fault that may pass "
            "is raised as Transient or RateLimited, and an unreadable row is yielded as InvalidRecord"
        )
        return result

    def read(self, window: Window | None = None, limit: int | None = None) -> Reading:
        """Read the stream without an engine; without a window, everything there is."""
        found = Reading()
        with _closing(self.connect()) as connector:
            items = getattr(connector, self.spec.method)(window or self.everything())
            try:
                for item in items:
                    found.items.append(item)
                    if limit is not None and len(found.items) >= limit:
                        break
            except Exception as error:  # the test says which it expects
                found.error = error
        return found

    def everything(self) -> Window:
        """The window of a first run."""
        return Window(since=None, until=self.host.now() - self.spec.lag)

    # -- what there is ------------------------------------------------------------------------------------------------

    def stored(self, link: Link) -> dict[str, bytes]:
        """The content hash of what the store has, by id."""
        with self.store.read() as connection:
            return contents(connection, link.id, schema_of(self.rows.record).name)

    def cursor(self, link: Link) -> Any:
        """What is kept of the stream's place: a cursor, or a time."""
        with self.store.read() as connection:
            state = store_connections.stream(connection, link.id, self.spec.name)
        return state.cursor if state.cursor is not None else state.position

    def set_cursor(self, link: Link, cursor: Any, position: datetime | None) -> None:
        """Put the stream somewhere else."""
        with self.store.write() as connection:
            store_connections.update_stream(connection, link.id, self.spec.name, cursor=cursor, position=position)

    def quarantine(self, link: Link) -> dict[str, str]:
        """What could not be understood, and why."""
        with self.store.read() as connection:
            return {row.source_id: row.reason for row in store_connections.quarantined(connection, link.id)}

    def must_equal_vendor(self, link: Link, remedy: str) -> None:
        """Fail unless the store has the vendor's rows, each as a complete reading shows it now."""
        stored, alive = self.stored(link), self.rows.alive
        name = self.rows.record.__name__
        lost, left = sorted(alive - stored.keys()), sorted(stored.keys() - alive)
        assert not lost, f"{len(lost)} of {len(alive)} rows are not stored as {name}: {_few(lost)}. {remedy}"
        assert not left, f"the vendor has no {name} {_few(left)} any more, but the store does. {remedy}"
        truth = self.read()
        assert truth.error is None, f"reading stream {self.spec.name} again from the start failed: {truth.error!r}"
        shown = truth.contents(self.rows.record)
        stale = sorted(id for id in alive if stored[id] != shown.get(id))
        assert not stale, f"{name} {_few(stale)} is stored as it was, not as it is at the vendor now. {remedy}"

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.advance(timedelta(seconds=seconds))
        if len(self.slept) > MOST_WAITS:
            pytest.fail(f"stream {self.spec.name} makes the engine try for ever: a checkpoint moves although nothing is read")


@contextmanager
def _closing(connector: Connector[Any]) -> Iterator[Connector[Any]]:
    try:
        yield connector
    finally:
        connector.close()


def _crash(connector: Connector[Any], method: str, at: int) -> None:
    read: Callable[[Window], Iterator[Item]] = getattr(connector, method)

    def reading(window: Window) -> Iterator[Item]:
        for number, item in enumerate(read(window), 1):
            if number == at:
                raise Killed
            yield item

    setattr(connector, method, reading)


def _few(ids: list[str]) -> str:
    return ", ".join(ids[:3]) + (f" and {len(ids) - 3} more" if len(ids) > 3 else "")
