"""Versions under writers that write at once."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import sqlalchemy as sa

from accountpulse.core.model import Ticket
from accountpulse.core.store import connections as store_connections
from accountpulse.core.store.connections import ConnectionSpec
from accountpulse.core.store.database import Store
from accountpulse.core.store.facts import FACTS
from accountpulse.core.store.tables import source_account
from accountpulse.core.store.writes import AccountKeys, delete_records, write_records
from accountpulse.core.sync.rows import to_row

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def register(store: Store) -> int:
    spec = ConnectionSpec(name="desk", connector="desk", priority=0, anchor=False, provides=(), streams={})
    with store.write() as connection:
        return store_connections.register(connection, [spec], NOON)["desk"]


def ticket(subject: str, id: str = "1") -> Ticket:
    return Ticket(source_id=id, account="acme", opened_at=NOON, subject=subject)


def test_a_stream_and_a_drain_that_write_one_record_at_once_take_turns(store: Store) -> None:
    """A webhook and a pull may bring the same new record in the same moment."""
    id = register(store)
    failures: list[BaseException] = []
    start = threading.Barrier(4)

    def write(thread: int) -> None:
        try:
            start.wait()
            for n in range(5):
                with store.write() as connection:
                    store_connections.lock(connection, id)
                    row = to_row(ticket(f"{thread}-{n}"))
                    now = NOON + timedelta(minutes=n)
                    write_records(connection, "ticket", [row], keys=AccountKeys(id), now=now, assumed=False)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    table = FACTS["ticket"]
    with store.read() as connection:
        versions = list(connection.execute(sa.select(table).order_by(table.c.id)))
        assert connection.execute(sa.select(sa.func.count()).select_from(source_account)).scalar_one() == 1
    assert len(versions) == 20
    for earlier, later in pairwise(versions):
        assert earlier.known_from <= earlier.known_to == later.known_from
    assert versions[-1].known_to is None


def test_more_ids_than_a_statement_takes(store: Store) -> None:
    id = register(store)
    rows = [to_row(ticket("x", str(n))) for n in range(2_000)]
    names = [row.source_id for row in rows]
    with store.write() as connection:
        keys = AccountKeys(id)
        assert write_records(connection, "ticket", rows, keys=keys, now=NOON, assumed=True).opened == 2_000
        again = write_records(connection, "ticket", rows, keys=keys, now=NOON, assumed=True)
        assert (again.opened, again.unchanged) == (0, 2_000)
        assert delete_records(connection, "ticket", [*names, "unknown"], keys=keys, now=NOON).closed == 2_000
        assert delete_records(connection, "ticket", names, keys=keys, now=NOON).closed == 0


def test_writing_nothing_is_fine(store: Store) -> None:
    id = register(store)
    with store.write() as connection:
        assert write_records(connection, "ticket", [], keys=AccountKeys(id), now=NOON, assumed=False).opened == 0
        assert delete_records(connection, "ticket", [], keys=AccountKeys(id), now=NOON).closed == 0
