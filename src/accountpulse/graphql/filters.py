"""Typed comparators, and how a tree of them becomes a condition of the store."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import Any

import strawberry

from accountpulse.core.clock import require_aware
from accountpulse.core.store.selection import All, AnyOf, Condition, Not, Operator, Test
from accountpulse.graphql.errors import BadInput
from accountpulse.graphql.scalars import BigInt

MAX_DEPTH = 5
MAX_TESTS = 50
MAX_PARTS = 100
"""How many filters one holds in `and`, `or` and `not`, at whatever depth."""
MAX_VALUES = 200
MAX_TEXT = 500

_OPERATORS: dict[str, Operator] = {
    "eq": "eq",
    "in_": "in",
    "gte": "gte",
    "lte": "lte",
    "contains": "contains",
    "null": "null",
}
_COMBINATIONS = ("and_", "or_", "not_")


@strawberry.input(description="Compares text. Every test given must hold. A missing value passes no test but `null: true`.")
class TextFilter:
    eq: str | None = strawberry.field(default=strawberry.UNSET, description="Is exactly this text, upper and lower case as is.")
    in_: list[str] | None = strawberry.field(
        name="in", default=strawberry.UNSET, description="Is one of these texts, at most 200. An empty list matches nothing."
    )
    contains: str | None = strawberry.field(
        default=strawberry.UNSET, description="Contains this text anywhere, ignoring case (of A to Z on SQLite)."
    )
    null: bool | None = strawberry.field(
        default=strawberry.UNSET, description="True: the value is missing. False: it is there."
    )


@strawberry.input(description="Compares numbers. Every test given must hold. A missing value passes no test but `null: true`.")
class NumberFilter:
    eq: float | None = strawberry.field(default=strawberry.UNSET, description="Equals this number.")
    gte: float | None = strawberry.field(default=strawberry.UNSET, description="Is this number or more.")
    lte: float | None = strawberry.field(default=strawberry.UNSET, description="Is this number or less.")
    null: bool | None = strawberry.field(
        default=strawberry.UNSET, description="True: the value is missing. False: it is there."
    )


@strawberry.input(
    description="Compares amounts of money in the store's reporting currency. Every test given must hold. "
    "A missing amount passes no test but `null: true`."
)
class MoneyFilter:
    eq: BigInt | None = strawberry.field(default=strawberry.UNSET, description="Equals this amount, in minor units.")
    gte: BigInt | None = strawberry.field(default=strawberry.UNSET, description="Is this amount or more, in minor units.")
    lte: BigInt | None = strawberry.field(default=strawberry.UNSET, description="Is this amount or less, in minor units.")
    null: bool | None = strawberry.field(
        default=strawberry.UNSET, description="True: the amount is missing. False: it is there."
    )


@strawberry.input(description="Compares times. Every test given must hold. A missing time passes no test but `null: true`.")
class TimeFilter:
    gte: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="Is this time or later. Write it with an offset, such as 2026-11-01T00:00:00Z."
    )
    lte: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="Is this time or earlier. Write it with an offset."
    )
    null: bool | None = strawberry.field(default=strawberry.UNSET, description="True: the time is missing. False: it is there.")


def condition_of(filter: Any = None) -> Condition | None:
    """The condition that a filter input means: all its comparators hold, and what `and`, `or` and `not` say. None without one.

    Raises BadInput for a filter that is too deep or too large, or holds an explicit null.
    """
    return None if filter is None else _Reader().tree(filter, "filter", depth=1)


class _Reader:
    def __init__(self) -> None:
        self._tests = self._parts = 0

    def tree(self, filter: Any, path: str, depth: int) -> Condition:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise BadInput(f"the filter holds more than {MAX_PARTS} others; use `in` for a choice of values")
        if depth > MAX_DEPTH:
            raise BadInput(f"{path} is nested more than {MAX_DEPTH} deep; write it flatter")
        parts: list[Condition] = []
        for name, value in _given(filter, path):
            here = f"{path}.{name.rstrip('_')}"
            if name == "not_":
                parts.append(Not(self.tree(value, here, depth + 1)))
            elif name in _COMBINATIONS:
                inner = [self.tree(item, f"{here}[{i}]", depth + 1) for i, item in enumerate(value)]
                parts.append(All(inner) if name == "and_" else AnyOf(inner))
            else:
                parts.extend(self._test(name, operator, given, here) for operator, given in _given(value, here))
        return parts[0] if len(parts) == 1 else All(parts)

    def _test(self, name: str, operator: str, value: Any, path: str) -> Test:
        self._tests += 1
        if self._tests > MAX_TESTS:
            raise BadInput(f"the filter holds more than {MAX_TESTS} tests; use `in` for a choice of values")
        return Test(name, _OPERATORS[operator], _value(value, f"{path}.{operator.rstrip('_')}"))


def _given(filter: Any, path: str) -> list[tuple[str, Any]]:
    """The fields of an input that were given."""
    given = [(f.name, getattr(filter, f.name)) for f in fields(filter)]
    given = [(name, value) for name, value in given if value is not strawberry.UNSET]
    for name, value in given:
        if value is None:
            raise BadInput(f"{path}.{name.rstrip('_')} is null; leave it out, or write {{null: true}} for a missing value")
    return given


def _value(value: Any, path: str) -> Any:
    if isinstance(value, list):
        if len(value) > MAX_VALUES:
            raise BadInput(f"{path} lists {len(value)} values; at most {MAX_VALUES} are allowed")
        return [_value(item, path) for item in value]
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise BadInput(f"{path} is longer than {MAX_TEXT} characters")
    if isinstance(value, datetime):
        try:
            return require_aware(value)
        except ValueError as error:
            raise BadInput(f"{path}: {error}") from error
    return value
