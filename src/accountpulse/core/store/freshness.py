"""As of when each record type was last read: what a score rests on, at the moment of asking."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from accountpulse.core.store.tables import connection as connection_table
from accountpulse.core.store.tables import stream_state


def by_record(connection: sa.Connection) -> dict[str, datetime | None]:
    """The last success of the stalest stream that brings a record type; None where one never succeeded.

    A type that is only ever pushed is not listed: nothing tells silence from a broken sender.
    """
    query = (
        sa.select(stream_state.c.records, stream_state.c.last_success_at)
        .join(connection_table, connection_table.c.id == stream_state.c.connection_id)
        .where(connection_table.c.removed_at.is_(None))
    )
    found: dict[str, datetime | None] = {}
    for records, succeeded_at in connection.execute(query):
        for record in records:
            found[record] = stalest(found[record], succeeded_at) if record in found else succeeded_at
    return found


def stalest(one: datetime | None, other: datetime | None) -> datetime | None:
    """The earlier of two moments; None, which means never, is earlier than any."""
    return None if one is None or other is None else min(one, other)
