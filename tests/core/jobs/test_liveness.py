"""Who shows signs of life, and who takes up what the dead left."""

from __future__ import annotations

import threading
from datetime import timedelta

from accountpulse.core.clock import SystemClock
from accountpulse.core.jobs.liveness import Liveness
from accountpulse.core.store import leases
from accountpulse.core.store.database import Store
from accountpulse.core.sync.holding import this_process


def test_who_only_begins_is_alive_and_keeps_nobody_from_taking_up(store: Store) -> None:
    taken_up, told = threading.Event(), list[set[str]]()

    def take_up(living: set[str]) -> None:
        told.append(living)
        taken_up.set()

    def alive() -> dict[str, bool]:
        with store.read() as connection:
            return leases.alive(connection, SystemClock().now())

    me = this_process().id
    liveness = Liveness(store, SystemClock(), timedelta(seconds=60), timedelta(seconds=30), take_up)
    liveness.appear()
    assert alive() == {me: False}
    assert not taken_up.is_set()
    liveness.start()
    assert taken_up.wait(60)
    assert (told, alive(), liveness.heard()) == ([{me}], {me: True}, True)
    liveness.stop()
    assert alive() == {}
