"""The scheduler and worker of one process: DBOS Transact does the scheduling, the queueing and the recovery.

A job holds ids, never payloads; how far a stream has been read is known by its cursor alone, so a job that is begun again goes
on where the last commit was. What is ours is only what the engine's open core lacks: telling the dead from the living
(`liveness.py`).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Final, Protocol, TypeVar

import sqlalchemy as sa
from dbos import DBOS, SetEnqueueOptions

from accountpulse.core.clock import Clock
from accountpulse.core.errors import AccountPulseError, describe_crash
from accountpulse.core.jobs.liveness import Liveness
from accountpulse.core.jobs.queue import AFTER_PAUSE, APPLICATION, SCORE, SYNC, VERSION
from accountpulse.core.jobs.requests import SyncRequest
from accountpulse.core.jobs.schedules import Schedule
from accountpulse.core.jobs.system import JsonSerializer, system_engine, system_url
from accountpulse.core.store.database import Store
from accountpulse.core.store.leases import DEAD_AFTER
from accountpulse.core.store.queued import SCORINGS, SYNCS
from accountpulse.core.sync.holding import this_process
from accountpulse.core.sync.results import RunResult

log = logging.getLogger("accountpulse.jobs")
T = TypeVar("T")

SYNCS_AT_ONCE: Final = 4
POLL: Final = 1.0
_PAUSES: Final = (1.0, 2.0, 5.0, 10.0, 30.0, *[60.0] * 15)
GRACE: Final = 25
"""How many seconds a shutdown waits for what is being read to reach its next commit."""


class Work(Protocol):
    """What jobs do. Each part is safe to repeat."""

    def read(self, request: SyncRequest) -> RunResult:
        """Read a connection, or one stream of it."""
        ...

    def link(self) -> object:
        """Decide again which source accounts belong together."""
        ...

    def score(self) -> object:
        """Score today."""
        ...

    def notify(self) -> object:
        """Tell others what the scoring changed."""
        ...


@dataclass(frozen=True, slots=True)
class Timing:
    """How often a process gives a sign of life, after how long without one it is taken for dead, how often queues are asked,
    after how long what found its connection taken is tried again, how often what is done is cleared away, how long it is kept.
    """

    beat: timedelta = timedelta(seconds=5)
    dead_after: timedelta = DEAD_AFTER
    poll: float = POLL
    again: float = 10.0
    tidy: float = 3600.0
    kept: timedelta = timedelta(days=7)


class _Stopped(BaseException):
    """Leaves a job undone, so that another process takes it up: the engine notes exceptions, and lets this one pass."""


class Worker:
    """Runs schedules and jobs while the context lasts. There is one in a process: the engine has one state for it.

    schedules: when each connection is read; scoring: when everybody is scored besides. stopping: is set when the process ends,
    and makes connectors stop at their next record.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        work: Work,
        *,
        schedules: Mapping[str, Schedule],
        scoring: Schedule | None,
        stopping: threading.Event,
        timing: Timing | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._work = work
        self._schedules = schedules
        self._scoring = scoring
        self._stopping = stopping
        self._timing = timing or Timing()
        self._busy = 0
        self._lock = threading.Lock()
        self._tidied = time.monotonic()
        self._liveness = Liveness(store, clock, self._timing.beat, self._timing.dead_after, self._tend)

    def __enter__(self) -> Worker:
        url = system_url(self._store)
        _hear_the_engine()
        self._liveness.appear()
        DBOS(
            config={
                "name": APPLICATION,
                "system_database_url": url,
                "system_database_engine": system_engine(url),
                "serializer": JsonSerializer(),
                "application_version": VERSION,
                "executor_id": this_process().id,
                "log_level": "ERROR",
                "scheduler_polling_interval_sec": 30.0,
            }
        )
        try:
            self._define()
            DBOS.launch()
            DBOS.register_queue(SYNCS, worker_concurrency=SYNCS_AT_ONCE, polling_interval_sec=self._timing.poll)
            # Linking and scoring concern the whole store, so there is one at a time anywhere.
            DBOS.register_queue(SCORINGS, global_concurrency=1, polling_interval_sec=self._timing.poll)
            self._apply_schedules()
            self._liveness.start()
        except BaseException:
            DBOS.destroy(destroy_registry=True)
            self._liveness.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stopping.set()
        self._liveness.retire()
        DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=GRACE if self._busy else 0)
        # Last: from here on the others may take up what this process left undone.
        self._liveness.stop()

    def alive(self) -> bool:
        """Whether it gave a sign of life of late; the answer is for whoever would start it anew."""
        return self._liveness.heard()

    # --- the jobs -------------------------------------------------------------------------------------------------------

    def _define(self) -> None:
        """Register the jobs by names that stay: what was asked for under one is done under it, also by a newer program."""

        @DBOS.workflow(name=SYNC, max_recovery_attempts=None)
        def sync(wanted: dict[str, Any]) -> str:
            request = SyncRequest(**wanted)
            ended = DBOS.run_step({"name": "read"}, self._read, request)
            while ended["state"] == "busy" and (request.reset or request.delete_vanished):
                # Whoever reads it now was not asked for that.
                DBOS.sleep(self._timing.again)
                ended = DBOS.run_step({"name": "read"}, self._read, request)
            if ended["go_on_at"] is not None:
                self._enqueue_sync(request, DBOS.run_step({"name": "wait"}, self._seconds_until, ended["go_on_at"]))
            if ended["read"]:
                self._enqueue_scoring()
            return str(ended["state"])

        @DBOS.workflow(name=SCORE, max_recovery_attempts=None)
        def score() -> str:
            if DBOS.run_step({"name": "is another due"}, _scoring_waits):
                return "left to the next"
            DBOS.run_step({"name": "link"}, self._done, self._work.link)
            DBOS.run_step({"name": "score"}, self._done, self._work.score)
            DBOS.run_step({"name": "notify"}, self._done, self._work.notify)
            return "ok"

        @DBOS.workflow(name="due", max_recovery_attempts=None)
        def due(at: datetime, what: dict[str, str]) -> str:
            if Schedule(what["cron"], what["time_zone"]).repeats(at):
                return "the hour that clocks go through twice"
            return self._enqueue_sync(SyncRequest(what["connection"])) if "connection" in what else self._enqueue_scoring()

        self._jobs: dict[str, Callable[..., str]] = {SYNC: sync, SCORE: score, "due": due}

    def _apply_schedules(self) -> None:
        wanted: list[Any] = [self._entry(f"sync:{name}", each, connection=name) for name, each in self._schedules.items()]
        if self._scoring is not None:
            wanted.append(self._entry("score", self._scoring))
        names = {entry["schedule_name"] for entry in wanted}
        for known in DBOS.list_schedules():
            if known["schedule_name"] not in names:
                DBOS.delete_schedule(known["schedule_name"])
        if wanted:
            DBOS.apply_schedules(wanted)

    def _entry(self, name: str, schedule: Schedule, **what: str) -> dict[str, object]:
        return {
            "schedule_name": name,
            "workflow_fn": self._jobs["due"],
            # Five fields: with six the engine takes the first for seconds.
            "schedule": schedule.cron,
            "cron_timezone": schedule.time_zone,
            "context": {**what, "cron": schedule.cron, "time_zone": schedule.time_zone},
        }

    def _enqueue_sync(self, request: SyncRequest, delay: float | None = None) -> str:
        # One a connection that waits or runs, and one that goes on after a pause: so what is slow does not pile up.
        key = request.connection if delay is None else request.connection + AFTER_PAUSE
        with SetEnqueueOptions(deduplication_id=key, duplication_policy="return-existing", delay_seconds=delay):
            return DBOS.enqueue_workflow(SYNCS, self._jobs[SYNC], asdict(request)).workflow_id

    def _enqueue_scoring(self) -> str:
        return DBOS.enqueue_workflow(SCORINGS, self._jobs[SCORE]).workflow_id

    # --- their steps ----------------------------------------------------------------------------------------------------

    def _read(self, request: SyncRequest) -> dict[str, Any]:
        result = self._patiently(lambda: self._work.read(request))
        if result.state == "cancelled":
            self._stop_if_stopping()
        log.info("%s: %s", request.connection, result.state)
        # A run that only met a pause has no streams: whoever paused it says when it goes on.
        go_on_at = result.paused_until if result.streams else None
        return {"state": result.state, "go_on_at": go_on_at, "read": result.state not in ("busy", "replaced")}

    def _seconds_until(self, at: datetime) -> float:
        return max(0.0, (at - self._clock.now()).total_seconds())

    def _done(self, part: Callable[[], object]) -> None:
        self._patiently(part)

    def _patiently(self, part: Callable[[], T]) -> T:
        """Do a part of a job, and again while its trouble is the database, which went away or has no room: that passes."""
        for pause in (*_PAUSES, None):
            try:
                with self._at_work():
                    return part()
            except sa.exc.OperationalError as error:
                log.error("a job waits: %s", describe_crash(error, "AccountPulse"))
                if pause is None:
                    raise
            self._stopping.wait(pause)
        raise AssertionError("the last attempt returned or raised")

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        self._stop_if_stopping()
        with self._lock:
            self._busy += 1
        try:
            yield
        except sa.exc.OperationalError:
            raise
        except Exception as error:
            log.error(
                "a job failed: %s", error if isinstance(error, AccountPulseError) else describe_crash(error, "AccountPulse")
            )
            raise
        finally:
            with self._lock:
                self._busy -= 1

    def _tend(self, living: set[str]) -> None:
        _take_up(living)
        if time.monotonic() - self._tidied >= self._timing.tidy:
            self._tidied = time.monotonic()
            _clear_away(self._clock.now() - self._timing.kept)

    def _stop_if_stopping(self) -> None:
        if self._stopping.is_set():
            raise _Stopped


class _Forward(logging.Handler):
    """What the engine has to say goes where our own log goes, whose handlers leave secrets out."""

    def emit(self, record: logging.LogRecord) -> None:
        log.log(record.levelno, "%s", record.getMessage())


def _hear_the_engine() -> None:
    engine = logging.getLogger("dbos")
    engine.propagate = False
    if not engine.handlers:  # else it adds one of its own
        engine.addHandler(_Forward(logging.ERROR))


def _scoring_waits() -> bool:
    waiting = DBOS.list_workflows(queue_name=SCORINGS, status="ENQUEUED", load_input=False, load_output=False, limit=1)
    return bool(waiting)


def _take_up(living: set[str]) -> None:
    """Let what processes left undone that are not alive be done by others."""
    for job in DBOS.list_workflows(status="PENDING", load_input=False, load_output=False):
        if job.executor_id not in living:
            log.warning("%s (%s) was left undone by %s; it goes on", job.name, job.workflow_id, job.executor_id)
            DBOS.resume_workflow(job.workflow_id, queue_name=job.queue_name)


def _clear_away(before: datetime) -> None:
    """Forget the jobs that were done by then: the engine never does, and a schedule makes some each time that it is due."""
    while done := DBOS.list_workflows(completed_before=before.isoformat(), load_input=False, load_output=False, limit=500):
        DBOS.delete_workflows([job.workflow_id for job in done])
