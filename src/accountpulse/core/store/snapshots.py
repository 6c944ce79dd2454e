"""The keys that a complete read has seen, and what is missing from them.

A *pass* is one complete read, named by the run that began it. Its keys are committed together with the records and the cursor,
so that a later run can go on where a pass was interrupted, and still know what its first half saw.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa

from accountpulse.core.store.facts import FACTS
from accountpulse.core.store.tables import run, snapshot_key
from accountpulse.core.store.upsert import insert


def unfinished(connection: sa.Connection, connection_id: int, records: Sequence[str]) -> int | None:
    """The pass over these records that was begun and has not ended, if there is one."""
    query = (
        sa.select(sa.func.max(snapshot_key.c.run_id))
        .join(run, run.c.id == snapshot_key.c.run_id)
        .where(run.c.connection_id == connection_id, snapshot_key.c.record.in_(records))
    )
    found: int | None = connection.execute(query).scalar_one()
    return found


def remember(connection: sa.Connection, run_id: int, record: str, source_ids: Iterable[str]) -> None:
    """Note keys seen by a pass; a key may be seen again."""
    rows = [{"run_id": run_id, "record": record, "source_id": id} for id in sorted(set(source_ids))]
    if rows:
        connection.execute(insert(connection, snapshot_key).on_conflict_do_nothing(), rows)


def vanished(connection: sa.Connection, run_id: int, record: str, connection_id: int) -> tuple[list[str], int]:
    """The current records that a pass has not seen, and how many current records there are.

    What was learnt in another way since the pass began (it was pushed) may have been created behind the pass's back.
    """
    table = FACTS[record]
    current = (table.c.connection_id == connection_id, table.c.known_to.is_(None))
    seen = sa.select(snapshot_key.c.source_id).where(
        snapshot_key.c.run_id == run_id, snapshot_key.c.record == record, snapshot_key.c.source_id == table.c.source_id
    )
    begun = sa.select(run.c.started_at).where(run.c.id == run_id).scalar_subquery()
    older = table.c.assumed | (table.c.known_from <= begun)
    missing = sa.select(table.c.source_id).where(*current, older, ~seen.exists())
    known = connection.execute(sa.select(sa.func.count()).select_from(table).where(*current)).scalar_one()
    return list(connection.execute(missing).scalars()), known


def begun(connection: sa.Connection, run_id: int) -> datetime:
    """When a pass began."""
    at: datetime = connection.execute(sa.select(run.c.started_at).where(run.c.id == run_id)).scalar_one()
    return at


def forget(connection: sa.Connection, connection_id: int, records: Sequence[str], *, but: int | None = None) -> None:
    """Drop the keys of every pass over these records, but of one: they have ended, or can't be gone on with."""
    passes = sa.select(run.c.id).where(run.c.connection_id == connection_id)
    if but is not None:
        passes = passes.where(run.c.id != but)
    connection.execute(sa.delete(snapshot_key).where(snapshot_key.c.run_id.in_(passes), snapshot_key.c.record.in_(records)))
