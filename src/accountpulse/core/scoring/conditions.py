"""Conditions of segment rules: tests of account attributes and metric values, combined with all, any and not.

They are evaluated over whole columns with three outcomes: true, false, and unknown where a value is unknown. Only true
matches, and `not` of unknown is still unknown, so an account never lands in a segment because something is *not* known of it;
`missing: true` asks for that on purpose.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accountpulse.core.scoring.scorer import Mask

Value = str | float | bool
Column = NDArray[Any]
"""float64 with NaN for unknown, or objects (text, booleans, lists of text) with None for unknown."""
Columns = Mapping[str, Column]
Outcome = tuple[Mask, Mask]
"""(true, false) for each account; neither where unknown."""

COMPARISONS = {"eq": "is", "ne": "is not", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}


class Condition(ABC):
    """Something that is true, false or unknown of each account."""

    @abstractmethod
    def outcome(self, columns: Columns, n: int) -> Outcome:
        """Evaluate over `n` accounts. An absent column is unknown for all."""

    @abstractmethod
    def why(self, columns: Columns, i: int, *, holds: bool = True) -> str:
        """Why it holds, or not, for account `i`, in a short phrase; empty where the outcome is not `holds`."""

    @abstractmethod
    def fields(self) -> frozenset[str]:
        """The attributes and metrics it reads."""

    @abstractmethod
    def content(self) -> dict[str, object]:
        """As plain data, as in a rule file."""


def _one(columns: Columns, i: int) -> Columns:
    return {name: column[i : i + 1] for name, column in columns.items()}


def _known(column: Column) -> Mask:
    if column.dtype == object:
        return np.array([value is not None and not (isinstance(value, float) and np.isnan(value)) for value in column], bool)
    if column.dtype.kind == "f":
        return ~np.isnan(column)
    return np.ones(column.shape, dtype=bool)


def _folded(value: object) -> object:
    return value.casefold() if isinstance(value, str) else value


def _shown(value: object) -> str:
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | float | np.number):
        return f"{float(value):.10g}"
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(sorted(map(str, value)))
    return str(value)


@dataclass(frozen=True, slots=True)
class Comparison(Condition):
    """One field against one value (or, for `in`, several). Text is compared without regard to case."""

    field: str
    operator: str
    value: Value | tuple[Value, ...]

    def outcome(self, columns: Columns, n: int) -> Outcome:
        column = columns.get(self.field)
        known = np.zeros(n, dtype=bool) if column is None else _known(column)
        if self.operator == "missing":
            return (~known, known) if self.value else (known, ~known)
        if column is None:
            return known, known
        if column.dtype.kind in "OU":
            true = np.zeros(n, dtype=bool)
            true[known] = [self._holds(value) for value in column[known]]
        else:
            true = known & self._compare(column)
        return true, known & ~true

    def why(self, columns: Columns, i: int, *, holds: bool = True) -> str:
        true, false = self.outcome(_one(columns, i), 1)
        if not (true if holds else false)[0]:
            return ""
        if self.operator == "missing":
            return f"{self.field} is {'unknown' if bool(self.value) is holds else 'known'}"
        negation = "" if holds else "not "
        found = _shown(columns[self.field][i])
        if self.operator in ("lt", "lte", "gt", "gte"):
            return f"{self.field} {found} {negation}{COMPARISONS[self.operator]} {_shown(self.value)}"
        if self.operator == "contains":
            return f"{self.field} {found} {'contains' if holds else 'does not contain'} {_shown(self.value)}"
        if isinstance(self.value, tuple):
            return f"{self.field} {found} is {negation}one of {', '.join(map(_shown, self.value))}"
        equal = (self.operator == "eq") is holds
        return f"{self.field} is {found}" if equal else f"{self.field} {found} is not {_shown(self.value)}"

    def fields(self) -> frozenset[str]:
        return frozenset([self.field])

    def content(self) -> dict[str, object]:
        value = list(self.value) if isinstance(self.value, tuple) else self.value
        return {self.field: {self.operator: value}}

    def _holds(self, found: object) -> bool:
        if self.operator == "contains":
            wanted = _folded(self.value)
            if isinstance(found, list | tuple | set | frozenset):
                return wanted in {_folded(item) for item in found}
            return str(wanted) in str(found).casefold()
        if self.operator == "in":
            assert isinstance(self.value, tuple)
            wanted_any = {_folded(value) for value in self.value}
            items = found if isinstance(found, list | tuple | set | frozenset) else [found]
            return any(_folded(item) in wanted_any for item in items)
        if self.operator in ("eq", "ne"):
            return (_folded(found) == _folded(self.value)) is (self.operator == "eq")
        # Ordering makes sense between numbers only; a text in a numeric field is no match, not a crash.
        if isinstance(found, bool) or not isinstance(found, int | float | np.number):
            return False
        return bool(self._compare(np.array([found], dtype=np.float64))[0])

    def _compare(self, found: Column) -> Mask:
        value: Any = self.value
        if isinstance(value, str):  # text never equals a number
            return np.full(found.shape, self.operator == "ne")
        with np.errstate(invalid="ignore"):
            match self.operator:
                case "eq":
                    result = found == value
                case "ne":
                    result = found != value
                case "lt":
                    result = found < value
                case "lte":
                    result = found <= value
                case "gt":
                    result = found > value
                case "gte":
                    result = found >= value
                case "in":
                    result = np.isin(found, [item for item in value if not isinstance(item, str)])
                case _:
                    result = np.zeros(found.shape, dtype=bool)
        return np.broadcast_to(np.asarray(result, dtype=bool), found.shape)


@dataclass(frozen=True, slots=True)
class All(Condition):
    """Every part is true. With no part it always is."""

    parts: tuple[Condition, ...]

    def outcome(self, columns: Columns, n: int) -> Outcome:
        true, false = np.ones(n, dtype=bool), np.zeros(n, dtype=bool)
        for part in self.parts:
            part_true, part_false = part.outcome(columns, n)
            true, false = true & part_true, false | part_false
        return true, false

    def why(self, columns: Columns, i: int, *, holds: bool = True) -> str:
        return _joined(self.parts, columns, i, holds=holds, every=holds, outcome=self.outcome(_one(columns, i), 1))

    def fields(self) -> frozenset[str]:
        return frozenset().union(*(part.fields() for part in self.parts))

    def content(self) -> dict[str, object]:
        return {"all": [part.content() for part in self.parts]}


@dataclass(frozen=True, slots=True)
class AnyOf(Condition):
    """At least one part is true."""

    parts: tuple[Condition, ...]

    def outcome(self, columns: Columns, n: int) -> Outcome:
        true, false = np.zeros(n, dtype=bool), np.ones(n, dtype=bool)
        for part in self.parts:
            part_true, part_false = part.outcome(columns, n)
            true, false = true | part_true, false & part_false
        return true, false

    def why(self, columns: Columns, i: int, *, holds: bool = True) -> str:
        return _joined(self.parts, columns, i, holds=holds, every=not holds, outcome=self.outcome(_one(columns, i), 1))

    def fields(self) -> frozenset[str]:
        return frozenset().union(*(part.fields() for part in self.parts))

    def content(self) -> dict[str, object]:
        return {"any": [part.content() for part in self.parts]}


@dataclass(frozen=True, slots=True)
class Not(Condition):
    """The part is known to be false."""

    part: Condition

    def outcome(self, columns: Columns, n: int) -> Outcome:
        true, false = self.part.outcome(columns, n)
        return false, true

    def why(self, columns: Columns, i: int, *, holds: bool = True) -> str:
        return self.part.why(columns, i, holds=not holds)

    def fields(self) -> frozenset[str]:
        return self.part.fields()

    def content(self) -> dict[str, object]:
        return {"not": self.part.content()}


def _joined(parts: tuple[Condition, ...], columns: Columns, i: int, *, holds: bool, every: bool, outcome: Outcome) -> str:
    if not (outcome[0] if holds else outcome[1])[0]:
        return ""
    reasons = [reason for part in parts if (reason := part.why(columns, i, holds=holds))]
    return " and ".join(reasons if every else reasons[:1])
