"""Writes and reads what people decide, promise and note about accounts: overrides, targets, notes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from accountpulse.core.store.chunks import chunked
from accountpulse.core.store.people_tables import score_override


def overrides_in_force(
    connection: sa.Connection, at: datetime, accounts: Sequence[int] | None = None
) -> dict[int, sa.Row[Any]]:
    """The override that holds for each account at an instant: known_from <= at < the earlier of known_to and expires_at.

    Rows have id, account_id, score, owner, reason, expires_at, known_from. accounts: only theirs; None means all.
    """
    o = score_override.c
    query = sa.select(o.id, o.account_id, o.score, o.owner, o.reason, o.expires_at, o.known_from).where(
        o.known_from <= at, o.expires_at > at, sa.or_(o.known_to.is_(None), o.known_to > at)
    )
    # In a row of overrides each ends where the next begins; the later one counts should a clock have stepped back.
    query = query.order_by(o.id)
    if accounts is None:
        return {row.account_id: row for row in connection.execute(query)}
    return {
        row.account_id: row for chunk in chunked(accounts) for row in connection.execute(query.where(o.account_id.in_(chunk)))
    }
