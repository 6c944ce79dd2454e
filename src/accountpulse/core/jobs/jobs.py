"""The seam between asking for work and doing it: in this process here; a durable queue can take its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Protocol

from accountpulse.core.clock import Clock
from accountpulse.core.errors import NotFound
from accountpulse.core.identity.linker import LinkReport
from accountpulse.core.scoring.service import OnDay, ScoreReport, ScoringService
from accountpulse.core.store import connections as store_connections
from accountpulse.core.store.database import Store
from accountpulse.core.sync.engine import Source, SyncEngine
from accountpulse.core.sync.headway import Limits
from accountpulse.core.sync.inbox import drain
from accountpulse.core.sync.results import OnProgress, RunResult, StreamResult, silent
from accountpulse.core.sync.retry import RetryPolicy


class Jobs(Protocol):
    """The work there is. Each call does its work or hands it on, and is safe to repeat."""

    def run_sync(
        self,
        connection: str,
        streams: Sequence[str] | None = None,
        on_progress: OnProgress = silent,
        *,
        reset: bool = False,
        delete_vanished: bool = False,
        watched: bool = False,
    ) -> RunResult:
        """Read a connection's streams and apply what was pushed to it. Raises NotFound for an unknown name.

        reset: from the start. delete_vanished: a person confirmed that what a complete read lacks is gone.
        watched: nobody else would end a run whose vendor gives nothing any more.
        """
        ...

    def run_inbox(self, connection: str) -> StreamResult:
        """Apply what was pushed to a connection and waits, and read nothing else. Raises NotFound for an unknown name."""
        ...

    def run_linking(self) -> LinkReport:
        """Decide again which source accounts belong together, and refresh what is known of each account."""
        ...

    def run_scoring(
        self, until: date, *, since: date | None = None, full: bool = False, on_day: OnDay | None = None
    ) -> ScoreReport:
        """Score the days from `since` to `until`; of the current one everybody where `full`, else those who changed."""
        ...


class InProcessJobs:
    """Does the work at once, in the calling thread."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        retry: RetryPolicy,
        limits: Limits,
        sources: Mapping[str, Source],
        link: Callable[[], LinkReport],
        scoring: ScoringService,
    ) -> None:
        self._store = store
        self._clock = clock
        self._retry = retry
        self._limits = limits
        self._sources = sources
        self._link = link
        self._scoring = scoring

    def run_sync(
        self,
        connection: str,
        streams: Sequence[str] | None = None,
        on_progress: OnProgress = silent,
        *,
        reset: bool = False,
        delete_vanished: bool = False,
        watched: bool = False,
    ) -> RunResult:
        source = self._source(connection)
        declared = {spec.name for spec in source.connector.streams()}
        for stream in streams or ():
            if stream not in declared:
                known = ", ".join(sorted(declared)) or "none"
                raise NotFound(f"connection {connection!r} has no stream {stream!r}; it has: {known}")
        engine = SyncEngine(self._store, self._clock, retry=self._retry, limits=self._limits, on_progress=on_progress)
        result = engine.sync(source, streams, reset=reset, delete_vanished=delete_vanished, watched=watched)
        if source.connector.inbounds() and streams is None:
            result.streams.append(drain(self._store, self._clock, source, on_progress))
        return result

    def run_inbox(self, connection: str) -> StreamResult:
        source = self._source(connection)
        result = drain(self._store, self._clock, source)
        if not source.connector.streams():
            # No run tells how such a connection stands, and one each time would be a row for every few events.
            self._stands_well(source)
        return result

    def _stands_well(self, source: Source) -> None:
        now = self._clock.now()
        with self._store.read() as connection:
            row = store_connections.by_name(connection, source.name)
        if row.state != "ok" and store_connections.paused(row, now) is None:
            with self._store.write() as connection:
                store_connections.set_state(connection, source.id, "ok", now)

    def _source(self, connection: str) -> Source:
        source = self._sources.get(connection)
        if source is None:
            raise NotFound(f"there is no connection {connection!r}; there are: {', '.join(self._sources) or 'none'}")
        return source

    def run_linking(self) -> LinkReport:
        return self._link()

    def run_scoring(
        self, until: date, *, since: date | None = None, full: bool = False, on_day: OnDay | None = None
    ) -> ScoreReport:
        return self._scoring.run(until, since=since, full=full, on_day=on_day)
