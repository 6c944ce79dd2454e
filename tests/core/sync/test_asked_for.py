"""What operators ask for of a connection: reads in the background, one at a time, with their word on what is gone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.core.sync.vendor import Bench, account

from accountpulse.core.errors import NotFound
from accountpulse.core.jobs.background import Background
from accountpulse.core.jobs.requests import InThread, SyncRequest
from accountpulse.core.store import connections as store_connections
from accountpulse.core.trail import operator
from accountpulse.operations import Operations

ANN = operator("Ann")


def test_deletes_that_are_held_are_confirmed(bench: Bench) -> None:
    background = Background()

    def run(request: SyncRequest) -> None:
        assert (request.connection, request.stream) == (bench.name, "accounts")
        bench.run("accounts", reset=request.reset, delete_vanished=request.delete_vanished)

    operations = Operations(bench.store, bench.clock, InThread(background, run), metrics={}, scorers={})
    bench.vendor.accounts.put(*(account(f"{n:02}") for n in range(10)))
    bench.run("accounts")
    with pytest.raises(NotFound, match="no deletes"):
        operations.confirm_deletes(bench.name, "accounts", asker=ANN)
    bench.clock.advance(timedelta(minutes=1))
    bench.vendor.accounts.vanish(*(f"{n:02}" for n in range(5)))
    bench.run("accounts")
    assert len(bench.current("account")) == 10
    assert operations.confirm_deletes(bench.name, "accounts", asker=ANN)
    background.wait()
    assert len(bench.current("account")) == 5
    with bench.store.read() as connection:
        assert store_connections.held(connection, bench.source.id) == []
    background.close()


def test_what_fails_in_the_background_keeps_nothing_else_from_being_done() -> None:
    background, done = Background(), []
    assert background.start("broken", lambda: 1 / 0)
    assert background.start("good", lambda: done.append(1))
    background.wait()
    assert done == [1]
    assert not background.pending("broken")
    assert background.start("broken", lambda: done.append(2))
    background.wait()
    background.close()
    assert done == [1, 2]
