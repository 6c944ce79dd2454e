"""Reads whole series of persisted scores at once, as columns: what an audit needs of a hundred thousand accounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from accountpulse.core.store.history_rows import HistoryRow, has_aside, unpack
from accountpulse.core.store.tables import score_current, score_history, scored_day, scoring_model, segment
from accountpulse.core.store.types import to_epoch_day

_AT_ONCE = 50_000


@dataclass(frozen=True)
class Series:
    """History rows by account and day, a column each. day: days since 1970. band: index in the model's bands, -1 unknown."""

    account: NDArray[np.int64]
    day: NDArray[np.int64]
    score: NDArray[np.float64]
    band: NDArray[np.int64]
    segment: NDArray[np.int64]
    model: NDArray[np.int64]

    def in_force(self, day: int) -> NDArray[np.int64]:
        """The places of the rows in force at the end of a day, one for each account that had any by then."""
        until = np.flatnonzero(self.day <= day)
        if not len(until):
            return until.astype(np.int64)
        accounts = self.account[until]
        last = np.append(accounts[1:] != accounts[:-1], True)
        return np.asarray(until[last], dtype=np.int64)


def series(connection: sa.Connection, basis: int, until: date, *, overridden: bool = True) -> Series:
    """The published scores of a basis, of all accounts, up to a day. overridden: False leaves out what people decided."""
    h = score_history.c
    query = (
        sa.select(h.account_id, h.day, h.score_centi, h.band, h.segment_id, h.model_id, h.packed)
        .where(h.basis == basis, h.day <= until)
        .order_by(h.account_id, h.day)
    )
    parts: list[NDArray[np.int64]] = [np.empty((0, 6), dtype=np.int64)]
    result = connection.execute(query.execution_options(yield_per=_AT_ONCE))
    for rows in result.partitions():
        read = []
        for account, day, score, band, segment_id, model, packed in rows:
            if not overridden and has_aside(packed):
                steady = unpack(bytes(packed), day)
                score = score if steady.steady_centi is None else steady.steady_centi
                band = band if steady.steady_band is None else steady.steady_band
            read.append((account, to_epoch_day(day), score, band, segment_id, model))
        parts.append(np.array(read, dtype=np.int64))
    table = np.concatenate(parts)
    return Series(table[:, 0], table[:, 1], table[:, 2] / 100, table[:, 3], table[:, 4], table[:, 5])


def scored_days(connection: sa.Connection, basis: int) -> list[date]:
    """The days that were scored on a basis, oldest first."""
    query = sa.select(scored_day.c.day).where(scored_day.c.basis == basis).order_by(scored_day.c.day)
    return list(connection.execute(query).scalars())


def days_beside(connection: sa.Connection, bases: Sequence[int], since: datetime | None = None) -> dict[date, int]:
    """The days that were scored on any of some bases, oldest first, each with the first of them that there is.

    since: only what was scored at this instant or later.
    """
    s = scored_day.c
    query = sa.select(s.day, s.basis).where(s.basis.in_(bases), sa.true() if since is None else s.scored_at >= since)
    found: dict[date, int] = {}
    for day, basis in sorted(connection.execute(query).all(), key=lambda row: (row.day, list(bases).index(row.basis))):
        found.setdefault(day, basis)
    return found


def scored_now(connection: sa.Connection) -> list[int]:
    """The accounts that have a current score."""
    return list(connection.execute(sa.select(score_current.c.account_id)).scalars())


def count_rows(connection: sa.Connection, basis: int, since: date, until: date) -> int:
    """How many history rows a basis has between two days, both included."""
    h = score_history.c
    query = sa.select(sa.func.count()).select_from(score_history).where(h.basis == basis, h.day.between(since, until))
    return int(connection.execute(query).scalar_one())


def components_in_force(connection: sa.Connection, basis: int, day: date) -> list[HistoryRow]:
    """Account, model and packed components of the rows in force at the end of a day."""
    h = score_history.c
    newest = (
        sa.select(h.account_id, sa.func.max(h.day).label("day"))
        .where(h.basis == basis, h.day <= day)
        .group_by(h.account_id)
        .subquery()
    )
    query = (
        sa.select(h.account_id, h.day, h.model_id, h.packed)
        .join(newest, sa.and_(h.account_id == newest.c.account_id, h.day == newest.c.day))
        .where(h.basis == basis)
        .order_by(h.account_id)
    )
    return [HistoryRow(row) for row in connection.execute(query)]


def model_contents(connection: sa.Connection) -> dict[int, Any]:
    """The content of every model ever scored with, by id."""
    return {row.id: row.content for row in connection.execute(sa.select(scoring_model.c.id, scoring_model.c.content))}


def segment_names(connection: sa.Connection) -> dict[int, str]:
    """The names of segments by id."""
    return {row.id: row.name for row in connection.execute(sa.select(segment))}
