"""What a portfolio is made of: which scored day answers, and what is counted on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from accountpulse.core.clock import day_of
from accountpulse.core.scoring.bands import UNKNOWN_NAME
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
    """What was counted on a day. bands: their names, from the lowest score up."""

    portfolio: Portfolio
    whole: Counted
    groups: list[Counted]
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
    then = None
    if past and condition is None and scope.everything and set(dimensions) <= store.WRITTEN_DOWN:
        then = portfolio.written_down(connection, dimensions)
    # The owners of then are only where they were written down: profiles have no days.
    owners_of_then = then if "owner" in dimensions else None
    cells = portfolio.cells(connection, dimensions if owners_of_then is None else (), MOST_GROUPS + 1)
    if max(len(cells), len(then or ())) > MOST_GROUPS:
        raise BadInput(f"there are more than {MOST_GROUPS} groups; group by less, or filter")
    if owners_of_then is not None:
        groups = [Counted(keys, accounts, arr, None, None) for keys, (accounts, arr) in owners_of_then.items()]
    else:
        groups = [_counted(cell, _arr(cell, then, past=past)) for cell in cells]
    bands = [name for names in layouts for name in names]

    def order(group: Counted) -> list[tuple[int, str]]:
        return [_place(key, bands if by == "band" else ()) for by, key in zip(dimensions, group.keys, strict=True)]

    return Reading(portfolio, _whole(cells, then, past=past), sorted(groups, key=order), bands)


def _arr(cell: Cell, then: Then | None, *, past: bool) -> int | None:
    if not past:
        return 12 * cell.mrr
    return None if then is None else then.get(cell.keys, (0, 0))[1]


def _counted(cell: Cell, arr: int | None) -> Counted:
    return Counted(cell.keys, cell.accounts, arr, cell.score_sum / cell.scored if cell.scored else None, cell.tenths)


def _whole(cells: Sequence[Cell], then: Then | None, *, past: bool) -> Counted:
    cell = Cell(
        keys=(),
        accounts=sum(each.accounts for each in cells),
        mrr=sum(each.mrr for each in cells),
        scored=sum(each.scored for each in cells),
        score_sum=sum(each.score_sum for each in cells),
        tenths=tuple(sum(counts) for counts in zip(*(each.tenths for each in cells), strict=True)) or (0,) * store.TENTHS,
    )
    return _counted(cell, _arr(cell, None if then is None else {(): (0, sum(arr for _, arr in then.values()))}, past=past))


def _place(key: str | None, bands: Sequence[str]) -> tuple[int, str]:
    """Bands from the lowest up, names by name, missing values last."""
    if key is None:
        return len(bands) + 1, ""
    return (bands.index(key), "") if key in bands else (len(bands), key)
