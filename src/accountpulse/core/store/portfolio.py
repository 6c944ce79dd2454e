"""Reads the portfolio: all accounts, or those of a condition, counted by what they have in common, now or on a past day.

Of a past day the score, band and segment are those of the day. What is kept of an account besides is as it is known now: its
profile has no days. What was written down with the day's scores (`portfolio_daily`) has the owners and the revenue of then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from accountpulse.core.store.absence import score_absence
from accountpulse.core.store.accounts import COLUMNS
from accountpulse.core.store.scope import RowScope
from accountpulse.core.store.scores import LIVE, RESTATED
from accountpulse.core.store.selection import Condition, clause, fields_of
from accountpulse.core.store.tables import (
    account_profile,
    portfolio_daily,
    score_current,
    score_history,
    scored_day,
    scoring_model,
    segment,
)

TENTHS = 10
OF_DAY = ("score", "band", "segment")
"""What is known of each day."""
_NOW_ONLY = frozenset({"band_since", "coverage", "trend_28d", "trend_90d"})
DIMENSIONS = ("band", "segment", "owner", "plan", "industry", "region", "lifecycle_stage")
"""What accounts can be counted by."""
WRITTEN_DOWN = frozenset({"band", "segment", "owner"})
"""What `portfolio_daily` counts by."""
SELECTED_THEN = frozenset({"band", "segment"})
"""What a condition may name of it: its owners are those of then, where a condition means those of now."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How accounts stood on a scored day. basis: None for the current scores, which are more than the history has."""

    day: date
    basis: int | None


@dataclass(frozen=True, slots=True)
class Cell:
    """Accounts that have `keys` in common. mrr: monthly revenue now, minor units. scored: how many have a band.

    score_sum: of those that have a band. tenths: how many of them score 0 to 10, 10 to 20 and so on.
    """

    keys: tuple[str | None, ...]
    accounts: int
    mrr: int
    scored: int
    score_sum: float
    tenths: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Transition:
    """Accounts that went from one band to another. None: not scored then, as it was no customer.

    mrr: monthly revenue now. change_sum: of scores, in points. rose, fell: how many by a point or more.
    """

    before: str | None
    after: str | None
    accounts: int
    mrr: int
    change_sum: float
    rose: int
    fell: int


def standing_now(connection: sa.Connection) -> Standing | None:
    """The day of the current scores; None where nothing has been scored."""
    day = connection.execute(sa.select(sa.func.max(score_current.c.day, type_=score_current.c.day.type))).scalar()
    return None if day is None else Standing(day, None)


def standing_on(connection: sa.Connection, day: date) -> Standing | None:
    """The scored day that answers for a past day: the last one scored live, else the last one restated; None before these."""
    s = scored_day.c
    query = sa.select(s.day, s.basis).where(s.day <= day, s.basis.in_([LIVE, RESTATED])).order_by(s.basis, s.day.desc())
    row = connection.execute(query.limit(1)).one_or_none()
    return None if row is None else Standing(row.day, row.basis)


def band_layouts(connection: sa.Connection) -> dict[tuple[str, ...], list[int]]:
    """The models by the names of their bands, from the lowest up."""
    found: dict[tuple[str, ...], list[int]] = {}
    for id, content in connection.execute(sa.select(scoring_model.c.id, scoring_model.c.content["bands"])):
        found.setdefault(tuple(band["name"] for band in content or ()), []).append(id)
    return found


class Portfolio:
    """Counts the accounts that a condition selects, as they stood on one day.

    scope: the accounts that may be seen; what was written down with a day's scores counts all of them. layouts: of
    `band_layouts`. unknown: the name of the band of accounts of which too little is measured.
    """

    def __init__(
        self,
        standing: Standing,
        layouts: Mapping[tuple[str, ...], Sequence[int]],
        unknown: str,
        condition: Condition | None = None,
        *,
        scope: RowScope,
    ) -> None:
        self.standing = standing
        self._layouts = layouts
        self._unknown = unknown
        self._condition = condition
        self._scope = scope

    def cells(self, connection: sa.Connection, dimensions: Sequence[str], most: int) -> list[Cell]:
        """Accounts by what they have in common; up to `most` cells, those with the most accounts first."""
        stood = self._stood(self.standing, "stood")
        columns = _columns(stood, self.standing)
        keys = [columns[name] for name in dimensions]
        known, score = stood.c.band != self._unknown, stood.c.score
        tenths = [sa.and_(known, score >= 10 * i, score < 10 * (i + 1) if i < TENTHS - 1 else sa.true()) for i in range(TENTHS)]
        query = (
            sa.select(
                *keys,
                sa.func.count(),
                _big(sa.func.sum(account_profile.c.mrr)),
                _number_of(known),
                sa.func.coalesce(sa.func.sum(sa.case((known, score), else_=0.0)), 0.0),
                *map(_number_of, tenths),
            )
            .select_from(account_profile.join(stood, stood.c.account_id == account_profile.c.account_id))
            .where(self._selected(columns))
            .order_by(sa.func.count().desc(), *keys)
            .limit(most)
        )
        width = len(keys)
        return [
            Cell(tuple(row[:width]), row[width], row[width + 1], row[width + 2], row[width + 3], tuple(row[width + 4 :]))
            for row in connection.execute(query.group_by(*keys) if keys else query)
        ]

    def written_down(
        self, connection: sa.Connection, dimensions: Sequence[str]
    ) -> dict[tuple[str | None, ...], tuple[int, int]]:
        """How many accounts, and how much yearly revenue, the day's own scoring counted by some of `WRITTEN_DOWN`.

        Of all accounts, or some bands and segments: ValueError for another selection, and in a limited scope.
        """
        if not self.was_written_down:
            raise ValueError("what was written down counts all accounts of a band and segment")
        p = portfolio_daily.c
        known: dict[str, sa.ColumnElement[Any]] = {
            "band": p.band,
            "segment": segment.c.name,
            "owner": sa.func.nullif(p.owner, ""),
        }
        keys = [known[name] for name in dimensions]
        basis = LIVE if self.standing.basis is None else self.standing.basis
        query = (
            sa.select(*keys, _big(sa.func.sum(p.accounts)), _big(sa.func.sum(p.arr)))
            .join(segment, segment.c.id == p.segment_id)
            .where(p.day == self.standing.day, p.basis == basis)
        )
        if self._condition is not None:
            query = query.where(clause(self._condition, known))
        rows = connection.execute(query.group_by(*keys) if keys else query)
        return {tuple(row[:-2]): (row[-2], row[-1]) for row in rows}

    @property
    def was_written_down(self) -> bool:
        """Whether the day's own scoring counted what is selected here: it knew bands and segments, and owners of then."""
        return self._scope.everything and fields_of(self._condition) <= SELECTED_THEN

    def transitions(self, connection: sa.Connection, since: Standing) -> list[Transition]:
        """From which band to which accounts went since an earlier day, those that stayed in theirs included."""
        before, after, columns = self._both(since)
        change = after.c.score - before.c.score
        query = (
            sa.select(
                before.c.band,
                after.c.band,
                sa.func.count(),
                _big(sa.func.sum(account_profile.c.mrr)),
                sa.func.coalesce(sa.func.sum(change), 0.0),
                _number_of(change >= 1),
                _number_of(change <= -1),
            )
            .select_from(_joined(before, after))
            .where(sa.or_(before.c.band.is_not(None), after.c.band.is_not(None)), self._selected(columns))
            .group_by(before.c.band, after.c.band)
        )
        return [Transition(*row) for row in connection.execute(query)]

    def movers(
        self, connection: sa.Connection, since: Standing, before_band: str | None, after_band: str | None, most: int
    ) -> list[sa.Row[Any]]:
        """The accounts whose score moved most since an earlier day: account_id, and before and after of score and band."""
        before, after, columns = self._both(since)
        change = after.c.score - before.c.score
        query = (
            sa.select(
                account_profile.c.account_id,
                before.c.score.label("score_before"),
                after.c.score.label("score_after"),
                before.c.band.label("band_before"),
                after.c.band.label("band_after"),
            )
            .select_from(_joined(before, after))
            .where(change != 0, self._selected(columns))
            .order_by(sa.func.abs(change).desc(), account_profile.c.account_id)
        )
        if before_band is not None:
            query = query.where(before.c.band == before_band)
        if after_band is not None:
            query = query.where(after.c.band == after_band)
        return list(connection.execute(query.limit(most)))

    def unknown_fields(self, named: set[str]) -> list[str]:
        """Which of the fields that a condition names are not known of the day."""
        return sorted(named & _NOW_ONLY) if self.standing.basis is not None else []

    def _both(self, since: Standing) -> tuple[sa.Subquery, sa.Subquery, Mapping[str, sa.ColumnElement[Any]]]:
        before, after = self._stood(since, "before"), self._stood(self.standing, "after")
        return before, after, _columns(after, self.standing)

    def _selected(self, columns: Mapping[str, sa.ColumnElement[Any]]) -> sa.ColumnElement[bool]:
        selected = sa.true() if self._condition is None else clause(self._condition, columns)
        return selected if self._scope.everything else sa.and_(selected, self._scope.holds(account_profile.c.account_id))

    def _stood(self, standing: Standing, name: str) -> sa.Subquery:
        """Every customer of the day with score, band and segment of then."""
        if standing.basis is None:
            s = score_current.c
            now = sa.select(
                s.account_id,
                s.score,
                s.band,
                s.band_since,
                s.coverage,
                s.trend_28d,
                s.trend_90d,
                segment.c.name.label("segment"),
            )
            return now.join(segment, segment.c.id == s.segment_id).subquery(name)
        h, a = score_history.c, score_absence.c
        rows, one = score_history.alias(f"{name}_rows"), account_profile.alias(f"{name}_account")
        # One step down the primary key for each account: a grouped maximum would read the whole history.
        newest = (
            sa.select(sa.func.max(rows.c.day, type_=h.day.type))
            .where(rows.c.account_id == one.c.account_id, rows.c.basis == standing.basis, rows.c.day <= standing.day)
            .correlate(one)
            .scalar_subquery()
        )
        away = sa.exists().where(
            a.account_id == one.c.account_id,
            a.basis == standing.basis,
            a.day <= standing.day,
            sa.or_(a.until.is_(None), a.until > standing.day),
        )
        on = sa.and_(h.account_id == one.c.account_id, h.basis == standing.basis, h.day == newest)
        past = (
            sa.select(
                h.account_id,
                (h.score_centi / 100.0).label("score"),
                self._band_name().label("band"),
                segment.c.name.label("segment"),
            )
            .select_from(one.join(score_history, on).join(segment, segment.c.id == h.segment_id))
            .where(~away)
        )
        return past.subquery(name)

    def _band_name(self) -> sa.ColumnElement[str]:
        h = score_history.c
        named = [
            (sa.and_(h.model_id.in_(models), h.band == i), sa.literal(name))
            for names, models in self._layouts.items()
            for i, name in enumerate(names)
        ]
        return sa.case(*named, else_=sa.literal(self._unknown)) if named else sa.literal(self._unknown)


def _joined(before: sa.Subquery, after: sa.Subquery) -> sa.FromClause:
    a = account_profile.c
    return account_profile.outerjoin(before, before.c.account_id == a.account_id).outerjoin(
        after, after.c.account_id == a.account_id
    )


def _columns(stood: sa.Subquery, standing: Standing) -> dict[str, sa.ColumnElement[Any]]:
    """What a condition may name, as of the day."""
    return COLUMNS | {name: stood.c[name] for name in (*OF_DAY, *(_NOW_ONLY if standing.basis is None else ()))}


def _number_of(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return _big(sa.func.sum(sa.case((condition, 1), else_=0)))


def _big(amount: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
    """A sum as a whole number: PostgreSQL gives a decimal. Zero where there was nothing to add up."""
    return sa.cast(sa.func.coalesce(amount, 0), sa.BigInteger)
