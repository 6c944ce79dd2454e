"""Empties a store between tests, because making one takes longer than most of them."""

from __future__ import annotations

import sqlalchemy as sa

from accountpulse.core.store.database import Store
from accountpulse.core.store.metadata import metadata


def empty(store: Store) -> None:
    with store.write() as connection:
        if store.is_sqlite:
            connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
            for table in reversed(metadata.sorted_tables):
                connection.execute(sa.delete(table))
        else:
            each = (sa.select(sa.literal(t.name)).where(sa.exists(sa.select(t))) for t in metadata.sorted_tables)
            filled = connection.execute(sa.union_all(*each)).scalars().all()
            if filled:
                connection.exec_driver_sql(f"truncate {', '.join(filled)} restart identity cascade")
