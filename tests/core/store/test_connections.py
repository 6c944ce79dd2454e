"""Connections of the configuration in the store."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from tests.waiting import somebody_waits

from accountpulse.core.store.connections import ConnectionSpec, register
from accountpulse.core.store.database import Store

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
DESK = ConnectionSpec(name="desk", connector="tickets", priority=0, anchor=False, provides=("ticket",), streams={})


def registered(store: Store) -> dict[str, int]:
    with store.write() as connection:
        return register(connection, [DESK], NOON)


def wait_until_one_waits(store: Store) -> None:
    """Nobody can look on SQLite, where the test holds whenever it goes on."""
    for _ in range(0 if store.is_sqlite else 500):
        if somebody_waits(store):
            return
        time.sleep(0.02)
    assert store.is_sqlite, "nobody waits for whoever registers"


def test_two_that_register_on_a_new_store_leave_one_connection(store: Store) -> None:
    with ThreadPoolExecutor(1) as beside:
        with store.write() as connection:
            first = register(connection, [DESK], NOON)
            second = beside.submit(registered, store)
            wait_until_one_waits(store)
        assert second.result() == first
