"""Removes rows of the history that the policy no longer keeps, such that every day left is still answered."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa

from accountpulse.core.store.absence import score_absence
from accountpulse.core.store.tables import peer, score_history, scored_day
from accountpulse.core.store.types import epoch_day

_KEY = (score_history.c.account_id, score_history.c.basis, score_history.c.day)
_DECISIVE = ("model_id", "segment_id", "band")
_MONDAY = 3
"""1970-01-01 was a Thursday: three days after a Monday."""


def thin_to_weeks(connection: sa.Connection, before: date) -> int:
    """Of the days before a Monday, keep the last row of each week, and every change of band, segment or model.

    A day is then answered by its own row, or by that in force at the end of the week before. Returns the rows removed.
    """
    h = score_history.c
    series: dict[str, Any] = {"partition_by": (h.account_id, h.basis), "order_by": h.day}
    following = sa.func.lead(h.day).over(**series)
    unchanged = [getattr(h, name) == sa.func.lag(getattr(h, name)).over(**series) for name in _DECISIVE]
    rows = sa.select(
        *_KEY,
        sa.func.coalesce(_week(connection, h.day) == _week(connection, following), sa.false()).label("later_in_week"),
        sa.func.coalesce(sa.and_(*unchanged), sa.false()).label("unchanged"),
    ).where(h.day < before)
    return _remove(connection, rows.subquery("r"), lambda r: sa.and_(r.later_in_week, r.unchanged))


def forget_before(connection: sa.Connection, horizon: date) -> int:
    """Remove what only answers for days before the horizon; the row in force at the horizon stays. Returns the rows removed."""
    h = score_history.c
    newest = sa.func.max(h.day).over(partition_by=(h.account_id, h.basis))
    rows = sa.select(*_KEY, newest.label("newest")).where(h.day <= horizon)
    removed = _remove(connection, rows.subquery("r"), lambda r: r.day < r.newest)
    for table in (scored_day, peer):
        connection.execute(sa.delete(table).where(table.c.day < horizon))
    # Who came back before the horizon has a row of that day or later, behind which nothing is kept.
    connection.execute(sa.delete(score_absence).where(score_absence.c.until < horizon))
    return removed


def _remove(connection: sa.Connection, rows: sa.Subquery, condition: Any) -> int:
    keys = sa.select(rows.c.account_id, rows.c.basis, rows.c.day).where(condition(rows.c))
    return connection.execute(sa.delete(score_history).where(sa.tuple_(*_KEY).in_(keys))).rowcount


def _week(connection: sa.Connection, day: Any) -> sa.ColumnElement[int]:
    return (epoch_day(connection, day) + _MONDAY) // 7
