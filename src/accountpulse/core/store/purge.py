"""Forgets what a connection's streams brought, every version of it, so that reading starts over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from accountpulse.core.store import connections as store_connections
from accountpulse.core.store import leases, mirror, snapshots
from accountpulse.core.store.facts import FACTS
from accountpulse.core.store.revisions import bump
from accountpulse.core.store.tables import quarantine, source_account
from accountpulse.core.store.touched import touch_wholly


def purge(connection: sa.Connection, connection_id: int, streams: Sequence[str], records: Sequence[str], now: datetime) -> int:
    """Forget the facts of these record types, and how far these streams are; returns how many versions that were.

    Source accounts and their links stay: they are what people decided, and what scores of the past are told by.
    """
    store_connections.lock(connection, connection_id)
    # What is being read of them began before, and would bring a part of it back.
    leases.fence(connection, connection_id, streams)
    forgotten = 0
    for record in records:
        fact = FACTS[record]
        forgotten += connection.execute(sa.delete(fact).where(fact.c.connection_id == connection_id)).rowcount
    snapshots.forget(connection, connection_id, records)
    for stream in streams:
        store_connections.release_deletes(connection, connection_id, stream)
        connection.execute(
            sa.delete(quarantine).where(quarantine.c.connection_id == connection_id, quarantine.c.stream == stream)
        )
        store_connections.update_stream(
            connection, connection_id, stream,
            cursor=None, position=None, first_loaded_at=None, last_success_at=None, gap_from=None, state="new", message=None,
        )  # fmt: skip
    known = sa.select(source_account.c.id).where(source_account.c.connection_id == connection_id)
    touch_wholly(connection, connection.execute(known).scalars().all(), now)
    mirror.outdate(connection)
    bump(connection, "facts")
    return forgotten
