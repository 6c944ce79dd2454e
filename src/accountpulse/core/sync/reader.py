"""Reads one stream: from window to staged records to committed versions and checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from accountpulse.core.clock import Clock, day_of
from accountpulse.core.errors import (
    AuthError,
    Cancelled,
    ConnectorError,
    CursorExpired,
    PermissionMissing,
    RateLimited,
    Transient,
)
from accountpulse.core.model import schema_of
from accountpulse.core.store import connections as store_connections
from accountpulse.core.store import leases, snapshots, sweeps
from accountpulse.core.store.database import Store
from accountpulse.core.store.leases import Lease
from accountpulse.core.store.revisions import bump
from accountpulse.core.store.writes import AccountKeys
from accountpulse.core.sync.batch import Batch
from accountpulse.core.sync.connector import Checkpoint, OpaqueCursor, StreamSpec, Window
from accountpulse.core.sync.cursors import advance, window_of
from accountpulse.core.sync.headway import Headway
from accountpulse.core.sync.results import OnProgress, Progress, StreamResult
from accountpulse.core.sync.stage import Stage
from accountpulse.core.sync.sweep import delete_vanished, group_of, joined, over

if TYPE_CHECKING:
    from accountpulse.core.sync.engine import Source

QUARANTINE_LIMIT = 0.05
# A handful of bad records in a small stream is a matter for the list, not a reason to fail.
QUARANTINE_GRACE = 5
PROGRESS_STEP = 500
_VENDOR_FAULTS = (RateLimited, Transient, AuthError, PermissionMissing, CursorExpired, Cancelled)


class StreamReader:
    """Reads a stream once; `read` may be called again after a fault and goes on from the last commit."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        source: Source,
        spec: StreamSpec,
        run_id: int,
        lease: Lease,
        headway: Headway,
        outcome: StreamResult,
        progressed: Callable[[], None],
        on_progress: OnProgress,
        *,
        delete_all: bool,
        enough: int,
    ) -> None:
        """lease: every transaction makes sure of it.

        delete_all: a person confirmed that what a complete read lacks is gone, however much it is. enough: see `batch`.
        """
        self._store = store
        self._clock = clock
        self._source = source
        self._spec = spec
        self._run_id = run_id
        self._lease = lease
        self._headway = headway
        self._outcome = outcome
        self._progressed = progressed
        self._on_progress = on_progress
        self._keys = AccountKeys(source.id)
        self._zone = source.connector.context.zone
        self._names = [schema_of(record).name for record in spec.records]
        self._group = group_of(source.connector.streams(), spec)
        self._pass: int | None = None
        self._delete_all = delete_all
        self._enough = enough
        self._notice: str | None = None

    def read(self) -> None:
        """Read from the last commit to the end of the window."""
        self._stop_if_cancelled()
        self._headway.in_time()
        state = self._begin()
        window = window_of(self._spec, state, self._clock.now())
        batch = Batch(Stage(f"stream {self._spec.name}", self._spec.records), self._enough)
        seen = self._outcome.read
        with _closing(getattr(self._source.connector, self._spec.method)(window)) as items:
            try:
                for item in items:
                    self._stop_if_cancelled()
                    due = batch.add(item)
                    if not isinstance(item, Checkpoint):
                        self._outcome.read += 1
                    if self._outcome.read - seen >= PROGRESS_STEP:
                        seen = self._outcome.read
                        self._on_progress(Progress(self._source.name, self._spec.name, seen))
                    if due:
                        self._commit(state, window, *batch.take())
            except _VENDOR_FAULTS:
                # What was read before the fault is good, and may be stored ahead of its checkpoint.
                self._commit(state, window, *batch.take())
                raise
            except (Exception, SystemExit):
                # A bug in the connector: what came before its last checkpoint is not read again for it.
                self._commit(state, window, *batch.take_reached())
                raise
        self._commit(state, window, *batch.take())
        self._guard_nothing_understood()
        self._finish(state, window)

    def start_over(self, why: str) -> None:
        """Forget the cursor, so that the next read is a complete one; the gap is recorded."""
        self._notice = f"history gap: read again from the start ({why})"
        with self._store.write() as connection:
            self._lock(connection)
            state = store_connections.stream(connection, self._source.id, self._spec.name)
            self._update(connection, cursor=None, position=None, gap_from=state.position or state.last_success_at)
            if self._group is not None:
                sweeps.begin(connection, self._source.id, [self._spec.name], self._group.records, self._run_id)
            bump(connection, "operations")

    def _begin(self) -> sa.Row[Any]:
        with self._store.write() as connection:
            self._lock(connection)
            self._update(connection, last_attempt_at=self._clock.now(), state="loading")
            bump(connection, "operations")
            state = store_connections.stream(connection, self._source.id, self._spec.name)
            if self._spec.deletes != "snapshot":
                self._pass = joined(connection, self._source.id, self._spec, self._group, self._run_id)
                return state
            # A pass that was interrupted goes on from its cursor, with the keys that its first part saw. Without a cursor
            # there is nothing to go on from, and without keys the cursor is that of a pass that has ended.
            begun = snapshots.unfinished(connection, self._source.id, self._names)
            if begun is not None and state.cursor is not None:
                self._pass = begun
                return state
            self._pass = self._run_id
            snapshots.forget(connection, self._source.id, self._names)
            self._update(connection, cursor=None)
            return store_connections.stream(connection, self._source.id, self._spec.name)

    def _commit(self, state: sa.Row[Any], window: Window, stage: Stage, checkpoint: Checkpoint | None) -> None:
        """Store what is staged and, in the same transaction, the checkpoint."""
        if not stage and checkpoint is None:
            return
        outcome, spec, id = self._outcome, self._spec, self._source.id
        now = self._clock.now()
        self._guard_quarantine(stage)
        advanced = advance(spec, checkpoint, window) if checkpoint is not None else {}
        try:
            with self._store.write() as connection:
                self._lock(connection)
                before = store_connections.stream(connection, id, spec.name)._mapping
                today = day_of(now, self._zone)
                counts = stage.write(connection, self._keys, now, today, assumed=state.first_loaded_at is None)
                if self._pass is not None:
                    for record in spec.records:
                        snapshots.remember(connection, self._pass, schema_of(record).name, stage.seen(record))
                store_connections.release_from_quarantine(connection, id, spec.name, stage.understood())
                store_connections.put_in_quarantine(connection, id, spec.name, stage.invalid, now)
                if advanced:
                    self._update(connection, **advanced)
                if counts.opened or counts.closed:
                    bump(connection, "facts")
                if advanced:
                    bump(connection, "operations")
        except BaseException:
            self._keys.forget()
            raise
        outcome.opened += counts.opened
        outcome.closed += counts.closed
        outcome.unchanged += counts.unchanged
        outcome.quarantined += len(stage.invalid)
        # Only a cursor that moved is progress: what has none meets the same fault again, however much it stored before.
        if any(before[name] != value for name, value in advanced.items()):
            self._progressed()
        self._on_progress(Progress(self._source.name, spec.name, outcome.read))
        self._headway.in_time()
        if checkpoint is not None and isinstance(spec.cursor, OpaqueCursor) and stage:
            self._headway.met(checkpoint.cursor, changed=bool(counts.opened or counts.closed))

    def _finish(self, state: sa.Row[Any], window: Window) -> None:
        """The stream came to its end without a fault: what a complete read lacks is gone, the position is the window's end."""
        now = self._clock.now()
        message = self._notice
        with self._store.write() as connection:
            self._lock(connection)
            if self._pass is not None:
                message = self._end_pass(connection, self._pass, window, now) or message
            if state.cursor is None and state.position is None and self._spec.deletes != "snapshot":
                # Read from its start: what could not be understood before has come again, or is gone.
                store_connections.release_unseen(connection, self._source.id, self._spec.name, state.last_attempt_at)
            self._update(
                connection,
                position=window.until,
                first_loaded_at=state.first_loaded_at or now,
                last_success_at=now,
                state="ok",
                message=message,
            )
            bump(connection, "operations")
        self._outcome.message = message

    def _end_pass(self, connection: sa.Connection, pass_id: int, window: Window, now: datetime) -> str | None:
        """Delete what a complete read has not seen, once it is complete; returns why that must wait for a person."""
        id, group = self._source.id, self._group
        if self._spec.deletes != "snapshot":
            sweeps.note_end(connection, id, self._spec.name, window.until)
            if group is None or not over(connection, id, group, pass_id):
                return None
        records = self._names if group is None else group.records
        held = delete_vanished(connection, self._keys, self._outcome, pass_id, records, now, everything=self._delete_all)
        if held is None:
            # What was in quarantine and did not come again is gone as well.
            begun = snapshots.begun(connection, pass_id)
            for stream in [self._spec.name] if group is None else sorted(group.streams):
                store_connections.release_unseen(connection, id, stream, begun)
        elif group is not None:
            return held  # nothing need be read again when a person has confirmed it: the pass stays open
        snapshots.forget(connection, id, records)
        sweeps.end(connection, id, [] if group is None else group.streams)
        return held

    def _guard_quarantine(self, stage: Stage) -> None:
        bad = self._outcome.quarantined + len(stage.invalid)
        if bad > QUARANTINE_GRACE and bad > QUARANTINE_LIMIT * self._outcome.read:
            id, reason = next(iter(stage.invalid.items()), ("", ""))
            raise ConnectorError(
                f"{bad} of {self._outcome.read} records could not be understood, more than {QUARANTINE_LIMIT:.0%}; "
                f"nothing further was stored. One of them is {id}: {reason}"
            )

    def _guard_nothing_understood(self) -> None:
        # A few bad records among good ones are for the list; a source of which nothing is understood is mapped wrongly.
        if self._outcome.quarantined and self._outcome.quarantined == self._outcome.read:
            raise ConnectorError(
                f"none of the {self._outcome.read} records could be understood: see the quarantine in `accountpulse status`"
            )

    def _lock(self, connection: sa.Connection) -> None:
        """Let nobody else write this connection's facts meanwhile. Raises LeaseLost where somebody else writes the stream."""
        store_connections.lock(connection, self._source.id)
        leases.confirm(connection, self._lease)

    def _update(self, connection: sa.Connection, **values: Any) -> None:
        store_connections.update_stream(connection, self._source.id, self._spec.name, **values)

    def _stop_if_cancelled(self) -> None:
        if self._source.cancel.is_set() or self._source.connector.context.cancelled():
            raise Cancelled("the run was cancelled; it goes on from here next time")


@contextmanager
def _closing(items: Iterable[Any]) -> Iterator[Iterator[Any]]:
    """Iterate, and close a generator at once: its connections would stay open as long as somebody holds the error."""
    iterator = iter(items)
    try:
        yield iterator
    finally:
        if isinstance(iterator, Generator):
            iterator.close()
