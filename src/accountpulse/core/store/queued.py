"""How many jobs wait and are being done: read from the job engine's own tables, without the engine."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from accountpulse.core.errors import StoreError
from accountpulse.core.store.database import Store

SYNCS, SCORINGS = "syncs", "scorings"
QUEUES: Final = (SYNCS, SCORINGS)
_STATES: Final = {"ENQUEUED": "waiting", "DELAYED": "paused", "PENDING": "running"}


def jobs_file(store: Store) -> Path:
    """The file of the job engine's database beside an SQLite store. Raises StoreError for a store in memory."""
    database = store.engine.url.database
    if not database or database == ":memory:":
        raise StoreError("a store in memory has no jobs: name a file in store.url")
    path = Path(database)
    # Not in the store itself: the engine's tables have no prefix there.
    return path.with_name(f"{path.stem}.jobs{path.suffix}")


def queued(store: Store) -> dict[tuple[str, str], int]:
    """The jobs of each queue by state: waiting, paused (as a vendor asked for), running. Empty where there never was any.

    Raises SQLAlchemyError where they can't be read.
    """
    found = _in_file(store) if store.is_sqlite else _in_schema(store)
    if found is None:
        return {}
    counts = {(queue, state): 0 for queue in QUEUES for state in _STATES.values()}
    return counts | {(row.queue_name, _STATES[row.status]): row.jobs for row in found}


def _in_file(store: Store) -> Sequence[sa.Row[Any]] | None:
    try:
        path = jobs_file(store)
    except StoreError:
        return None
    if not path.exists():
        return None
    where = f"{path.absolute().as_uri()}?mode=ro"
    engine = sa.create_engine("sqlite://", creator=lambda: sqlite3.connect(where, uri=True), poolclass=sa.NullPool)
    with engine.connect() as connection:
        return _counted(connection, None)


def _in_schema(store: Store) -> Sequence[sa.Row[Any]] | None:
    with store.read() as connection:
        return _counted(connection, "dbos")


def _counted(connection: sa.Connection, schema: str | None) -> Sequence[sa.Row[Any]] | None:
    """What the engine's table says; None where it is not there yet."""
    if not sa.inspect(connection).has_table("workflow_status", schema=schema):
        return None
    c = sa.table("workflow_status", sa.column("queue_name", sa.Text), sa.column("status", sa.Text), schema=schema).c
    query = sa.select(c.queue_name, c.status, sa.func.count().label("jobs"))
    undone = (c.queue_name.in_(QUEUES), c.status.in_(_STATES))
    return connection.execute(query.where(*undone).group_by(c.queue_name, c.status)).all()
