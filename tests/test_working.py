"""What the API is asked to read is a job where workers do such, and outlives the process that took it."""

from __future__ import annotations

from pathlib import Path

from tests.core.jobs.test_worker import ask_engine
from tests.graphql.shop import HOST, TODAY
from tests.test_opening import settings_of

from accountpulse.core.clock import FixedClock
from accountpulse.core.jobs.queue import JobQueue
from accountpulse.core.trail import operator
from accountpulse.hub import Hub
from accountpulse.testing.stores import fresh_store
from accountpulse.working import asking_workers, has_workers

ANN = operator("Ann")


def test_what_is_asked_for_waits_for_a_worker_whoever_took_it(tmp_path: Path) -> None:
    with fresh_store(tmp_path) as store:
        settings = settings_of(store, tmp_path)
        with Hub.open(settings, host=HOST, clock=FixedClock(TODAY)) as hub, asking_workers(hub):
            assert not has_workers(hub)
            assert hub.operations.sync("files", None, asker=ANN)
            assert not hub.operations.sync("files", None, asker=ANN)
        with JobQueue(store) as queue:
            assert queue.pending("files")
            assert not queue.pending("desk")
        with Hub.open(settings, host=HOST, clock=FixedClock(TODAY)) as hub, asking_workers(hub):
            assert hub.operations.cancel("files", asker=ANN)
            assert not hub.operations.cancel("files", asker=ANN)
            assert hub.operations.sync("files", None, asker=ANN)


def test_of_scorings_that_are_asked_for_one_waits(tmp_path: Path) -> None:
    with fresh_store(tmp_path) as store, JobQueue(store) as first, JobQueue(store) as second:
        for queue in (first, second, first):
            queue.score()
        assert ask_engine(store, "select name, queue_name, status from workflow_status") == [("score", "scorings", "ENQUEUED")]
