"""Strawberry's field and enum-value helpers, with the types that a checker needs, and a description that can't be left out.

A field that says what it `needs` lets a query read only the columns that are asked for; one that says nothing needs them all.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any, TypeVar, cast

import strawberry

from accountpulse.graphql.execution.marks import (
    ReadColumns,
    as_column,
    checking,
    in_columns,
    needing,
    ready_with,
    volatile,
    written_as,
)

F = TypeVar("F", bound=Callable[..., object])


def resolver(
    description: str,
    *,
    needs: tuple[str, ...] | None = None,
    within: bool = False,
    rests_on_more: bool = False,
    ready: Callable[[Any], Any] | None = None,
    check: Callable[..., object] | None = None,
    columns: ReadColumns | None = None,
    as_: str | None = None,
) -> Callable[[F], F]:
    """Declare a method as the resolver of the field named like it.

    needs: the columns of the object's row that it reads. within: what it returns reads further columns of the same row.
    rests_on_more: than the store; no answer with it is kept. ready: gives the same at once, or NOT_READY. check: takes
    arguments by the method's names for them, and raises BadInput; the query is then refused before it begins. columns: gives a
    list without an object for each member. as_: the column that it is of such a list.
    """

    def declare(method: F) -> F:
        if needs is not None:
            needing(method, needs, within=within)
        if rests_on_more:
            volatile(method)
        if ready is not None:
            ready_with(method, ready)
        if check is not None:
            checking(check)(method)
        if columns is not None:
            in_columns(method, columns)
        if as_ is not None:
            as_column(method, as_)
        return cast("F", strawberry.field(description=description)(method))

    return declare


def column(name: str, description: str, *, named: str | None = None) -> Any:
    """Declare a field that is a column of the object's `row`. named: what GraphQL calls it, where that is not the rule."""

    def read(self: Any):  # type: ignore[no-untyped-def]  # the field's own annotation says the type
        return getattr(self.row, name)

    needing(written_as(read, f"s.row.{name}"), (name,))
    return strawberry.field(resolver=read, description=description, name=named)


def read_as(path: str, description: str, as_: str) -> Any:
    """Declare a field that is read of the object itself: `part.value` is its `part`'s `value`. as_: its column in a list."""
    read_path = attrgetter(path)

    def read(self: Any):  # type: ignore[no-untyped-def]  # the field's own annotation says the type
        return read_path(self)

    return strawberry.field(resolver=as_column(written_as(read, f"s.{path}"), as_), description=description)


def mutation(description: str) -> Callable[[F], F]:
    """Declare a method as the resolver of the mutation named like it."""
    return cast("Callable[[F], F]", strawberry.mutation(description=description))


def choice(value: str, description: str) -> str:
    """Declare a value of an enum: `value` is what the store and the core call it."""
    return cast("str", strawberry.enum_value(value, description=description))
