"""How connections and their streams stood at an instant.

How they stand now is in `connection` and `stream_state`. What they were before is kept when it changes; that a source has
become stale by time alone follows from when it was last read, so nothing need run for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from accountpulse.core.store.state_tables import connection_past, stream_gap
from accountpulse.core.store.tables import connection as connection_table
from accountpulse.core.store.tables import stream_state
from accountpulse.core.store.upsert import insert

CONTINUOUS: Final = timedelta(hours=2)
"""Successes no further apart are one: a source read every few minutes would have a row for each. A past instant between them
counts as one of success."""
NOT_CONFIGURED: Final = "not_configured"
"""The state of a connection before it was first configured."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A configured connection at an instant, and which record types it provided."""

    connection_id: int
    name: str
    provides: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """How far a stream had been read at an instant: whether to the end once, and when last."""

    connection_id: int
    records: tuple[str, ...]
    loaded: bool
    succeeded_at: datetime | None


def connections_at(connection: sa.Connection, at: datetime | None, *, loads_assumed: bool = False) -> list[Standing]:
    """The connections configured at an instant (None: now), in order of priority.

    loads_assumed: the time before a connection was first configured counts as if it had been, see `AsKnown`.
    """
    c = connection_table.c
    past = {} if at is None else _past(connection, at, loads_assumed)
    found = []
    query = sa.select(c.id, c.name, c.provides, c.removed_at).order_by(c.priority, c.id)
    for row in connection.execute(query):
        before = past.get(row.id)
        if before.configured if before is not None else row.removed_at is None or (at is not None and row.removed_at > at):
            found.append(Standing(row.id, row.name, tuple((before or row).provides)))
    return found


def _past(connection: sa.Connection, at: datetime, loads_assumed: bool) -> Mapping[int, sa.Row[Any]]:
    """The rows in force at an instant of those that have changed since."""
    p = connection_past.c
    query = sa.select(connection_past).where(p.known_to > at).order_by(p.known_to.desc())
    if loads_assumed:
        query = query.where(p.state != NOT_CONFIGURED)
    return {row.connection_id: row for row in connection.execute(query)}


def streams_at(connection: sa.Connection, at: datetime | None, *, loads_assumed: bool = False) -> list[Reading]:
    """How far streams had been read at an instant (None: now). loads_assumed: loaded by now counts as loaded then."""
    s = stream_state.c
    gaps = {} if at is None else _gaps(connection, at)
    found = []
    query = sa.select(s.connection_id, s.stream, s.records, s.first_loaded_at, s.last_success_at)
    for row in connection.execute(query):
        loaded = row.first_loaded_at is not None and (at is None or loads_assumed or row.first_loaded_at <= at)
        succeeded_at = gaps.get((row.connection_id, row.stream)) or _earlier(row.last_success_at, at)
        found.append(Reading(row.connection_id, tuple(row.records), loaded, succeeded_at if loaded else None))
    return found


def _gaps(connection: sa.Connection, at: datetime) -> dict[tuple[int, str], datetime]:
    """By stream, since when it had not been read at an instant, of those that were in a gap."""
    g = stream_gap.c
    query = sa.select(g.connection_id, g.stream, g.known_from).where(g.known_from <= at, g.known_to > at)
    return {(row.connection_id, row.stream): row.known_from for row in connection.execute(query)}


def _earlier(last: datetime | None, at: datetime | None) -> datetime | None:
    return last if last is None or at is None else min(last, at)


# --- keeping what was -----------------------------------------------------------------------------------------------------


def keep_connections(connection: sa.Connection, ids: Sequence[int], now: datetime) -> None:
    """Keep how connections stand, before they change at `now`."""
    c, p = connection_table.c, connection_past.c
    since = sa.select(sa.func.max(p.known_to)).where(p.connection_id == c.id).scalar_subquery()
    query = sa.select(
        c.id, sa.literal(now, p.known_to.type), since, c.state, c.message, c.provides, c.removed_at.is_(None)
    ).where(c.id.in_(ids))
    columns = ["connection_id", "known_to", "known_from", "state", "message", "provides", "configured"]
    # Of several changes at one instant the first knows what was in force before it; the others were for no time at all.
    connection.execute(insert(connection, connection_past).from_select(columns, query).on_conflict_do_nothing())


def keep_unconfigured(connection: sa.Connection, id: int, now: datetime) -> None:
    """Keep that until `now` a connection was not configured."""
    values = {"connection_id": id, "known_to": now, "state": NOT_CONFIGURED, "provides": [], "configured": False}
    connection.execute(insert(connection, connection_past).values(values).on_conflict_do_nothing())


def keep_gap(connection: sa.Connection, connection_id: int, stream: str, now: datetime) -> None:
    """Keep that a stream, which is read to its end at `now`, was not for long before."""
    s, g = stream_state.c, stream_gap.c
    query = sa.select(s.connection_id, s.stream, s.last_success_at, sa.literal(now, g.known_to.type)).where(
        s.connection_id == connection_id, s.stream == stream, s.last_success_at < now - CONTINUOUS
    )
    columns = ["connection_id", "stream", "known_from", "known_to"]
    connection.execute(insert(connection, stream_gap).from_select(columns, query).on_conflict_do_nothing())
