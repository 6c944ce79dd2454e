"""What explains scores, as it is kept: what a segment's accounts share once, an account's own numbers as bytes.

Sentences are made when somebody reads them: most never are, and making them took several times as long as scoring. What no
number says, such as why a value is missing, is kept in words.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

from accountpulse.core.errors import StoreError
from accountpulse.core.metrics.declare import Better
from accountpulse.core.metrics.states import ComponentState
from accountpulse.core.scoring.peers import States
from accountpulse.core.scoring.scorer import Floats
from accountpulse.core.scoring.types import Component
from accountpulse.core.scoring.words import Wording


@dataclass(frozen=True, slots=True)
class Line:
    """What is the same of one metric in all accounts of a segment; see `Metric` and `Component`."""

    name: str
    title: str
    group: str
    unit: str
    money: bool
    better: Better | None
    sources: tuple[str, ...]
    weight: float
    typical_component: float
    typical_value: float | None


@dataclass(frozen=True)
class Backdrop:
    """What a segment's accounts are set against. currency: of money. days: how long ago the previous values were measured."""

    segment: str
    currency: str
    days: int
    lines: tuple[Line, ...]

    def content(self) -> dict[str, Any]:
        """As plain JSON data."""
        return {**asdict(self), "lines": [{**asdict(line), "sources": list(line.sources)} for line in self.lines]}

    @classmethod
    def from_content(cls, content: Mapping[str, Any]) -> Backdrop:
        """From `content`."""
        lines = tuple(Line(**{**line, "sources": tuple(line["sources"])}) for line in content["lines"])
        return cls(content["segment"], content["currency"], content["days"], lines)

    @cached_property
    def digest(self) -> str:
        """A few digits that differ when anything of it does."""
        return hashlib.sha256(json.dumps(self.content(), sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Numbers:
    """Of n accounts and k components, (n, k) each, NaN where there is none.

    value, component, delta, states: as in `Component`. previous: the value some days ago. usual: the account's own baseline.
    """

    value: Floats
    component: Floats
    delta: Floats
    previous: Floats
    usual: Floats
    states: States

    def pack(self) -> list[bytes]:
        """What a row holds, for each account: all values, all components and so on as float64, then the states."""
        columns = [getattr(self, each.name) for each in fields(self)[:-1]]
        whole = np.ascontiguousarray(np.concatenate(columns, axis=1), dtype="<f8").view(np.uint8)
        whole = np.concatenate([whole, self.states.astype(np.uint8)], axis=1)
        size, joined = whole.shape[1], whole.tobytes()
        return [joined[i * size : (i + 1) * size] for i in range(len(whole))]

    @classmethod
    def unpack(cls, row: bytes, components: int) -> Numbers:
        """From one row that `pack` made. Raises StoreError for one that it did not make."""
        columns = len(fields(cls)) - 1
        size = columns * components * 8
        if len(row) != size + components:
            raise StoreError("what explains a score does not fit its segment's: score anew with `accountpulse score --full`")
        numbers = np.frombuffer(row[:size], dtype="<f8").reshape(columns, 1, components)
        value, component, delta, previous, usual = numbers
        return cls(value, component, delta, previous, usual, np.frombuffer(row[size:], dtype=np.int8).reshape(1, components))


Told = Mapping[int, str]
"""Reasons that are kept in words, by the component's place."""


def told_components(backdrop: Backdrop, numbers: Numbers, i: int, told: Told) -> tuple[Component, ...]:
    """The components of the i-th account."""
    return tuple(_component(backdrop, line, numbers, i, j, told.get(j)) for j, line in enumerate(backdrop.lines))


def _component(backdrop: Backdrop, line: Line, numbers: Numbers, i: int, j: int, told: str | None) -> Component:
    value, delta = _number(numbers.value[i, j]), float(numbers.delta[i, j])
    reason = told
    if reason is None:
        assert value is not None, "what is not measured is explained in words"
        reason = Wording(line, backdrop.segment, backdrop.currency).measured(
            value,
            delta,
            typical_value=line.typical_value,
            previous=_number(numbers.previous[i, j]),
            days=backdrop.days,
            usual=_number(numbers.usual[i, j]),
        )
    return Component(
        metric=line.name,
        title=line.title,
        group=line.group,
        unit=line.unit,
        state=ComponentState(int(numbers.states[i, j])),
        value=value,
        typical_value=line.typical_value,
        component=_number(numbers.component[i, j]),
        typical_component=line.typical_component,
        weight=line.weight,
        delta=delta,
        reason=reason,
        sources=line.sources,
    )


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
