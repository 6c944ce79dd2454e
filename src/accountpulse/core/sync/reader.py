"""Reads one stream: from window to staged records to committed versions and checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from accountpulse.core.clock import Clock, day_of
from accountpulse.core.errors import Cancelled, ConnectorError
from accountpulse.core.model import schema_of
from accountpulse.core.store import connections as store_connections
from accountpulse.core.store import snapshots
from accountpulse.core.store.database import Store
from accountpulse.core.store.revisions import bump
from accountpulse.core.store.writes import AccountKeys, delete_records
from accountpulse.core.sync.connector import Checkpoint, StreamSpec, Window
from accountpulse.core.sync.cursors import advance, window_of
from accountpulse.core.sync.results import OnProgress, Progress, StreamResult
from accountpulse.core.sync.stage import Stage

if TYPE_CHECKING:
    from accountpulse.core.sync.engine import Source

STAGE_LIMIT = 5_000
QUARANTINE_LIMIT = 0.05
# A handful of bad records in a small stream is a matter for the list, not a reason to fail.
QUARANTINE_GRACE = 5
VANISH_LIMIT = 0.2
PROGRESS_STEP = 500


class StreamReader:
    """Reads a stream once; `read` may be called again after a fault and goes on from the last commit."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        source: Source,
        spec: StreamSpec,
        run_id: int,
        outcome: StreamResult,
        progressed: Callable[[], None],
        on_progress: OnProgress,
    ) -> None:
        self._store = store
        self._clock = clock
        self._source = source
        self._spec = spec
        self._run_id = run_id
        self._outcome = outcome
        self._progressed = progressed
        self._on_progress = on_progress
        self._keys = AccountKeys(source.id)
        self._zone = source.connector.context.zone
        self._place = f"stream {spec.name}"

    def read(self) -> None:
        """Read from the last commit to the end of the window."""
        state = self._begin()
        window = window_of(self._spec, state, self._clock.now())
        stage = Stage(self._place, self._spec.records)
        seen = self._outcome.read
        for item in getattr(self._source.connector, self._spec.method)(window):
            if self._source.connector.context.cancelled():
                raise Cancelled("the run was cancelled; it goes on from here next time")
            if isinstance(item, Checkpoint):
                self._commit(stage, state, window, item)
                stage = Stage(self._place, self._spec.records)
                continue
            stage.add(item)
            self._outcome.read += 1
            if self._outcome.read - seen >= PROGRESS_STEP:
                seen = self._outcome.read
                self._on_progress(Progress(self._source.name, self._spec.name, seen))
            if len(stage) >= STAGE_LIMIT:
                self._commit(stage, state, window, None)
                stage = Stage(self._place, self._spec.records)
        self._commit(stage, state, window, None)
        self._finish(state, window)

    def start_over(self, why: str) -> None:
        """Forget the cursor, so that the next read is a complete one; the gap is recorded."""
        with self._store.write() as connection:
            state = store_connections.stream(connection, self._source.id, self._spec.name)
            store_connections.update_stream(
                connection,
                self._source.id,
                self._spec.name,
                cursor=None,
                position=None,
                gap_from=state.position or state.last_success_at,
                message=f"history gap: full re-read ({why})",
            )

    def _begin(self) -> sa.Row[Any]:
        now = self._clock.now()
        with self._store.write() as connection:
            store_connections.update_stream(connection, self._source.id, self._spec.name, last_attempt_at=now, state="loading")
            return store_connections.stream(connection, self._source.id, self._spec.name)

    def _commit(self, stage: Stage, state: sa.Row[Any], window: Window, checkpoint: Checkpoint | None) -> None:
        """Store what is staged and, in the same transaction, the checkpoint."""
        if not stage and checkpoint is None:
            return
        outcome, spec = self._outcome, self._spec
        now = self._clock.now()
        self._guard_quarantine(stage)
        try:
            with self._store.write() as connection:
                today = day_of(now, self._zone)
                counts = stage.write(connection, self._keys, now, today, assumed=state.first_loaded_at is None)
                if spec.deletes == "snapshot":
                    for record in spec.records:
                        snapshots.remember(connection, self._run_id, schema_of(record).name, stage.seen(record))
                store_connections.release_from_quarantine(connection, self._source.id, spec.name, stage.understood())
                store_connections.put_in_quarantine(connection, self._source.id, spec.name, stage.invalid, now)
                if checkpoint is not None:
                    store_connections.update_stream(connection, self._source.id, spec.name, **advance(spec, checkpoint, window))
                if counts.opened or counts.closed:
                    bump(connection, "facts")
        except BaseException:
            self._keys.forget()
            raise
        outcome.opened += counts.opened
        outcome.closed += counts.closed
        outcome.unchanged += counts.unchanged
        outcome.quarantined += len(stage.invalid)
        self._progressed()
        self._on_progress(Progress(self._source.name, spec.name, outcome.read))

    def _finish(self, state: sa.Row[Any], window: Window) -> None:
        """The stream came to its end without a fault: what a complete read lacks is gone, the position is the window's end."""
        now = self._clock.now()
        message: str | None = None
        with self._store.write() as connection:
            if self._spec.deletes == "snapshot":
                message = self._delete_vanished(connection, now)
            store_connections.update_stream(
                connection,
                self._source.id,
                self._spec.name,
                position=window.until,
                first_loaded_at=state.first_loaded_at or now,
                last_success_at=now,
                state="ok",
                message=message,
            )
        self._outcome.message = message

    def _delete_vanished(self, connection: sa.Connection, now: datetime) -> str | None:
        for record in self._spec.records:
            name = schema_of(record).name
            gone, known = snapshots.vanished(connection, self._run_id, name, self._source.id)
            if gone and len(gone) > VANISH_LIMIT * known:
                store_connections.hold_deletes(connection, self._source.id, self._spec.name, len(gone), known, now)
                return (
                    f"{len(gone)} of {known} {name} records were not in the answer; that is more than a fifth, so nothing was "
                    "deleted: confirm it if it is right"
                )
            if gone:
                counts = delete_records(connection, name, gone, keys=self._keys, now=now)
                self._outcome.closed += counts.closed
                bump(connection, "facts")
        return None

    def _guard_quarantine(self, stage: Stage) -> None:
        bad = self._outcome.quarantined + len(stage.invalid)
        if bad > QUARANTINE_GRACE and bad > QUARANTINE_LIMIT * self._outcome.read:
            id, reason = next(iter(stage.invalid.items()), ("", ""))
            raise ConnectorError(
                f"{bad} of {self._outcome.read} records could not be understood, more than {QUARANTINE_LIMIT:.0%}; "
                f"nothing further was stored. The latest is {id}: {reason}"
            )
