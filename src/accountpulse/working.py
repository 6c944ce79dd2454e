"""The scheduler and worker of this process, for `accountpulse serve` and `accountpulse worker`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accountpulse.core.jobs.queue import JobQueue
    from accountpulse.core.jobs.worker import Timing, Worker
    from accountpulse.hub import Hub


def worker_of(hub: Hub, timing: Timing | None = None) -> Worker:
    """What does the scheduled work of a hub while it is entered."""
    # Importing the job engine takes more than a second of CPU, which no other command should pay.
    from accountpulse.core.jobs.worker import Worker

    return Worker(
        hub.store,
        hub.clock,
        hub,
        schedules=hub.settings.schedules,
        scoring=hub.settings.scoring_schedule,
        stopping=hub.stopping,
        timing=timing,
    )


@contextmanager
def asking_workers(hub: Hub) -> Iterator[JobQueue]:
    """While the context lasts, let what somebody asks to be read be kept, and done by a worker, this process's or another."""
    from accountpulse.core.jobs.queue import JobQueue

    before = hub.operations.requests
    with JobQueue(hub.store) as queue:
        hub.operations.requests = queue
        try:
            yield queue
        finally:
            hub.operations.requests = before


def has_workers(hub: Hub) -> bool:
    """Whether any process that does jobs is alive."""
    from accountpulse.core.store import leases

    with hub.store.read() as connection:
        return any(leases.alive(connection, hub.clock.now()).values())
