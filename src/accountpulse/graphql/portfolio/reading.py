"""What a portfolio is made of: which scored day answers, and what is counted on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from accountpulse.core.clock import day_of
from accountpulse.core.names import UNKNOWN_NAME
from accountpulse.core.store import portfolio as store
from accountpulse.core.store.portfolio import Cell, Portfolio, Standing, Transition
from accountpulse.core.store.scope import RowScope
from accountpulse.core.store.selection import Condition, fields_of
from accountpulse.graphql.context import Context
from accountpulse.graphql.errors import BadInput

MOST_GROUPS = 1_000
MOST_DIMENSIONS = 3
MOST_MOVERS = 100

Then = dict[tuple[str | None, ...], tuple[int, int]]
"""Accounts and yearly revenue by what they have in common, as written down on the day."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Accounts that have `keys` in common. arr: yearly revenue, minor units. None: not known of them."""

    keys: tuple[str | None, ...]
    accounts: int
    arr: int | None
    mean: float | None
    tenths: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class Reading:
    """What was counted on a day. bands: their names, from the lowest score up.

    groups: those with the most accounts, up to `MOST_GROUPS`. rest: the others together; None where there are none.
    arr_unknown: why yearly revenue is not known; None where it is.
    """

    portfolio: Portfolio
    whole: Counted
    groups: list[Counted]
    rest: Counted | None
    arr_unknown: str | None
    bands: Sequence[str]

    def in_order(self, transitions: Sequence[Transition]) -> list[Transition]:
        """By the band before, then the one after."""
        return sorted(transitions, key=lambda t: (_place(t.before, self.bands), _place(t.after, self.bands)))


async def standing(context: Context, day: date | None) -> Standing | None:
    """The scored day that answers for a day, today's where it is None. Raises BadInput for a day to come."""
    today = day_of(context.hub.clock.now(), context.hub.zone)
    if day is not None and day > today:
        raise BadInput(f"{day.isoformat()} has not come yet; today is {today.isoformat()}")
    if day is None or day == today:
        return await context.read(store.standing_now)
    return await context.read(store.standing_on, day)


def check_dimensions(dimensions: Sequence[str]) -> None:
    """Raises BadInput for too many things to count by, or one twice."""
    if len(dimensions) > MOST_DIMENSIONS or len(set(dimensions)) < len(dimensions):
        raise BadInput(f"groupBy lists {len(dimensions)} things; up to {MOST_DIMENSIONS} different ones are allowed")


async def read(context: Context, condition: Condition | None, dimensions: Sequence[str], day: date | None) -> Reading | None:
    """Count. None where nothing had been scored by then. Raises BadInput for what can't be counted."""
    check_dimensions(dimensions)
    stood = await standing(context, day)
    return None if stood is None else await context.read(_count, stood, condition, tuple(dimensions), context.scope)


def _count(
    connection: sa.Connection, stood: Standing, condition: Condition | None, dimensions: tuple[str, ...], scope: RowScope
) -> Reading:
    layouts = store.band_layouts(connection)
    portfolio = Portfolio(stood, layouts, UNKNOWN_NAME, condition, scope=scope)
    if unknown := portfolio.unknown_fields(fields_of(condition)):
        raise BadInput(f"the filter asks for {', '.join(unknown)}, which is known of today only; leave it out, or asOf")
    past = stood.basis is not None
    arr_unknown = _why_unknown(portfolio, condition, dimensions) if past else None
    then = portfolio.written_down(connection, dimensions) if past and arr_unknown is None else None
    # The owners of then are only where they were written down: profiles have no days.
    of_then = then if "owner" in dimensions else None
    cells = portfolio.cells(connection, dimensions if of_then is None else (), MOST_GROUPS + 1)
    if beyond := len(cells) > MOST_GROUPS:
        cells, (together,) = cells[:MOST_GROUPS], portfolio.cells(connection, (), 1)
    else:
        together = _together(cells)
    arr: int | None = 12 * together.mrr
    if past:
        by_any = then if then is not None else portfolio.written_down(connection, ()) if portfolio.was_written_down else None
        arr = None if by_any is None else sum(each for _, each in by_any.values())
    whole = _counted(together, arr)
    if of_then is None:
        groups = [_counted(cell, _arr(cell, then, past=past)) for cell in cells]
        known = None if arr is None or arr_unknown is not None else arr - sum(group.arr or 0 for group in groups)
        rest = _counted(_less(together, cells), known) if beyond else None
    else:
        most_first = sorted(of_then.items(), key=lambda each: (-each[1][0], [key or "" for key in each[0]]))
        groups = [Counted(keys, accounts, paid, None, None) for keys, (accounts, paid) in most_first]
        groups, others = groups[:MOST_GROUPS], groups[MOST_GROUPS:]
        rest = Counted((), sum(g.accounts for g in others), sum(g.arr or 0 for g in others), None, None) if others else None
    bands = [name for names in layouts for name in names]

    def order(group: Counted) -> list[tuple[int, str]]:
        return [_place(key, bands if by == "band" else ()) for by, key in zip(dimensions, group.keys, strict=True)]

    return Reading(portfolio, whole, sorted(groups, key=order), rest, arr_unknown, bands)


def _why_unknown(portfolio: Portfolio, condition: Condition | None, dimensions: Sequence[str]) -> str | None:
    """Why the revenue of a past day's groups is not known; None where it was written down."""
    kept = "what accounts paid then is kept added up by band, segment and owner"
    if others := sorted(fields_of(condition) - store.SELECTED_THEN):
        return f"{kept}; the filter asks for {', '.join(others)}"
    if not portfolio.was_written_down:
        return f"{kept} for all accounts, and you may see some"
    if others := sorted(set(dimensions) - store.WRITTEN_DOWN):
        return f"{kept}, not by {', '.join(others)}"
    return None


def _arr(cell: Cell, then: Then | None, *, past: bool) -> int | None:
    if not past:
        return 12 * cell.mrr
    return None if then is None else then.get(cell.keys, (0, 0))[1]


def _counted(cell: Cell, arr: int | None) -> Counted:
    return Counted(cell.keys, cell.accounts, arr, cell.score_sum / cell.scored if cell.scored else None, cell.tenths)


def _together(cells: Sequence[Cell]) -> Cell:
    return Cell(
        keys=(),
        accounts=sum(each.accounts for each in cells),
        mrr=sum(each.mrr for each in cells),
        scored=sum(each.scored for each in cells),
        score_sum=sum(each.score_sum for each in cells),
        tenths=tuple(sum(counts) for counts in zip(*(each.tenths for each in cells), strict=True)) or (0,) * store.TENTHS,
    )


def _less(whole: Cell, cells: Sequence[Cell]) -> Cell:
    """What is left of all accounts without those of some cells."""
    part = _together(cells)
    return Cell(
        keys=(),
        accounts=whole.accounts - part.accounts,
        mrr=whole.mrr - part.mrr,
        scored=whole.scored - part.scored,
        score_sum=whole.score_sum - part.score_sum,
        tenths=tuple(all_ - some for all_, some in zip(whole.tenths, part.tenths, strict=True)),
    )


def _place(key: str | None, bands: Sequence[str]) -> tuple[int, str]:
    """Bands from the lowest up, names by name, missing values last."""
    if key is None:
        return len(bands) + 1, ""
    return (bands.index(key), "") if key in bands else (len(bands), key)
