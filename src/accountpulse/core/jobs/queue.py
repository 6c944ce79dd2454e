"""Asking for jobs from outside a worker: what is asked for is kept, and done by whichever worker is free."""

from __future__ import annotations

from dataclasses import asdict
from types import TracebackType
from typing import Final

from dbos import DBOS, DBOSClient, EnqueueOptions
from dbos import error as engine_errors

from accountpulse.core.jobs.requests import SyncRequest
from accountpulse.core.jobs.system import JsonSerializer, system_engine, system_url
from accountpulse.core.store.database import Store
from accountpulse.core.store.queued import SCORINGS, SYNCS

APPLICATION: Final = "accountpulse"
VERSION: Final = "1"
"""The version of the jobs, which is not that of the program: only what is of one version is taken up again. A new one is due
when a job's steps change, and then only."""

SYNC: Final = "sync"
SCORE: Final = "score"
WAITING: Final = ["ENQUEUED", "DELAYED"]
AFTER_PAUSE: Final = " after its pause"


class JobQueue:
    """Requests that outlive the process which takes them. A context manager."""

    def __init__(self, store: Store) -> None:
        """Raises StoreError for a store in memory."""
        self._url = system_url(store)
        self._engine = system_engine(self._url)

    def __enter__(self) -> JobQueue:
        # No worker may have been started yet.
        DBOS.migrate(self._url)
        self._client = DBOSClient(
            system_database_url=self._url,
            system_database_engine=self._engine,
            serializer=JsonSerializer(),
            application_name=APPLICATION,
            # Whoever asks is told that it can't be noted, instead of waiting until it can.
            retry_connection_errors=False,
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._client.destroy()
        if self._engine is not None:
            self._engine.dispose()

    def start(self, request: SyncRequest) -> bool:
        options: EnqueueOptions = {
            "workflow_name": SYNC,
            "queue_name": SYNCS,
            "app_version": VERSION,
            "deduplication_id": request.connection,
        }
        try:
            self._client.enqueue(options, asdict(request))
        except engine_errors.DBOSQueueDeduplicatedError:
            return False
        return True

    def score(self) -> None:
        """Let those be scored whose facts changed; one that waits already sees to it."""
        if not self._client.list_workflows(
            queue_name=SCORINGS, status="ENQUEUED", load_input=False, load_output=False, limit=1
        ):
            self._client.enqueue({"workflow_name": SCORE, "queue_name": SCORINGS, "app_version": VERSION})

    def pending(self, connection: str) -> bool:
        return bool(self._of(connection, ["ENQUEUED", "PENDING"]))

    def drop(self, connection: str) -> bool:
        waiting = self._of(connection, WAITING)
        for id in waiting:
            self._client.cancel_workflow(id)
        return bool(waiting)

    def _of(self, connection: str, states: list[str]) -> list[str]:
        found = self._client.list_workflows(queue_name=SYNCS, status=states, load_output=False)
        return [job.workflow_id for job in found if job.input and job.input["args"][0]["connection"] == connection]
