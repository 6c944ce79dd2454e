"""Keyset pages: the rows after or before a row, by its values instead of by counting.

Rows that come or go between two pages can't shift the others, and page 1,000 costs what page 1 costs. Missing values come
last in either direction; the row's id breaks ties.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import sqlalchemy as sa


@dataclass(frozen=True, slots=True)
class Order:
    """One column to order by. The last one of an ordering must be unique."""

    column: sa.ColumnElement[Any]
    descending: bool = False


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which rows: `limit` of them, behind the row with the values `after` and in front of the one with `before`.

    backward: the last rows of that range instead of the first; they still come in the order asked for.
    """

    limit: int
    after: Sequence[Any] | None = None
    before: Sequence[Any] | None = None
    backward: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """The rows, and whether the range goes on beyond them in the direction of reading. `keys[i]`: values of row i's order.

    A row is a named tuple: its values are read several times each, at a twentieth of what reading one of `sa.Row` takes.
    """

    rows: list[Any]
    keys: list[tuple[Any, ...]]
    more: bool


def fetch(connection: sa.Connection, query: sa.Select[Any], orders: Sequence[Order], page: PageRequest) -> Page:
    """Read one page of `query`."""
    statement = ordered(query, orders, backward=page.backward)
    if page.after is not None:
        statement = statement.where(beyond(orders, page.after, forward=True))
    if page.before is not None:
        statement = statement.where(beyond(orders, page.before, forward=False))
    return fetch_ordered(connection, statement, len(orders), page)


def ordered(query: sa.Select[Any], orders: Sequence[Order], *, backward: bool) -> sa.Select[Any]:
    """The query in an order, with the keys of its rows, and as many as `fetch_ordered` asks for."""
    statement = query.add_columns(*(order.column.label(f"key_{i}") for i, order in enumerate(orders)))
    for order in orders:
        ascending = order.descending == backward
        term = order.column.asc() if ascending else order.column.desc()
        statement = statement.order_by(term.nulls_first() if backward else term.nulls_last())
    return statement.limit(sa.bindparam("most_rows"))


def fetch_ordered(connection: sa.Connection, statement: sa.Select[Any], orders: int, page: PageRequest) -> Page:
    """The page that a statement of `ordered` selects. orders: how many things it is ordered by."""
    result = connection.execute(statement, {"most_rows": page.limit + 1})
    found = result.all()  # one by one takes twice as long
    rows = list(map(_maker(tuple(result.keys())), found[: page.limit]))
    if page.backward:
        rows.reverse()
    return Page(rows, [row[-orders:] for row in rows], len(found) > page.limit)


@lru_cache(maxsize=256)
def _maker(names: tuple[str, ...]) -> Callable[[Iterable[Any]], Any]:
    """What makes a named tuple of values with these names."""
    return partial(tuple.__new__, namedtuple("Row", names))


def beyond(orders: Sequence[Order], values: Sequence[Any], *, forward: bool = True) -> sa.ColumnElement[bool]:
    """Rows behind (or in front of) the row with these values: they differ first in one column, and there in that direction."""
    choices: list[sa.ColumnElement[bool]] = []
    equal: list[sa.ColumnElement[bool]] = []
    for order, value in zip(orders, values, strict=True):
        choices.append(sa.and_(*equal, _past(order, value, forward=forward)))
        equal.append(order.column.is_(None) if value is None else order.column == value)
    return sa.or_(*choices)


def _past(order: Order, value: Any, *, forward: bool) -> sa.ColumnElement[bool]:
    if value is None:
        return sa.false() if forward else order.column.is_not(None)
    greater = order.descending != forward
    beyond = order.column > value if greater else order.column < value
    return sa.or_(beyond, order.column.is_(None)) if forward else beyond
