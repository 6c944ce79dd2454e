"""A vendor under the test's control, and a connector that reads it: real generators, no mocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import sqlalchemy as sa

from accountpulse.core.clock import FixedClock
from accountpulse.core.model import Account, Contact, Record, SurveyResponse, Ticket, UsageDay, schema_of
from accountpulse.core.store import connections as store_connections
from accountpulse.core.store.connections import ConnectionSpec
from accountpulse.core.store.database import Store
from accountpulse.core.store.facts import FACTS
from accountpulse.core.sync.connector import (
    Checkpoint,
    Connector,
    ConnectorConfig,
    Deleted,
    Item,
    OpaqueCursor,
    TimeCursor,
    Window,
    stream,
)
from accountpulse.core.sync.context import Context
from accountpulse.core.sync.engine import Source, SyncEngine
from accountpulse.core.sync.results import RunResult, StreamResult
from accountpulse.core.sync.retry import RetryPolicy
from accountpulse.core.sync.specs import spec_of

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def at(minutes: float) -> datetime:
    """An instant some minutes after noon."""
    return NOON + timedelta(minutes=minutes)


def ticket(id: str, **values: Any) -> Ticket:
    return Ticket(**{"source_id": id, "account": "acme", "opened_at": at(-600), **values})


def contact(id: str, **values: Any) -> Contact:
    return Contact(**{"source_id": id, "account": "acme", "created_at": at(-600), **values})


def account(id: str, **values: Any) -> Account:
    return Account(**{"source_id": id, "created_at": at(-600), **values})


def survey(id: str, **values: Any) -> SurveyResponse:
    return SurveyResponse(
        **{
            "source_id": id,
            "account": "acme",
            "kind": "nps",
            "score": 9.0,
            "scale_min": 0.0,
            "scale_max": 10.0,
            "responded_at": at(-600),
            **values,
        }
    )


class Killed(BaseException):
    """Stands for kill -9: nothing of ours may catch it and carry on."""


@dataclass
class Row:
    """One row at the vendor. visible_from: rows may turn up later than their own time."""

    item: Record | Deleted
    changed_at: datetime
    visible_from: datetime


@dataclass
class Table:
    """What the vendor has of one kind. Pages are in order of change; ties are ordered by id."""

    clock: FixedClock
    page_size: int = 3
    rows: dict[str, Row] = field(default_factory=dict)
    faults: dict[int, BaseException] = field(default_factory=dict)
    calls: int = 0
    items: int = 0
    crash_at_item: int | None = None
    twice: bool = False
    windows: list[Window] = field(default_factory=list)

    def put(self, *records: Record, changed_at: datetime | None = None, visible_from: datetime | None = None) -> None:
        moment = changed_at or self.clock.now()
        for record in records:
            self.rows[record.source_id] = Row(record, moment, visible_from or moment)

    def delete(self, source_id: str) -> None:
        """The row stays as a tombstone."""
        row = self.rows[source_id]
        moment = self.clock.now()
        self.rows[source_id] = Row(Deleted(type(row.item), source_id), moment, moment)  # type: ignore[arg-type]

    def vanish(self, *source_ids: str) -> None:
        """The rows are gone without a trace."""
        for id in source_ids:
            del self.rows[id]

    def alive(self) -> dict[str, Record]:
        return {id: row.item for id, row in self.rows.items() if isinstance(row.item, Record)}

    def fetch(self, since: datetime | None, until: datetime, page: int) -> list[Row]:
        """One request: counts, fails when told to, and shows what is visible by now."""
        self.calls += 1
        if (fault := self.faults.pop(self.calls, None)) is not None:
            raise fault
        now = self.clock.now()
        rows = sorted(
            (
                row
                for row in self.rows.values()
                if row.visible_from <= now and row.changed_at <= until and (since is None or row.changed_at >= since)
            ),
            key=lambda row: (row.changed_at, row.item.source_id),
        )
        return rows[page * self.page_size : (page + 1) * self.page_size]

    def pages(self, since: datetime | None, until: datetime, first: int = 0) -> Iterator[tuple[int, list[Row]]]:
        page = first
        while rows := self.fetch(since, until, page):
            for _ in range(2 if self.twice else 1):
                yield page, rows
            page += 1

    def step(self, row: Row) -> Record | Deleted:
        self.items += 1
        if self.items == self.crash_at_item:
            raise Killed
        return row.item


class ScriptedConfig(ConnectorConfig):
    """Nothing to configure."""


Script = Callable[[Window], Iterator[Any]]


class Scripted(Connector[ScriptedConfig]):
    """Reads the tables of a `Vendor`; a script replaces what a stream would read."""

    id: ClassVar[str] = "scripted"
    title: ClassVar[str] = "Scripted"

    vendor: Vendor

    @stream(
        Ticket, cursor=TimeCursor("changed_at"), lag=timedelta(minutes=2), look_back=timedelta(minutes=5), deletes="tombstones"
    )
    def tickets(self, window: Window) -> Iterator[Item]:
        """By time, with a checkpoint after each page."""
        yield from self._by_time(self.vendor.tickets, window, "tickets")

    @stream(Contact, cursor=TimeCursor("changed_at"), deletes="tombstones")
    def contacts(self, window: Window) -> Iterator[Item]:
        """By time, without lag or look-back."""
        yield from self._by_time(self.vendor.contacts, window, "contacts")

    @stream(Account, deletes="snapshot")
    def accounts(self, window: Window) -> Iterator[Item]:
        """Everything in each run; what is missing is gone."""
        self.vendor.accounts.windows.append(window)
        if (script := self.vendor.scripts.get("accounts")) is not None:
            yield from script(window)
            return
        for _, rows in self.vendor.accounts.pages(None, window.until):
            for row in rows:
                yield self.vendor.accounts.step(row)

    @stream(SurveyResponse, cursor=OpaqueCursor("the next page"), deletes="snapshot")
    def surveys(self, window: Window) -> Iterator[Item]:
        """Everything in each pass, page by page, with the page as cursor."""
        self.vendor.surveys.windows.append(window)
        first = window.cursor["page"] if isinstance(window.cursor, dict) else 0
        for page, rows in self.vendor.surveys.pages(None, window.until, first):
            for row in rows:
                yield self.vendor.surveys.step(row)
            yield Checkpoint({"page": page + 1})

    @stream(UsageDay, cursor=OpaqueCursor("whatever the script says"))
    def usage(self, window: Window) -> Iterator[Item]:
        """Only what a script says."""
        self.vendor.usage.windows.append(window)
        if (script := self.vendor.scripts.get("usage")) is not None:
            yield from script(window)

    def _by_time(self, table: Table, window: Window, name: str) -> Iterator[Item]:
        table.windows.append(window)
        if (script := self.vendor.scripts.get(name)) is not None:
            yield from script(window)
            return
        for _, rows in table.pages(window.since, window.until):
            for row in rows:
                yield table.step(row)
            yield Checkpoint(rows[-1].changed_at)


class Vendor:
    """The tables behind a scripted connection."""

    def __init__(self, clock: FixedClock) -> None:
        self.tickets = Table(clock)
        self.contacts = Table(clock)
        self.accounts = Table(clock)
        self.surveys = Table(clock)
        self.usage = Table(clock)
        self.scripts: dict[str, Script] = {}


@dataclass
class Bench:
    """A store, a clock, a vendor and an engine: what a test of the sync needs. enough: each checkpoint is a transaction."""

    store: Store
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOON))
    name: str = "desk"
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    slept: list[float] = field(default_factory=list)
    stop: bool = False
    enough: int = 1

    def __post_init__(self) -> None:
        self.vendor = Vendor(self.clock)
        self.policy = replace(self.policy, sleep=self._sleep)
        self.connector = Scripted(
            ScriptedConfig(), Context(connection=self.name, clock=self.clock, cancelled=lambda: self.stop)
        )
        self.connector.vendor = self.vendor
        with self.store.write() as connection:
            known = store_connections.listing(connection)
            specs = [
                ConnectionSpec(
                    name=row.name, connector=row.connector, priority=row.priority, anchor=row.anchor,
                    provides=tuple(row.provides), streams={},
                )
                for row in known
            ]  # fmt: skip
            ids = store_connections.register(
                connection, [*specs, spec_of(self.name, self.connector, self.connector.config)], self.clock.now()
            )
        self.source = Source(ids[self.name], self.name, self.connector)

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        assert len(self.slept) < 50, "the engine tries for ever"

    def run(self, *streams: str, **options: Any) -> RunResult:
        return SyncEngine(self.store, self.clock, retry=self.policy, enough=self.enough).sync(
            self.source, streams or None, **options
        )

    def one(self, stream: str, **options: Any) -> StreamResult:
        """Run a single stream and return what it did."""
        return self.run(stream, **options).streams[0]

    # -- what the store has ----------------------------------------------------------------------------------------------

    def versions(self, record: str, source_id: str | None = None) -> list[sa.Row[Any]]:
        table = FACTS[record]
        query = sa.select(table).where(table.c.connection_id == self.source.id)
        if source_id is not None:
            query = query.where(table.c.source_id == source_id)
        with self.store.read() as connection:
            return list(connection.execute(query.order_by(table.c.id)))

    def current(self, record: str) -> dict[str, sa.Row[Any]]:
        return {row.source_id: row for row in self.versions(record) if row.known_to is None}

    def state(self, stream: str) -> sa.Row[Any]:
        with self.store.read() as connection:
            return store_connections.stream(connection, self.source.id, stream)

    def connection(self) -> sa.Row[Any]:
        with self.store.read() as connection:
            return store_connections.by_name(connection, self.name)

    def quarantine(self) -> dict[str, str]:
        with self.store.read() as connection:
            return {row.source_id: row.reason for row in store_connections.quarantined(connection, self.source.id)}

    def rows(self, table: sa.Table) -> list[sa.Row[Any]]:
        with self.store.read() as connection:
            return list(connection.execute(sa.select(table).order_by(*table.primary_key)))

    def equals_vendor(self, table: Table) -> bool:
        """Whether the store's current records are exactly those of the vendor."""
        alive = table.alive()
        if not alive:
            return not self.current(_only_name(table))
        return {id: _shown(row, next(iter(alive.values()))) for id, row in self.current(_only_name(table)).items()} == {
            id: _said(record) for id, record in alive.items()
        }


def _only_name(table: Table) -> str:
    kinds = {type(r.item) if isinstance(r.item, Record) else r.item.record for r in table.rows.values()}
    (kind,) = kinds
    return schema_of(kind).name


def _said(record: Record) -> dict[str, Any]:
    return {f.name: getattr(record, f.name) for f in schema_of(type(record)).fields if f.kind.value != "json"}


def _shown(row: sa.Row[Any], like: Record) -> dict[str, Any]:
    return {f.name: row._mapping[f.name] for f in schema_of(type(like)).fields if f.kind.value != "json"}
