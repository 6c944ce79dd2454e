"""The sync engine: hands streams their windows, stages what they yield, and commits records and checkpoints together.

It owns time, retry and state. No transaction is open while a connector runs. Facts may be committed ahead of their checkpoint,
never behind it; writes are idempotent, so whatever is read twice is stored once.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from accountpulse.core.clock import Clock
from accountpulse.core.errors import (
    AccountPulseError,
    AuthError,
    Busy,
    Cancelled,
    ConfigError,
    ConnectorError,
    CursorExpired,
    LeaseLost,
    NotFound,
    PermissionMissing,
    RateLimited,
    Stalled,
    describe_crash,
)
from accountpulse.core.garbage import fewer_collections
from accountpulse.core.observe.about import about
from accountpulse.core.observe.trace import span
from accountpulse.core.store import connections as store_connections
from accountpulse.core.store import leases
from accountpulse.core.store.database import Store
from accountpulse.core.store.leases import Lease
from accountpulse.core.store.revisions import bump
from accountpulse.core.sync.batch import ENOUGH
from accountpulse.core.sync.connector import Connector, ConnectorConfig, StreamSpec
from accountpulse.core.sync.headway import Headway, Limits
from accountpulse.core.sync.holding import holding, take
from accountpulse.core.sync.reader import StreamReader
from accountpulse.core.sync.results import OnProgress, Progress, RunEnd, RunResult, StreamEnd, StreamResult, silent
from accountpulse.core.sync.retry import Attempts, RetryPolicy
from accountpulse.core.sync.sweep import begin_again
from accountpulse.core.sync.watching import in_time


@dataclass(frozen=True, slots=True)
class Source:
    """A connection ready to be read: its id and name in the store, and its connector.

    cancel: set while a run of it is to stop at its next record.
    """

    id: int
    name: str
    connector: Connector[ConnectorConfig]
    cancel: threading.Event = field(default_factory=threading.Event, repr=False, compare=False)


log = logging.getLogger("accountpulse.sync")

# These concern the whole connection: its other streams would meet the same wall.
_STOPS_CONNECTION: frozenset[StreamEnd] = frozenset({"needs_reauth", "misconfigured", "paused", "cancelled"})

NO_TIME = timedelta(0)
# No quota runs longer than a day; a header that says so must not switch a connection off for good.
LONGEST_PAUSE = timedelta(days=1)


class SyncEngine:
    """Runs connections against a store."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        retry: RetryPolicy | None = None,
        limits: Limits | None = None,
        on_progress: OnProgress = silent,
        enough: int = ENOUGH,
    ) -> None:
        """enough: how many records are worth a transaction, see `batch`."""
        self._store = store
        self._clock = clock
        self._retry = retry or RetryPolicy()
        self._limits = limits or Limits()
        self._on_progress = on_progress
        self._enough = enough
        self._reading: StreamResult | None = None

    def sync(
        self,
        source: Source,
        streams: Sequence[str] | None = None,
        *,
        delete_vanished: bool = False,
        reset: bool = False,
        watched: bool = False,
    ) -> RunResult:
        """Read a connection's streams, all or the named ones. Faults end up in the result, not as exceptions.

        A connection that the vendor told to wait is not asked before its time: the result is `paused`, and no run is written.
        Nor is one that another living runner reads: the result is `busy`. A runner that another one replaced meanwhile writes
        nothing more: `replaced`.
        delete_vanished: a person confirmed a held snapshot, so what this read lacks is deleted, however much it is.
        watched: a vendor that gives nothing for long is left alone (`stalled`), instead of being waited for.
        reset: read from the start, whatever was read before; unchanged records keep their versions, see `begin_again`.
        Raises NotFound for a stream that the connector doesn't have.
        """
        chosen = chosen_streams(source, streams)
        result = RunResult(connection=source.name)
        try:
            run_id, held = self._begin(source, chosen, reset, result)
        except Busy as busy:
            result.state, result.message = "busy", str(busy)
            return result
        if run_id is None:
            return result
        with holding(self._store, self._clock, run_id, held, source.cancel):
            try:
                if watched:
                    return self._watch(source, chosen, run_id, held, result, delete_vanished)
                self._read(source, chosen, run_id, held, result, delete_vanished)
            except LeaseLost as lost:
                # The run is closed, and its connection spoken for, by whoever took over.
                result.state, result.message = "replaced", str(lost)
        return result

    def _watch(
        self,
        source: Source,
        chosen: Sequence[StreamSpec],
        run_id: int,
        held: Mapping[str, Lease],
        result: RunResult,
        delete_vanished: bool,
    ) -> RunResult:
        def told_to_stop() -> bool:
            return source.cancel.is_set() or source.connector.context.cancelled()

        ended = in_time(
            lambda: self._read(source, chosen, run_id, held, result, delete_vanished),
            signs=lambda: (len(result.streams), self._reading and (self._reading.read, self._reading.opened)),
            silence=self._limits.silence,
            told_to_stop=told_to_stop,
        )
        if ended:
            return result
        stopped, minutes = told_to_stop(), self._limits.silence.total_seconds() / 60
        # What was left behind may still come back, and change its result: it is told apart from this one, and fenced off.
        given_up = RunResult(source.name, "cancelled" if stopped else "stalled", streams=list(result.streams))
        given_up.message = (
            "it was told to stop, and did not"
            if stopped
            else f"the vendor gave nothing for {minutes:g} minutes (sync.silent_minutes); the next run goes on from here"
        )
        with self._store.write() as connection:
            store_connections.lock(connection, source.id)
            for lease in held.values():
                leases.confirm(connection, lease)
            leases.fence(connection, source.id, held)
        self._close(source, run_id, {}, given_up)
        return given_up

    def _begin(
        self, source: Source, chosen: Sequence[StreamSpec], reset: bool, result: RunResult
    ) -> tuple[int | None, dict[str, Lease]]:
        """Write that a run begins, and take its leases; None where the connection rests. Raises Busy."""
        now = self._clock.now()
        with self._store.write() as connection:
            store_connections.lock(connection, source.id)
            row = store_connections.by_name(connection, source.name)
            if store_connections.paused(row, now) is not None:
                result.state, result.message, result.paused_until = "paused", row.message, row.paused_until
                return None, {}
            run_id = store_connections.begin_run(connection, source.id, now)
            held = take(connection, self._store, self._clock, source.id, [spec.name for spec in chosen], run_id)
            if reset:
                begin_again(connection, source.id, source.connector.streams(), chosen, run_id)
            bump(connection, "operations")
        return run_id, held

    def _read(
        self,
        source: Source,
        chosen: Sequence[StreamSpec],
        run_id: int,
        held: Mapping[str, Lease],
        result: RunResult,
        delete_vanished: bool,
    ) -> None:
        headway = Headway(self._clock, self._limits)
        with fewer_collections():
            for spec in chosen:
                outcome = self._reading = StreamResult(stream=spec.name)
                with about(connection=source.name, run=run_id, stream=spec.name), span("sync.stream"):
                    until = self._sync_stream(source, spec, run_id, held[spec.name], headway, outcome, delete_vanished)
                    log.info("%s: %s read, %s changed", outcome.state, outcome.read, outcome.opened)
                result.streams.append(outcome)
                self._on_progress(Progress(source.name, spec.name, outcome.read, done=True, state=outcome.state))
                if outcome.state in _STOPS_CONNECTION:
                    result.paused_until = until
                    break
        result.state, result.message = _verdict(result.streams)
        self._close(source, run_id, held, result)

    def _sync_stream(
        self,
        source: Source,
        spec: StreamSpec,
        run_id: int,
        lease: Lease,
        headway: Headway,
        outcome: StreamResult,
        delete_vanished: bool,
    ) -> datetime | None:
        """Read one stream to its end or to a fault; returns until when to pause, if so."""
        attempts = Attempts(self._retry, logging.getLogger(f"accountpulse.connection.{source.name}.{spec.name}"))
        reader = StreamReader(
            self._store,
            self._clock,
            source,
            spec,
            run_id,
            lease,
            headway,
            outcome,
            attempts.progressed,
            self._on_progress,
            delete_all=delete_vanished,
            enough=self._enough,
        )
        paused_until: datetime | None = None
        try:
            try:
                attempts.run(reader.read)
            except CursorExpired as expired:
                reader.start_over(str(expired))
                attempts.run(reader.read)
        except LeaseLost:
            raise
        except AuthError as error:
            outcome.state, outcome.message = "needs_reauth", str(error)
        except ConfigError as error:
            outcome.state, outcome.message = "misconfigured", str(error)
        except PermissionMissing as error:
            outcome.state, outcome.message = "skipped", str(error)
        except RateLimited as error:
            wait = self._retry.ceiling if error.retry_after is None else error.retry_after
            paused_until = self._clock.now() + min(max(wait, NO_TIME), LONGEST_PAUSE)
            outcome.state, outcome.message = "paused", f"{error}; goes on after {paused_until:%Y-%m-%d %H:%M} UTC"
        except Cancelled as error:
            outcome.state, outcome.message = "cancelled", str(error)
        except Stalled as error:
            outcome.state, outcome.message = "stalled", str(error)
        except ConnectorError as error:
            outcome.state, outcome.message = "failed", str(error)
        except AccountPulseError as error:
            # Such as a missing extra: a person must act, and the message says how.
            outcome.state, outcome.message = "misconfigured", str(error)
        except (Exception, SystemExit) as error:
            # A connector's bug costs its stream only, also where it takes itself for the whole program. The text of a foreign
            # exception may hold a secret, so only its kind and place are kept.
            outcome.state, outcome.message = "failed", describe_crash(error, "the connector")
        outcome.retries = attempts.retries
        with self._store.write() as connection:
            store_connections.lock(connection, source.id)
            leases.confirm(connection, lease)
            if outcome.state != "ok":
                store_connections.update_stream(connection, source.id, spec.name, state=outcome.state, message=outcome.message)
            store_connections.record_stream(
                connection,
                run_id,
                spec.name,
                read=outcome.read,
                opened=outcome.opened,
                closed=outcome.closed,
                unchanged=outcome.unchanged,
                quarantined=outcome.quarantined,
                retries=outcome.retries,
                state=outcome.state,
                message=outcome.message,
            )
            bump(connection, "operations")
        return paused_until

    def _close(self, source: Source, run_id: int, held: Mapping[str, Lease], result: RunResult) -> None:
        now = self._clock.now()
        with self._store.write() as connection:
            store_connections.lock(connection, source.id)
            for lease in held.values():
                leases.confirm(connection, lease)
            store_connections.end_run(connection, run_id, result.state, result.message, now)
            if store_connections.paused(store_connections.by_name(connection, source.name), now) is not None:
                return  # somebody paused it meanwhile: no run begins while it rests
            store_connections.set_state(
                connection, source.id, result.state, now, message=result.message, paused_until=result.paused_until
            )


def chosen_streams(source: Source, names: Sequence[str] | None) -> list[StreamSpec]:
    """The streams of a connection, all or the named ones, in the order of their declaration. Raises NotFound."""
    specs = source.connector.streams()
    known = [spec.name for spec in specs]
    for name in names or ():
        if name not in known:
            raise NotFound(f"connection {source.name!r} has no stream {name!r}; it has: {', '.join(known) or 'none'}")
    return [spec for spec in specs if names is None or spec.name in names]


def _verdict(streams: Sequence[StreamResult]) -> tuple[RunEnd, str | None]:
    """The state of a run from the states of its streams, with the first message that matters."""
    message = next((f"{s.stream}: {s.message}" for s in streams if s.message), None)
    for state in ("needs_reauth", "misconfigured", "cancelled", "paused", "stalled"):
        if any(s.state == state for s in streams):
            return state, message
    ended_well = [s for s in streams if s.state == "ok"]
    if len(ended_well) == len(streams):
        return "ok", message
    return ("partial" if ended_well else "failed"), message
