"""Real worker processes, as an operator starts them: `accountpulse worker`, until something kills them.

Several share nothing but the database and what is read: each has a folder of its own with its configuration, in which it is
started and which is its home. The last one is a host of its own, by its name, where this machine allows that.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from dbos import DBOSClient

from accountpulse.config.settings import DEFAULT_PATH, PATH_VARIABLE
from accountpulse.core.jobs.queue import APPLICATION, JobQueue
from accountpulse.core.jobs.requests import SyncRequest
from accountpulse.core.jobs.system import JsonSerializer, system_engine, system_url
from accountpulse.core.store import leases
from accountpulse.core.store.database import Store
from accountpulse.core.store.queued import SCORINGS, SYNCS

BEYOND_THE_LEASE = 60.0
"""Seconds after which a job must have been taken up that a dead process left, another being there: twice what a sign of life is
waited for."""
PATIENCE = 900.0
GLANCE = 0.05
"""Seconds between two looks at the jobs: the shortest last hardly longer."""
IDLE = "nothing"


class Fleet:
    """Some workers on one store, and the jobs that they are given. A context manager."""

    def __init__(self, store: Store, configuration: Path, size: int, chance: random.Random, log: Path) -> None:
        self._store = store
        self._configuration = configuration
        self._chance = chance
        self._log = log.open("ab")
        self._workers: list[subprocess.Popen[bytes] | None] = [None] * size
        self._ready: dict[int, float] = {}
        self.given_up: set[int] = set()
        self._folders = [self._folder_of(n) for n in range(size)]
        self._far = size - 1 if size > 1 else None
        self._apart = ["unshare", "--uts", "sh", "-c", 'hostname far-away && exec "$@"', "sh"] if _may_rename() else []
        self._queue = JobQueue(store)
        self._orphaned: dict[str, float] = {}
        self.stuck: set[str] = set()
        self.during: Counter[str] = Counter()

    def __enter__(self) -> Fleet:
        self._queue.__enter__()
        url = system_url(self._store)
        self._engine = system_engine(url)
        self._jobs = DBOSClient(
            system_database_url=url,
            system_database_engine=self._engine,
            serializer=JsonSerializer(),
            application_name=APPLICATION,
        )
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            if worker is not None:
                worker.kill()
                worker.wait()
        self._jobs.destroy()
        if self._engine is not None:
            self._engine.dispose()
        self._queue.__exit__(None, None, None)
        self._log.close()

    def ask(self, *connections: str) -> None:
        for name in connections:
            self._queue.start(SyncRequest(name))

    def start(self) -> None:
        """Let every worker run that is not given up."""
        for n, worker in enumerate(self._workers):
            if n not in self.given_up and (worker is None or worker.poll() is not None):
                self._start(n)

    def kill_one(self, *, for_good: bool = False) -> bool:
        """Kill one that is doing a job, without a word; False where none is. for_good: the one on the other host, which is
        otherwise left alone: that it is dead shows half a minute later only."""
        doing = {n: self._doing(each.pid) for n, each in enumerate(self._workers) if each is not None}
        busy = [n for n, what in doing.items() if what != IDLE and (n == self._far) == for_good]
        if not busy:
            return False
        n = self._chance.choice(busy)
        worker = self._workers[n]
        assert worker is not None
        self.during[doing[n]] += 1
        worker.kill()
        worker.wait()
        self._workers[n] = None
        self._ready.pop(n, None)
        if for_good:
            self.given_up.add(n)
        return True

    def wait_for_work(self) -> bool:
        """Until a job is being done; False where none is left to do."""
        return self._until(lambda jobs: not jobs or self._somebody_works()) and self._somebody_works()

    def wait_until_done(self) -> bool:
        """Until no job waits or is being done; False where some never end."""
        return self._until(lambda jobs: not jobs)

    def pause(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._look()
            time.sleep(min(left, GLANCE))

    def undone(self) -> int:
        return sum(self._look().values())

    def _start(self, n: int) -> None:
        folder = self._folders[n]
        command = [sys.executable, "-P", "-m", "accountpulse", "worker", "--json"]
        worker = subprocess.Popen(
            [*self._apart, *command] if n == self._far else command,
            cwd=folder,
            env={**os.environ, "HOME": str(folder), "TMPDIR": str(folder), PATH_VARIABLE: str(DEFAULT_PATH)},
            stdout=subprocess.PIPE,
            stderr=self._log,
            stdin=subprocess.DEVNULL,
        )
        self._workers[n] = worker
        threading.Thread(target=self._listen, args=(n, worker), daemon=True).start()

    def _folder_of(self, n: int) -> Path:
        """A host's own files. What vendors hold, here a folder of tables, is theirs, and the same for all."""
        source = self._configuration.parent
        folder = source / f"host{n}"
        folder.mkdir()
        for name in (self._configuration.name, "token"):
            shutil.copy(source / name, folder / name)
        shutil.copytree(source / "models", folder / "models")
        for table in source.glob("*.csv"):
            (folder / table.name).symlink_to(table)
        return folder

    def _listen(self, n: int, worker: subprocess.Popen[bytes]) -> None:
        assert worker.stdout is not None
        with worker.stdout as said:
            if said.readline():
                self._ready[n] = time.monotonic()
            said.read()

    def _until(self, met: Callable[[Mapping[str, int]], bool]) -> bool:
        """Jobs by state; see that none is orphaned too long meanwhile. False after too long, or where a worker ended."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            jobs = self._look()
            if met(jobs):
                return True
            for n, worker in enumerate(self._workers):
                if worker is not None and worker.poll() is not None and n not in self.given_up:
                    raise RuntimeError(f"a worker ended by itself with code {worker.returncode}; see {self._log.name}")
            time.sleep(GLANCE)
        return False

    def _look(self) -> Mapping[str, int]:
        """How many jobs are undone, by state; notes those whose doer is dead and that nobody takes up."""
        jobs = self._jobs.list_workflows(
            queue_name=[SYNCS, SCORINGS], status=["ENQUEUED", "PENDING"], load_input=False, load_output=False
        )
        now = time.monotonic()
        with self._store.read() as connection:
            living = leases.alive(connection, datetime.now(UTC))
        orphans = {job.workflow_id for job in jobs if job.status == "PENDING" and job.executor_id not in living}
        somebody_since = min(self._ready.values(), default=now)
        self._orphaned = {id: max(self._orphaned.get(id, now), somebody_since) for id in orphans}
        self.stuck |= {id for id, since in self._orphaned.items() if now - since > BEYOND_THE_LEASE}
        return Counter(str(job.status) for job in jobs)

    def _somebody_works(self) -> bool:
        return any(self._doing(each.pid) != IDLE for each in self._workers if each is not None)

    def _doing(self, pid: int) -> str:
        jobs = self._jobs.list_workflows(queue_name=[SYNCS, SCORINGS], status="PENDING", load_input=False, load_output=False)
        kinds = {job.name for job in jobs if str(pid) == str(job.executor_id).split(":")[-2]}
        return " and ".join(sorted(kinds)) or IDLE


def _may_rename() -> bool:
    """Whether a process may have a host's name of its own here."""
    try:
        return subprocess.run(["unshare", "--uts", "hostname", "far-away"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
