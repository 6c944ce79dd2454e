"""Reads which current scores were written lately: what a live feed tells."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from accountpulse.core.store.accounts import COLUMNS
from accountpulse.core.store.connections_read import latest_runs, streams_of_runs
from accountpulse.core.store.scope import RowScope
from accountpulse.core.store.selection import Condition, clause
from accountpulse.core.store.tables import account_profile, score_current, segment
from accountpulse.core.store.tables import connection as connection_table
from accountpulse.core.store.types import EPOCH

_s = score_current.c


def newest(connection: sa.Connection) -> datetime:
    """When the newest score was written; long ago where there is none."""
    return connection.execute(sa.select(sa.func.max(_s.scored_at, type_=_s.scored_at.type))).scalar() or EPOCH


class Stood(NamedTuple):
    """How an account stood. hash: of all that its score and what explains it say."""

    hash: bytes
    score: float
    band: str


def stood(connection: sa.Connection, condition: Condition | None, *, scope: RowScope) -> dict[int, Stood]:
    """How each account of a condition stands, by account."""
    query = sa.select(_s.account_id, _s.content_hash, _s.score, _s.band).select_from(_SELECTABLE)
    query = scope.limit(query, _s.account_id)
    rows = connection.execute(query if condition is None else query.where(clause(condition, COLUMNS)))
    return {row.account_id: Stood(bytes(row.content_hash), row.score, row.band) for row in rows}


def written_since(
    connection: sa.Connection, condition: Condition | None, since: datetime, behind: int = 0, *, scope: RowScope
) -> list[sa.Row[*tuple[Any, ...]]]:
    """The scores written at an instant or later, the oldest first: account_id, scored_at, content_hash, score, band.

    behind: of those written at that very instant, only those of accounts of a larger number.
    """
    query = (
        sa.select(_s.account_id, _s.scored_at, _s.content_hash, _s.score, _s.band)
        .select_from(_SELECTABLE)
        .where(_s.scored_at >= since, sa.or_(_s.scored_at > since, _s.account_id > behind))
        .order_by(_s.scored_at, _s.account_id)
    )
    if condition is not None:
        query = query.where(clause(condition, COLUMNS))
    return list(connection.execute(scope.limit(query, _s.account_id)))


def running(connection: sa.Connection, name: str | None) -> list[tuple[sa.Row[Any], sa.Row[Any], list[sa.Row[Any]]]]:
    """The latest run of each configured connection, or of one: the connection, the run, and what it did in streams so far."""
    query = sa.select(connection_table).where(connection_table.c.removed_at.is_(None))
    if name is not None:
        query = query.where(connection_table.c.name == name)
    connections = list(connection.execute(query.order_by(connection_table.c.priority)))
    runs = latest_runs(connection, [row.id for row in connections], 1)
    done = streams_of_runs(connection, [each.id for rows in runs.values() for each in rows])
    return [(row, runs[row.id][0], done.get(runs[row.id][0].id, [])) for row in connections if row.id in runs]


_SELECTABLE = account_profile.join(score_current, _s.account_id == account_profile.c.account_id).join(
    segment, segment.c.id == _s.segment_id
)
