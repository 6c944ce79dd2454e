"""Pushed messages: stored before they are answered, applied later, each once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from accountpulse.core.store.chunks import chunked
from accountpulse.core.store.tables import inbox
from accountpulse.core.store.upsert import insert


def append(connection: sa.Connection, connection_id: int, messages: Sequence[tuple[str, Any]], now: datetime) -> int:
    """Store (key, body) messages; one whose key is known is a re-delivery and is ignored. Returns how many were new."""
    if not messages:
        return 0
    # PostgreSQL's driver can't count rows of an executemany with conflicts, so the known keys are asked for first.
    bodies = dict(messages)
    known: set[str] = set()
    for chunk in chunked(list(bodies)):
        query = sa.select(inbox.c.key).where(inbox.c.connection_id == connection_id, inbox.c.key.in_(chunk))
        known.update(connection.execute(query).scalars())
    rows = [
        {"connection_id": connection_id, "key": key, "body": body, "received_at": now}
        for key, body in bodies.items()
        if key not in known
    ]
    if rows:
        # Another process may have stored one of them since we asked.
        connection.execute(insert(connection, inbox).on_conflict_do_nothing(index_elements=["connection_id", "key"]), rows)
    return len(rows)


def newest(connection: sa.Connection, connection_id: int) -> int:
    """The id of the newest message not yet applied, 0 where there is none."""
    query = sa.select(sa.func.max(inbox.c.id)).where(inbox.c.connection_id == connection_id, inbox.c.applied_at.is_(None))
    return connection.execute(query).scalar() or 0


def waiting(connection: sa.Connection, connection_id: int, limit: int, *, through: int) -> list[sa.Row[Any]]:
    """The oldest messages not yet applied, of those with an id up to `through`."""
    query = sa.select(inbox).where(inbox.c.connection_id == connection_id, inbox.c.applied_at.is_(None), inbox.c.id <= through)
    return list(connection.execute(query.order_by(inbox.c.id).limit(limit)))


def who_waits(connection: sa.Connection, connection_ids: Sequence[int]) -> set[int]:
    """Those of some connections that have messages not yet applied."""
    query = sa.select(inbox.c.connection_id).where(inbox.c.connection_id.in_(connection_ids), inbox.c.applied_at.is_(None))
    return set(connection.execute(query.distinct()).scalars())


def mark_applied(connection: sa.Connection, ids: Sequence[int], now: datetime, *, refused: Sequence[int] = ()) -> int:
    """Done with these messages: the bodies go, the keys stay, so that a re-delivery is still recognised.

    refused: those of them that could not be understood; their bodies stay. Returns how many were still waiting.
    """
    waiting = (inbox.c.id.in_(ids), inbox.c.applied_at.is_(None))
    body = sa.case((inbox.c.id.in_(refused), inbox.c.body), else_=sa.null()) if refused else None
    return connection.execute(sa.update(inbox).where(*waiting).values(applied_at=now, body=body)).rowcount
