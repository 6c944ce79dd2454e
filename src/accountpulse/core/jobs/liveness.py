"""Signs of life of this process, and what becomes of the jobs of those that give none.

The job engine's open core does not tell that a process died: without this its jobs would wait for ever, and keep others from
being asked for.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import sqlalchemy as sa

from accountpulse.core.clock import Clock
from accountpulse.core.observe.outage import StoreOutage
from accountpulse.core.store import leases
from accountpulse.core.store.database import Store
from accountpulse.core.sync.holding import this_process

log = logging.getLogger("accountpulse.jobs")

LATE: Final = 10
"""So many times longer than others wait for a sign of life: a database that is restarted is no reason to start anew."""


class Liveness:
    """Gives a sign of life now and then, from a thread. take_up: is told who is alive, and takes up what others left undone."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        every: timedelta,
        dead_after: timedelta,
        take_up: Callable[[set[str]], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._every = every.total_seconds()
        self._dead_after = dead_after
        self._take_up = take_up
        self._last = time.monotonic()
        self._stop = threading.Event()
        self._retired = threading.Event()
        self._thread = threading.Thread(target=self._run, name="liveness", daemon=True)

    def appear(self) -> None:
        """Give the first sign of life: what is done from here on has a living doer.

        Not yet as one that takes up what others left: one that never gets any further would keep the others from it.
        """
        self._beat(jobs=False)

    def start(self) -> None:
        """Go on giving them, and take up what others left undone."""
        self._thread.start()

    def heard(self) -> bool:
        """Whether a sign of life was given of late: else its thread hangs, or the store has been away for long."""
        return time.monotonic() - self._last < LATE * self._dead_after.total_seconds()

    def retire(self) -> None:
        """Take up nothing more; signs of life go on."""
        self._retired.set()

    def stop(self) -> None:
        """End in order."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        try:
            with self._store.write() as connection:
                leases.leave(connection, this_process())
        except sa.exc.SQLAlchemyError:
            log.warning("the store is away, and can't be told that this process ends; the others will see")

    def _run(self) -> None:
        trouble = StoreOutage(log, "no sign of life could be given")
        while not self._stop.is_set():
            try:
                living = self._beat(jobs=True)
                # One of those that do jobs takes up what is left: two at once would each begin the same job again.
                first = min(id for id, jobs in living.items() if jobs)
                if first == this_process().id and not self._retired.is_set():
                    self._take_up(set(living))
                trouble.over()
            except Exception as error:
                # A store that is away comes back; until then the others may take this process for dead, which costs no record.
                trouble.met(error)
            self._stop.wait(self._every)

    def _beat(self, *, jobs: bool) -> dict[str, bool]:
        with self._store.write() as connection:
            now = self._clock.now()
            leases.beat(connection, this_process(), now, jobs=jobs)
            living = leases.living(connection, now, self._dead_after)
        self._last = time.monotonic()
        return living
