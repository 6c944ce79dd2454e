"""What resolvers say about themselves: that they may be written out in compiled code, and which columns they read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeVar

NOT_READY: Final = type("NotReady", (), {"__slots__": (), "__repr__": lambda _: "NOT_READY"})()
"""What a `ready` function returns where the value has to be fetched first."""

F = TypeVar("F", bound=Callable[..., Any])
_EXPRESSION, _READY = "accountpulse_expression", "accountpulse_ready"
_NEEDS, _VOLATILE = "accountpulse_needs", "accountpulse_volatile"
_CHECK, _COLUMN, _COLUMNS = "accountpulse_check", "accountpulse_column", "accountpulse_columns"

ReadColumns = Callable[[Any, tuple[str, ...]], Any]
"""Gives, of an object and names, a list for each name: of each member of a list of the object's what it is.

Scalars and enum values as the answer has them, finite and of the type that the schema says: they are not looked at again.
NOT_READY where that can't be said.
"""


def written_as(function: F, expression: str) -> F:
    """Mark a resolver that does nothing but evaluate an expression of the object `s`, such as `s.row.name`."""
    setattr(function, _EXPRESSION, expression)
    return function


def ready_with(function: F, ready: Callable[[Any], Any]) -> F:
    """Mark a resolver whose value `ready(object)` has at once, or NOT_READY. Both must give the same."""
    setattr(function, _READY, ready)
    return function


def expression_of(function: Callable[..., Any]) -> str | None:
    """The expression a resolver was marked with."""
    found: str | None = getattr(function, _EXPRESSION, None)
    return found


def ready_of(function: Callable[..., Any]) -> Callable[[Any], Any] | None:
    """The `ready` function a resolver was marked with."""
    found: Callable[[Any], Any] | None = getattr(function, _READY, None)
    return found


def in_columns(function: F, read: ReadColumns) -> F:
    """Mark a resolver whose list can be had without an object for each member: `read` gives what its fields' `column_of` names.

    Both must give the same.
    """
    setattr(function, _COLUMNS, read)
    return function


def columns_of(function: Callable[..., Any]) -> ReadColumns | None:
    """What reads the columns of a list."""
    found: ReadColumns | None = getattr(function, _COLUMNS, None)
    return found


def as_column(function: F, name: str) -> F:
    """Mark a resolver whose value is in a column, where its object is a member of a list that can be had in columns."""
    setattr(function, _COLUMN, name)
    return function


def column_of(function: Callable[..., Any]) -> str | None:
    """The column that a resolver was marked with."""
    found: str | None = getattr(function, _COLUMN, None)
    return found


class Needs(NamedTuple):
    """The columns of an object's row that a resolver reads. within: what it returns reads more of the same row."""

    columns: tuple[str, ...]
    within: bool


def needing(function: F, columns: tuple[str, ...], *, within: bool = False) -> F:
    """Mark a resolver with the columns that it reads."""
    setattr(function, _NEEDS, Needs(columns, within))
    return function


def needs_of(function: Callable[..., Any]) -> Needs | None:
    """The columns a resolver was marked with; None where it doesn't say."""
    found: Needs | None = getattr(function, _NEEDS, None)
    return found


def volatile(function: F) -> F:
    """Mark a resolver whose value rests on more than the store: no answer with it is kept."""
    setattr(function, _VOLATILE, True)
    return function


def is_volatile(function: Callable[..., Any]) -> bool:
    """Whether a resolver was marked as volatile."""
    return bool(getattr(function, _VOLATILE, False))


def checking(check: Callable[..., object]) -> Callable[[F], F]:
    """Mark a resolver with what checks its arguments before execution begins: it takes some of them, and raises BadInput."""

    def mark(function: F) -> F:
        setattr(function, _CHECK, check)
        return function

    return mark


def check_of(function: Callable[..., Any]) -> Callable[..., object] | None:
    """What checks a resolver's arguments."""
    found: Callable[..., object] | None = getattr(function, _CHECK, None)
    return found
