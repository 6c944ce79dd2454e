"""Takes pushed messages in, durably, and applies them to the facts: each once, in batches, together with their keys."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from datetime import datetime

import sqlalchemy as sa

from accountpulse.core.clock import Clock, day_of
from accountpulse.core.errors import ConnectorError, InvalidRecord, NotFound, describe_crash
from accountpulse.core.model import UsageDay, schema_of
from accountpulse.core.store import connections as store_connections
from accountpulse.core.store import inbox
from accountpulse.core.store.database import Store
from accountpulse.core.store.revisions import bump
from accountpulse.core.store.writes import AccountKeys, WriteCounts, write_records
from accountpulse.core.sync.connector import InboundRequest, InboundSpec, JsonValue, Message, PushItem, UsageEvent
from accountpulse.core.sync.engine import Source
from accountpulse.core.sync.results import OnProgress, Progress, StreamResult, silent
from accountpulse.core.sync.rows import printable
from accountpulse.core.sync.stage import Stage
from accountpulse.core.sync.usage import roll_up, usage_of

BATCH = 1_000
STREAM = "inbox"


def receive(store: Store, clock: Clock, source: Source, request: InboundRequest) -> int:
    """Verify a pushed request and store its messages; returns how many were new.

    Raises NotFound for a path the connector does not take, AuthError for a bad signature, InvalidRecord for a bad body.
    """
    spec = _spec_for(source, request.path)
    messages: list[Message] = getattr(source.connector, spec.receive)(request)
    with store.write() as connection:
        bump(connection, "operations")  # when a source last sent something can be asked
        return inbox.append(connection, source.id, [(printable(m.key), _storable(m.body)) for m in messages], clock.now())


def drain(store: Store, clock: Clock, source: Source, on_progress: OnProgress = silent) -> StreamResult:
    """Apply the messages of a connection that wait now. One that can't be understood goes into quarantine, with its body kept.

    What arrives meanwhile is left to the next drain, so that one ends however much is sent. Two drains at once apply each
    message once: the later one takes what is left.
    """
    outcome = StreamResult(stream=STREAM)
    begun = clock.now()
    keys = AccountKeys(source.id)
    with store.read() as connection:
        newest = inbox.newest(connection, source.id)
    while True:
        with store.read() as connection:
            batch = inbox.waiting(connection, source.id, BATCH, through=newest)
        if not batch:
            break
        prepared = _Prepared(source)
        for row in batch:
            prepared.add(row.id, Message(row.key, row.body))
        now = clock.now()
        try:
            with store.write() as connection:
                store_connections.lock(connection, source.id)
                if inbox.mark_applied(connection, [row.id for row in batch], now, refused=prepared.refused) < len(batch):
                    raise _AppliedElsewhere
                counts = prepared.write(connection, keys, now, begun)
                store_connections.release_from_quarantine(connection, source.id, STREAM, prepared.stage.understood())
                store_connections.put_in_quarantine(connection, source.id, STREAM, prepared.stage.invalid, now)
                if counts.opened or counts.closed:
                    bump(connection, "facts")
        except _AppliedElsewhere:
            keys.forget()
            continue
        outcome.read += len(batch)
        outcome.opened += counts.opened
        outcome.closed += counts.closed
        outcome.unchanged += counts.unchanged
        outcome.quarantined += len(prepared.stage.invalid)
        on_progress(Progress(source.name, STREAM, outcome.read))
    on_progress(Progress(source.name, STREAM, outcome.read, done=True))
    return outcome


class _AppliedElsewhere(Exception):
    """Another drain was faster with some of the batch."""


def _storable(body: JsonValue) -> JsonValue:
    """A body that every database takes: Python reads NaN, NUL and half surrogates from JSON, PostgreSQL refuses them."""
    try:
        # As text it shows at once whether there is any of that, which hardly ever is.
        text = json.dumps(body, allow_nan=False)
    except ValueError:
        return _mended(body)
    return _mended(body) if "\\u0000" in text or "\\ud" in text else body


def _mended(body: JsonValue) -> JsonValue:
    if isinstance(body, str):
        return printable(body)
    if isinstance(body, float):
        return body if math.isfinite(body) else None
    if isinstance(body, list):
        return [_mended(each) for each in body]
    if isinstance(body, dict):
        return {printable(key): _mended(each) for key, each in body.items()}
    return body


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
        connector = source.connector
        self._source = source
        self._zone = connector.context.zone
        specs = connector.inbounds()
        # A message does not remember its path; a connector has one way to apply what it receives.
        self._apply: Callable[[Message], Iterator[PushItem]] = getattr(connector, specs[0].apply)
        self.stage = Stage(f"the inbox of {source.name}", [r for spec in specs for r in spec.records])
        self.usage: list[UsageDay] = []
        self.refused: list[int] = []

    def add(self, id: int, message: Message) -> None:
        """Take what a message says: all of it, or nothing."""
        stage, usage = self.stage.fresh(), list[UsageDay]()
        try:
            for item in self._apply(message):
                if isinstance(item, UsageEvent):
                    usage.append(usage_of(item, self._zone))
                else:
                    stage.add(item)
        except InvalidRecord as error:
            self._refuse(id, message, error.reason)
            return
        except ConnectorError as error:
            self._refuse(id, message, str(error))
            return
        except (Exception, SystemExit) as error:
            # One message that breaks the connector must not hold up those behind it.
            self._refuse(id, message, describe_crash(error, "the connector"))
            return
        if stage.invalid:
            self._refuse(id, message, next(iter(stage.invalid.values())))
            return
        self.stage.merge(stage)
        self.usage.extend(usage)

    def _refuse(self, id: int, message: Message, reason: str) -> None:
        self.refused.append(id)
        self.stage.refuse(InvalidRecord(message.key, reason))

    def write(self, connection: sa.Connection, keys: AccountKeys, now: datetime, begun: datetime) -> WriteCounts:
        today = day_of(now, self._zone)
        counts = self.stage.write(connection, keys, now, today, revisable_since=begun)
        if self.usage:
            rows = roll_up(connection, self._source.id, self.usage)
            counts.add(
                write_records(
                    connection,
                    schema_of(UsageDay).name,
                    rows,
                    keys=keys,
                    now=now,
                    assumed=False,
                    open_day=today,
                    revisable_since=begun,
                )
            )
        return counts
