"""Exchange rates: what one unit of a currency is worth in the reporting currency, from a day on until the next rate."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any

import sqlalchemy as sa

from accountpulse.core.store.revisions import bump
from accountpulse.core.store.tables import fx_rate

Rates = Mapping[str, Mapping[date, float]]
"""Currency -> the day a rate is in force from -> units of the reporting currency for one unit of it."""


def same_rates(connection: sa.Connection, rates: Rates) -> bool:
    """Whether the stored rates are these and no others."""
    return _stored(connection) == _flat(rates)


def write_rates(connection: sa.Connection, rates: Rates) -> bool:
    """Make the stored rates these and no others, in the caller's transaction; returns whether anything changed."""
    wanted, known = _flat(rates), _stored(connection)
    if known == wanted:
        return False
    stale = [{"c": c, "d": d} for (c, d), rate in known.items() if wanted.get((c, d)) != rate]
    if stale:
        which = (fx_rate.c.currency == sa.bindparam("c"), fx_rate.c.day == sa.bindparam("d", type_=fx_rate.c.day.type))
        connection.execute(sa.delete(fx_rate).where(*which), stale)
    new = [{"currency": c, "day": d, "rate": rate} for (c, d), rate in wanted.items() if known.get((c, d)) != rate]
    if new:
        connection.execute(sa.insert(fx_rate), new)
    bump(connection, "facts")
    return True


def _flat(rates: Rates) -> dict[tuple[str, date], float]:
    return {(currency, day): float(rate) for currency, dated in rates.items() for day, rate in dated.items()}


def _stored(connection: sa.Connection) -> dict[tuple[str, date], float]:
    return {(row.currency, row.day): row.rate for row in connection.execute(sa.select(fx_rate))}


def rates_in_force(connection: sa.Connection, day: date) -> dict[str, float]:
    """The newest rate of each currency on or before a day; a currency without one is not in it."""
    rows = connection.execute(_in_force(), {"until": day})
    return {row.currency: row.rate for row in rows}


@cache
def _in_force() -> sa.Select[Any]:
    newest = (
        sa.select(fx_rate.c.currency, sa.func.max(fx_rate.c.day, type_=fx_rate.c.day.type).label("day"))
        .where(fx_rate.c.day <= sa.bindparam("until", type_=fx_rate.c.day.type))
        .group_by(fx_rate.c.currency)
        .subquery()
    )
    return (
        sa.select(fx_rate.c.currency, fx_rate.c.rate)
        .join(newest, sa.and_(fx_rate.c.currency == newest.c.currency, fx_rate.c.day == newest.c.day))
        .order_by(fx_rate.c.currency)
    )
