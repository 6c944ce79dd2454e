"""Whether a transaction waits for another, for tests of what happens meanwhile."""

from __future__ import annotations

import sqlalchemy as sa

from accountpulse.core.store.database import Store


def somebody_waits(store: Store) -> bool:
    """In this database of PostgreSQL."""
    query = "select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')"
    with store.read() as connection:
        return bool(connection.execute(sa.text(query)).scalar_one())
