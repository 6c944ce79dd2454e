"""What the API is asked to read is a job where workers do such, and outlives the process that took it."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from tests.core.jobs.test_worker import ask_engine
from tests.graphql.shop import HOST, TODAY
from tests.test_opening import settings_of

from accountpulse.core.clock import FixedClock
from accountpulse.core.jobs.queue import JobQueue
from accountpulse.core.jobs.requests import SyncRequest
from accountpulse.core.observe.freshness import Contracts
from accountpulse.core.observe.meters import served
from accountpulse.core.store.database import Store
from accountpulse.core.store.queued import queued
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


@pytest.mark.parametrize("store", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)], indirect=True)
def test_prometheus_is_told_how_many_jobs_wait(store: Store) -> None:
    assert queued(store) == {}, "there never was any"
    with JobQueue(store) as queue:
        assert queue.start(SyncRequest("files"))
        assert queue.start(SyncRequest("desk"))
        queue.score()
    with served(store, FixedClock(TODAY), Contracts(), "127.0.0.1", 0) as port:
        told = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text
    assert 'accountpulse_jobs{queue="syncs",state="waiting"} 2.0' in told
    assert 'accountpulse_jobs{queue="scorings",state="waiting"} 1.0' in told
    assert 'accountpulse_jobs{queue="scorings",state="running"} 0.0' in told
