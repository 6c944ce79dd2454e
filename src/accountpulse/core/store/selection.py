"""Conditions over columns as data, so that the API can say what it wants without writing SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

Operator = Literal["eq", "in", "gte", "lte", "contains", "null"]


@dataclass(frozen=True, slots=True)
class Test:
    """One comparison. A missing value passes no test but `null: true`, so that `not` keeps the rows without a value."""

    field: str
    operator: Operator
    value: Any


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds; true when there is none."""

    parts: Sequence[Condition]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds; false when there is none."""

    parts: Sequence[Condition]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Condition


Condition = Test | All | AnyOf | Not


def fields_of(condition: Condition | None) -> set[str]:
    """The fields that a condition compares."""
    match condition:
        case None:
            return set()
        case All(parts) | AnyOf(parts):
            return set[str]().union(*(fields_of(part) for part in parts))
        case Not(part):
            return fields_of(part)
        case Test(field, _, _):
            return {field}


def clause(condition: Condition, columns: Mapping[str, sa.ColumnElement[Any]]) -> sa.ColumnElement[bool]:
    """The SQL of a condition; every value is a bound parameter. Its result is never null."""
    match condition:
        case All(parts):
            return sa.and_(sa.true(), *(clause(part, columns) for part in parts))
        case AnyOf(parts):
            return sa.or_(sa.false(), *(clause(part, columns) for part in parts))
        case Not(part):
            return sa.not_(clause(part, columns))
        case Test(field, operator, value):
            return _test(columns[field], operator, value)


def _test(column: sa.ColumnElement[Any], operator: Operator, value: Any) -> sa.ColumnElement[bool]:
    known = column.is_not(None)
    if operator == "null":
        return column.is_(None) if value else known
    if operator == "eq":
        compared: sa.ColumnElement[bool] = column == value
    elif operator == "in":
        compared = column.in_(value)
    elif operator == "gte":
        compared = column >= value
    elif operator == "lte":
        compared = column <= value
    else:
        compared = column.icontains(value, autoescape=True)
    return sa.and_(known, compared)
