"""When accounts that had been scored were no customers: after that their scores begin anew.

The history is a series of changes, in which who leaves just has no further row; so it is kept apart, as spans of scored days.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from accountpulse.core.store.chunks import chunked
from accountpulse.core.store.metadata import metadata
from accountpulse.core.store.scope import RowScope
from accountpulse.core.store.types import Day

score_absence = sa.Table(
    "score_absence",
    metadata,
    sa.Column("account_id", sa.Integer, sa.ForeignKey("account.id"), primary_key=True),
    sa.Column("basis", sa.SmallInteger, primary_key=True),
    sa.Column("day", Day, primary_key=True),
    sa.Column("until", Day),
    comment="The scored days on which an account that had been scored was no customer: from day up to, not including, until.",
)


def note(
    connection: sa.Connection,
    basis: int,
    day: date,
    *,
    present: Collection[int],
    gone: Collection[int],
    following: date | None,
) -> set[int]:
    """Keep who was there on a day and who no longer; returns those who were away on the scored day before it.

    following: the next day that has been scored, of which this says nothing.
    """
    a = score_absence.c
    spans = {row.account_id: row for row in connection.execute(_on(basis, day))}
    if came := [spans[id] for id in sorted(spans.keys() & present)]:
        for row in came:
            key = sa.and_(a.account_id == row.account_id, a.basis == basis, a.day == row.day)
            before = row.day < day
            connection.execute(
                sa.update(score_absence).where(key).values(until=day) if before else sa.delete(score_absence).where(key)
            )
        rest = [row for row in came if following is not None and (row.until is None or row.until > following)]
        _insert(connection, [_row(row.account_id, basis, following, row.until) for row in rest])
    _insert(connection, [_row(id, basis, day, following) for id in sorted(set(gone) - spans.keys())])
    ended = connection.execute(sa.select(a.account_id).where(a.basis == basis, a.until == day)).scalars()
    return {*ended} & set(present)


def away(connection: sa.Connection, basis: int, day: date) -> set[int]:
    """Who was no customer on a scored day, of those scored before it."""
    return {row.account_id for row in connection.execute(_on(basis, day))}


def spans(connection: sa.Connection, account_ids: Sequence[int], *, scope: RowScope) -> dict[int, list[sa.Row[Any]]]:
    """When each of some accounts was no customer: basis, day and until, by account."""
    found: dict[int, list[sa.Row[Any]]] = {}
    for chunk in chunked(account_ids):
        query = sa.select(score_absence).where(score_absence.c.account_id.in_(chunk))
        for row in connection.execute(scope.limit(query, score_absence.c.account_id)):
            found.setdefault(row.account_id, []).append(row)
    return found


def returned(connection: sa.Connection, bases: Collection[int], until: date) -> dict[int, date]:
    """The last day, up to `until`, on which each account that had been away was scored again."""
    a = score_absence.c
    query = sa.select(a.account_id, sa.func.max(a.until, type_=a.until.type).label("day"))
    query = query.where(a.basis.in_(bases), a.until <= until).group_by(a.account_id)
    return {row.account_id: row.day for row in connection.execute(query)}


def _on(basis: int, day: date) -> sa.Select[Any]:
    a = score_absence.c
    return sa.select(score_absence).where(a.basis == basis, a.day <= day, sa.or_(a.until.is_(None), a.until > day))


def _row(account_id: int, basis: int, day: date | None, until: date | None) -> dict[str, Any]:
    return {"account_id": account_id, "basis": basis, "day": day, "until": until}


def _insert(connection: sa.Connection, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(sa.insert(score_absence), rows)
