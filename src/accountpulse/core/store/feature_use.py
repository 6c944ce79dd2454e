"""Reads which features accounts use: how many of them, by how many people, how often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from accountpulse.core.store.accounts import COLUMNS
from accountpulse.core.store.chunks import chunked
from accountpulse.core.store.facts import FACTS
from accountpulse.core.store.scope import RowScope
from accountpulse.core.store.selection import Condition, clause
from accountpulse.core.store.tables import account_profile, link, score_current, segment

SEEN_DAYS = 90
"""A feature that was used within so many days is one that there is."""


@dataclass(frozen=True, slots=True)
class FeatureUse:
    """How a feature was used in a window. last_day: when it was used last, in the window or before; None for never.

    accounts, before: how many used it in the window, and in one of the same length before it. users: how many people.
    """

    feature: str
    accounts: int
    before: int
    users: int
    uses: int
    seconds: int
    last_day: date | None


def customers(connection: sa.Connection, condition: Condition | None, *, scope: RowScope) -> int:
    """How many accounts there are that have a score and meet a condition."""
    query = scope.limit(sa.select(sa.func.count()).select_from(_SCORED), account_profile.c.account_id)
    return int(connection.execute(query if condition is None else query.where(clause(condition, COLUMNS))).scalar_one())


def of_all(
    connection: sa.Connection, condition: Condition | None, until: date, days: int, *, scope: RowScope
) -> list[FeatureUse]:
    """What accounts that have a score and meet a condition used in the `days` up to `until`, included."""
    query = _query(until, days).join(_SCORED, account_profile.c.account_id == link.c.account_id)
    query = scope.limit(query, link.c.account_id)
    if condition is not None:
        query = query.where(clause(condition, COLUMNS))
    return [FeatureUse(*row) for row in connection.execute(query.group_by(_u.feature))]


def of_each(
    connection: sa.Connection, account_ids: Sequence[int], until: date, days: int, *, scope: RowScope
) -> dict[int, list[FeatureUse]]:
    """What each of some accounts used in the `days` up to `until`, included."""
    found: dict[int, list[FeatureUse]] = {}
    for chunk in chunked(account_ids):
        query = _query(until, days).add_columns(link.c.account_id).where(link.c.account_id.in_(chunk))
        query = scope.limit(query, link.c.account_id)
        for row in connection.execute(query.group_by(link.c.account_id, _u.feature)):
            found.setdefault(row[-1], []).append(FeatureUse(*row[:-1]))
    return found


def first_day(until: date, days: int) -> date:
    """The first day of a window that ends with `until`."""
    return until - timedelta(days=days - 1)


_u = FACTS["usage_day"].c
_SCORED = account_profile.join(score_current, score_current.c.account_id == account_profile.c.account_id).join(
    segment, segment.c.id == score_current.c.segment_id
)


def _query(until: date, days: int) -> sa.Select[Any]:
    first, before = first_day(until, days), until - timedelta(days=2 * days - 1)
    since = until - timedelta(days=max(2 * days, SEEN_DAYS) - 1)
    within = _u.day >= first
    earlier = sa.and_(_u.day < first, _u.day >= before)
    person = sa.cast(_u.source_account_id, sa.Text) + ":" + _u.user
    return (
        sa.select(
            _u.feature,
            sa.func.count(sa.distinct(sa.case((within, link.c.account_id)))),
            sa.func.count(sa.distinct(sa.case((earlier, link.c.account_id)))),
            sa.func.count(sa.distinct(sa.case((within, person)))),
            _sum(sa.case((within, _u["count"]), else_=0)),
            _sum(sa.case((within, _u.seconds), else_=0)),
            sa.func.max(_u.day, type_=_u.day.type),
        )
        .select_from(FACTS["usage_day"])
        .join(link, sa.and_(link.c.source_account_id == _u.source_account_id, link.c.known_to.is_(None)))
        .where(_u.known_to.is_(None), _u.day >= since, _u.day <= until)
    )


def _sum(amount: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
    return sa.cast(sa.func.coalesce(sa.func.sum(amount), 0), sa.BigInteger)
