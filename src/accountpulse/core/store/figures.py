"""Counts for those who watch over a store: its connections, syncs, records, outbox and scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from accountpulse.core.store import connections as store_connections
from accountpulse.core.store import connections_read, outbox
from accountpulse.core.store.tables import inbox, quarantine, run, run_stream, score_current

_COUNTED = ("read", "opened", "closed", "unchanged", "quarantined", "retries")


@dataclass(frozen=True, slots=True)
class ConnectionFigures:
    """One configured connection. fresh_at: see `fresh_at` of this module. waiting: pushed messages not applied yet."""

    name: str
    state: str
    fresh_at: datetime | None
    only_pushes: bool
    waiting: int
    quarantined: int


@dataclass(frozen=True, slots=True)
class Figures:
    """What there is to count. runs: by connection and state. records: by connection and fate. bands: accounts in each."""

    connections: tuple[ConnectionFigures, ...]
    runs: Mapping[tuple[str, str], int]
    records: Mapping[tuple[str, str], int]
    outbox: Mapping[str, int]
    bands: Mapping[str, int]
    scored_at: datetime | None


def read(connection: sa.Connection) -> Figures:
    """All of it, in eight queries whatever the size."""
    rows = store_connections.listing(connection)
    names = {row.id: row.name for row in rows}
    fresh = fresh_at(connection, list(names))
    read_by_us = {row.connection_id for row in store_connections.streams_of(connection, list(names))}
    waiting = _by_connection(connection, inbox, inbox.c.applied_at.is_(None))
    bad = _by_connection(connection, quarantine, sa.true())
    runs = sa.select(run.c.connection_id, run.c.state, sa.func.count()).group_by(run.c.connection_id, run.c.state)
    sums = [sa.func.sum(run_stream.c[name]) for name in _COUNTED]
    read = sa.select(run.c.connection_id, *sums).join(run, run.c.id == run_stream.c.run_id).group_by(run.c.connection_id)
    bands = sa.select(score_current.c.band, sa.func.count()).group_by(score_current.c.band)
    return Figures(
        connections=tuple(
            ConnectionFigures(
                row.name, row.state, fresh.get(row.id), row.id not in read_by_us, waiting.get(row.id, 0), bad.get(row.id, 0)
            )
            for row in rows
        ),
        runs={(names[id], state): count for id, state, count in connection.execute(runs) if id in names},
        records={
            (names[id], name): int(total or 0)
            for id, *totals in connection.execute(read)
            if id in names
            for name, total in zip(_COUNTED, totals, strict=True)
        },
        outbox=outbox.depth(connection),
        bands={row[0]: row[1] for row in connection.execute(bands)},
        scored_at=connection.execute(
            sa.select(sa.func.max(score_current.c.scored_at, type_=score_current.c.scored_at.type))
        ).scalar(),
    )


def fresh_at(connection: sa.Connection, ids: list[int]) -> dict[int, datetime]:
    """Up to when each connection's data is complete: the oldest last success of its streams, absent before all have one; of
    one that only pushes, its last message."""
    succeeded: dict[int, list[datetime | None]] = {}
    for row in store_connections.streams_of(connection, ids):
        succeeded.setdefault(row.connection_id, []).append(row.last_success_at)
    found = connections_read.last_received(connection, [id for id in ids if id not in succeeded])
    for id, moments in succeeded.items():
        known = [at for at in moments if at is not None]
        if len(known) == len(moments):
            found[id] = min(known)
    return found


def _by_connection(connection: sa.Connection, table: sa.Table, which: sa.ColumnElement[bool]) -> dict[int, int]:
    query = sa.select(table.c.connection_id, sa.func.count()).where(which).group_by(table.c.connection_id)
    return {row[0]: row[1] for row in connection.execute(query)}
