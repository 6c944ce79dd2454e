"""Reads where accounts stood before a day: what the steadiness of a score and its band rests on, as columns.

A series of evaluations may go over two bases: what is said live goes on from what was restated for the days before the first
live one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from accountpulse.core.store.history_rows import has_aside, unpack
from accountpulse.core.store.scores import LIVE, RESTATED, SHADOW_LIVE, SHADOW_RESTATED, Basis, chosen, newest_before
from accountpulse.core.store.tables import score_history, scored_day
from accountpulse.core.store.types import epoch_day, from_epoch_day, to_epoch_day

Integers = NDArray[np.int64]

NEVER = -1
"""No day."""

_GOES_ON_FROM: dict[Basis, Basis] = {LIVE: RESTATED, SHADOW_LIVE: SHADOW_RESTATED}


@dataclass(frozen=True, slots=True)
class Evaluated:
    """Days that were scored, newest first, as days since 1970, and the basis of each."""

    days: Integers
    bases: Sequence[Basis]


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of the history, before overrides, by account and then by day. score: in hundredths. rising_since: or NEVER.

    day: NEVER in rows that are in force from some day before.
    """

    account: Integers
    day: Integers
    model: Integers
    band: Integers
    score: Integers
    rising_since: Integers

    def followed_by(self, later: Rows) -> Rows:
        """These rows and others, in order."""
        return _rows(np.concatenate([_table(self), _table(later)]))


def _table(rows: Rows) -> Integers:
    return np.column_stack([rows.account, rows.day, rows.model, rows.band, rows.score, rows.rising_since])


def _rows(table: Integers) -> Rows:
    return Rows(*table[np.lexsort((table[:, 1], table[:, 0]))].T)


NO_ROWS = _rows(np.empty((0, 6), dtype=np.int64))


def evaluated(connection: sa.Connection, basis: Basis, before: date, most: int) -> Evaluated:
    """The last days of a series that were scored before a day, at most so many."""
    s = scored_day.c
    query = sa.select(s.day, s.basis).where(_in_series(s, basis, before), s.day < before).order_by(s.day.desc()).limit(most)
    rows = connection.execute(query).all()
    return Evaluated(np.array([to_epoch_day(row.day) for row in rows], dtype=np.int64), [row.basis for row in rows])


def in_force(connection: sa.Connection, basis: Basis, before: date, accounts: Sequence[int] | None = None) -> Rows:
    """The row in force before a day of each account that has one on this basis. accounts: only theirs."""
    return _read(connection, newest_before(basis, before, accounts, *_columns(connection)), dated=False)


def moves(connection: sa.Connection, basis: Basis, since: date, before: date, accounts: Sequence[int] | None = None) -> Rows:
    """The rows that a series wrote from `since` to the day before `before`. accounts: only theirs."""
    h = score_history.c
    wanted = sa.and_(_in_series(h, basis, before), h.day >= since, h.day < before, chosen(accounts))
    return _read(connection, sa.select(*_columns(connection)).where(wanted), dated=True)


def _in_series(columns: Any, basis: Basis, before: date) -> sa.ColumnElement[bool]:
    own: sa.ColumnElement[bool] = columns.basis == basis
    earlier = _GOES_ON_FROM.get(basis)
    if earlier is None:
        return own
    first = scored_day.alias("first")
    first_own = sa.select(sa.func.min(first.c.day)).where(first.c.basis == basis, first.c.day < before).scalar_subquery()
    return sa.or_(own, sa.and_(columns.basis == earlier, sa.or_(first_own.is_(None), columns.day < first_own)))


def _columns(connection: sa.Connection) -> Sequence[sa.ColumnElement[Any]]:
    h = score_history.c
    return h.account_id, epoch_day(connection, h.day), h.model_id, h.band, h.score_centi, h.packed


def _read(connection: sa.Connection, query: sa.Select[Any], *, dated: bool) -> Rows:
    read = [
        (account, day if dated else NEVER, model, *_steady(day, band, centi, packed))
        for account, day, model, band, centi, packed in connection.execute(query).all()
    ]
    return _rows(np.array(read, dtype=np.int64).reshape(len(read), 6))


def _steady(day: int, band: int, centi: int, packed: bytes) -> tuple[int, int, int]:
    """Band and score before overrides, and since when it has been rising, or NEVER."""
    if not has_aside(packed):
        return band, centi, NEVER
    found = unpack(bytes(packed), from_epoch_day(day))
    rising = NEVER if found.rising_since is None else to_epoch_day(found.rising_since)
    return (
        band if found.steady_band is None else found.steady_band,
        centi if found.steady_centi is None else found.steady_centi,
        rising,
    )
