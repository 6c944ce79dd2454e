"""The keys that a complete read has seen, and what is missing from them."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from accountpulse.core.store.facts import FACTS
from accountpulse.core.store.tables import snapshot_key
from accountpulse.core.store.upsert import insert


def remember(connection: sa.Connection, run_id: int, record: str, source_ids: Iterable[str]) -> None:
    """Note keys seen by a run; a key may be seen again."""
    rows = [{"run_id": run_id, "record": record, "source_id": id} for id in set(source_ids)]
    if rows:
        connection.execute(insert(connection, snapshot_key).on_conflict_do_nothing(), rows)


def vanished(connection: sa.Connection, run_id: int, record: str, connection_id: int) -> tuple[list[str], int]:
    """The current records that the run has not seen, and how many current records there are."""
    table = FACTS[record]
    current = (table.c.connection_id == connection_id, table.c.known_to.is_(None))
    seen = sa.select(snapshot_key.c.source_id).where(
        snapshot_key.c.run_id == run_id, snapshot_key.c.record == record, snapshot_key.c.source_id == table.c.source_id
    )
    missing = sa.select(table.c.source_id).where(*current, ~seen.exists())
    known = connection.execute(sa.select(sa.func.count()).select_from(table).where(*current)).scalar_one()
    return list(connection.execute(missing).scalars()), known


def forget(connection: sa.Connection, run_id: int) -> None:
    """Drop the keys of a run that has ended."""
    connection.execute(sa.delete(snapshot_key).where(snapshot_key.c.run_id == run_id))
