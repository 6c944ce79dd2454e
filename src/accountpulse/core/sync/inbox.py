"""Takes pushed messages in, durably, and applies them to the facts: each once, in batches, together with their keys."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime

import sqlalchemy as sa

from accountpulse.core.clock import Clock, day_of
from accountpulse.core.errors import InvalidRecord, NotFound
from accountpulse.core.model import Record, UsageDay, schema_of
from accountpulse.core.store import connections as store_connections
from accountpulse.core.store import inbox
from accountpulse.core.store.database import Store
from accountpulse.core.store.revisions import bump
from accountpulse.core.store.writes import AccountKeys, FactRow, WriteCounts, delete_records, write_records
from accountpulse.core.sync.connector import Deleted, InboundRequest, InboundSpec, Message, PushItem, UsageEvent
from accountpulse.core.sync.engine import Source, describe_crash
from accountpulse.core.sync.results import OnProgress, Progress, StreamResult, silent
from accountpulse.core.sync.rows import to_row
from accountpulse.core.sync.usage import roll_up

BATCH = 1_000
STREAM = "inbox"


def receive(store: Store, clock: Clock, source: Source, request: InboundRequest) -> int:
    """Verify a pushed request and store its messages; returns how many were new.

    Raises NotFound for a path the connector does not take, AuthError for a bad signature, InvalidRecord for a bad body.
    """
    spec = _spec_for(source, request.path)
    messages: list[Message] = getattr(source.connector, spec.receive)(request)
    with store.write() as connection:
        return inbox.append(connection, source.id, [(m.key, m.body) for m in messages], clock.now())


def drain(store: Store, clock: Clock, source: Source, on_progress: OnProgress = silent) -> StreamResult:
    """Apply all waiting messages of a connection. A message that can't be understood goes into quarantine."""
    outcome = StreamResult(stream=STREAM)
    keys = AccountKeys(source.id)
    while True:
        with store.read() as connection:
            batch = inbox.waiting(connection, source.id, BATCH)
        if not batch:
            break
        prepared = _Prepared(source)
        for row in batch:
            prepared.add(row.key, Message(row.key, row.body))
        now = clock.now()
        with store.write() as connection:
            counts = prepared.write(connection, keys, now)
            inbox.mark_applied(connection, [row.id for row in batch], now)
            store_connections.put_in_quarantine(connection, source.id, STREAM, prepared.invalid, now)
            if counts.opened or counts.closed:
                bump(connection, "facts")
        outcome.read += len(batch)
        outcome.opened += counts.opened
        outcome.closed += counts.closed
        outcome.unchanged += counts.unchanged
        outcome.quarantined += len(prepared.invalid)
        on_progress(Progress(source.name, STREAM, outcome.read))
    on_progress(Progress(source.name, STREAM, outcome.read, done=True))
    return outcome


def _spec_for(source: Source, path: str) -> InboundSpec:
    specs = source.connector.inbounds()
    for spec in specs:
        if path in spec.paths:
            return spec
    paths = ", ".join(p for spec in specs for p in spec.paths)
    raise NotFound(f"connection {source.name!r} takes nothing at {path!r}; it takes: {paths or 'nothing pushed'}")


class _Prepared:
    """What a batch of messages says, ready to be written."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._zone = source.connector.context.zone
        self.rows: dict[type[Record], list[FactRow]] = defaultdict(list)
        self.deleted: dict[type[Record], list[str]] = defaultdict(list)
        self.usage: list[UsageEvent] = []
        self.invalid: dict[str, str] = {}

    def add(self, key: str, message: Message) -> None:
        try:
            items = list(self._apply(message))
        except InvalidRecord as error:
            self.invalid[key] = error.reason
            return
        except Exception as error:
            # One message that breaks the connector must not hold up those behind it.
            self.invalid[key] = describe_crash(error)
            return
        for item in items:
            if isinstance(item, UsageEvent):
                self.usage.append(item)
            elif isinstance(item, Deleted):
                self.deleted[item.record].append(item.source_id)
            elif isinstance(item, InvalidRecord):
                self.invalid[key] = item.reason
            else:
                try:
                    self.rows[type(item)].append(to_row(item))
                except InvalidRecord as error:
                    self.invalid[key] = error.reason

    def _apply(self, message: Message) -> Iterator[PushItem]:
        # A message does not remember its path; a connector has one way to apply what it receives.
        apply: Callable[[Message], Iterator[PushItem]] = getattr(
            self._source.connector, self._source.connector.inbounds()[0].apply
        )
        return apply(message)

    def write(self, connection: sa.Connection, keys: AccountKeys, now: datetime) -> WriteCounts:
        counts = WriteCounts()
        for record, rows in self.rows.items():
            counts.add(write_records(connection, schema_of(record).name, rows, keys=keys, now=now, assumed=False))
        for record, ids in self.deleted.items():
            counts.add(delete_records(connection, schema_of(record).name, ids, keys=keys, now=now))
        if self.usage:
            rows = roll_up(connection, self._source.id, self.usage, self._zone)
            today = day_of(now, self._zone)
            name = schema_of(UsageDay).name
            counts.add(write_records(connection, name, rows, keys=keys, now=now, assumed=False, open_day=today))
        return counts
