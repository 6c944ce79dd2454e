"""What the store has of a connection just now, told by the hashes of its records: for comparing with the source."""

from __future__ import annotations

import sqlalchemy as sa

from accountpulse.core.store.facts import FACTS


def contents(connection: sa.Connection, connection_id: int, record: str) -> dict[str, bytes]:
    """The content hash of each current record of a type, by source id."""
    table = FACTS[record]
    query = sa.select(table.c.source_id, table.c.hash).where(table.c.connection_id == connection_id, table.c.known_to.is_(None))
    return {row.source_id: bytes(row.hash) for row in connection.execute(query)}
