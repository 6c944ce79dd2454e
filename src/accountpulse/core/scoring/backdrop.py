"""What explains scores, as it is kept: what a segment's accounts share once, an account's own numbers as bytes.

Sentences are made when somebody reads them: most never are, and making them took several times as long as scoring. What no
number says, such as why a value is missing, is kept in words.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from accountpulse.core.errors import StoreError
from accountpulse.core.metrics.declare import Better
from accountpulse.core.metrics.states import ComponentState
from accountpulse.core.scoring.peers import States
from accountpulse.core.scoring.scorer import Floats
from accountpulse.core.scoring.types import Component
from accountpulse.core.scoring.words import Speaker, Wording


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


_LINE = tuple(each.name for each in fields(Line))


def _as_declared(line: Mapping[str, Any]) -> dict[str, Any]:
    """What JSON has no type for: PostgreSQL gives a whole number where a large one was kept."""
    typical = line["typical_value"]
    return {
        "sources": tuple(line["sources"]),
        "weight": float(line["weight"]),
        "typical_component": float(line["typical_component"]),
        "typical_value": None if typical is None else float(typical),
    }


@dataclass(frozen=True)
class Backdrop:
    """What a segment's accounts are set against. currency: of money. days: how long ago the previous values were measured."""

    segment: str
    currency: str
    days: int
    lines: tuple[Line, ...]

    @cached_property
    def content(self) -> dict[str, Any]:
        """As plain JSON data."""
        lines = [{**{name: getattr(line, name) for name in _LINE}, "sources": list(line.sources)} for line in self.lines]
        return {"segment": self.segment, "currency": self.currency, "days": self.days, "lines": lines}

    @classmethod
    def from_content(cls, content: Mapping[str, Any]) -> Backdrop:
        """From `content`."""
        lines = tuple(Line(**{**line, **_as_declared(line)}) for line in content["lines"])
        return cls(content["segment"], content["currency"], content["days"], lines)

    @cached_property
    def digest(self) -> str:
        """A few digits that differ when anything of it does."""
        return hashlib.sha256(json.dumps(self.content, sort_keys=True).encode()).hexdigest()[:16]

    @cached_property
    def speakers(self) -> tuple[Speaker, ...]:
        """What makes the sentences about each of the metrics."""
        lines = ((line, Wording(line, self.segment, self.currency)) for line in self.lines)
        return tuple(wording.speaker(line.typical_value, self.days) for line, wording in lines)

    def speak(self, numbers: Sequence[float], reasons: Reasons) -> None:
        """Make the sentences that are missing among an account's reasons, of all its components at once."""
        k = len(self.lines)
        value, delta = numbers[:k], numbers[2 * k : 3 * k]
        previous, usual = numbers[3 * k : 4 * k], numbers[4 * k :]
        for place, speak in enumerate(self.speakers):
            now = value[place]
            if reasons[place] is None and now - now == 0.0:
                reasons[place] = speak(now, delta[place], previous[place], usual[place])

    @cached_property
    def columns(self) -> Mapping[str, tuple[Any, ...]]:
        """By its name, each field of `Line`, of all the lines."""
        return {name: tuple(getattr(line, name) for line in self.lines) for name in _LINE}

    @cached_property
    def layout(self) -> struct.Struct:
        """How `Numbers.pack` lays out a row, up to the states: a byte each."""
        return struct.Struct(f"<{(len(fields(Numbers)) - 1) * len(self.lines)}d")


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

    def of(self, i: int) -> Row:
        """The numbers and states of the i-th account, as `Part` reads them."""
        columns = [getattr(self, each.name)[i].tolist() for each in fields(self)[:-1]]
        return [number for column in columns for number in column], self.states[i].tolist()


Row = tuple[Sequence[float], Sequence[int]]
"""One account's numbers, all values, all components and so on one after another, and the codes of its states."""
Told = Mapping[int, str]
"""Reasons that are kept in words, by the component's place."""
Reasons = list[str | None]
"""The reasons of one score in the order of its components; None for one that was not read yet."""


class Part:
    """One component of one account as it is kept: what `Component` says, most of it worked out only when it is read.

    line: what is the same of all accounts. code: of the state.
    """

    __slots__ = ("_backdrop", "_numbers", "_place", "_reasons", "code", "delta", "line", "value")

    def __init__(self, backdrop: Backdrop, row: Row, place: int, reasons: Reasons) -> None:
        self._backdrop, self._place, self._reasons = backdrop, place, reasons
        self._numbers = numbers = row[0]
        self.code = row[1][place]
        self.line = backdrop.lines[place]
        value = numbers[place]
        self.value: float | None = value if value - value == 0.0 else None
        self.delta: float = numbers[2 * len(backdrop.lines) + place]

    @property
    def state(self) -> ComponentState:
        return ComponentState(self.code)

    @property
    def component(self) -> float | None:
        return _number(self._numbers[len(self._backdrop.lines) + self._place])

    @property
    def reason(self) -> str:
        said = self._reasons[self._place]
        if said is None:
            self._backdrop.speak(self._numbers, self._reasons)
            said = self._reasons[self._place]
            assert said is not None, "what is not measured is explained in words"
        return said

    def whole(self) -> Component:
        """With everything worked out."""
        line = self.line
        return Component(
            metric=line.name,
            title=line.title,
            group=line.group,
            unit=line.unit,
            state=self.state,
            value=self.value,
            typical_value=line.typical_value,
            component=self.component,
            typical_component=line.typical_component,
            weight=line.weight,
            delta=self.delta,
            reason=self.reason,
            sources=line.sources,
        )


def kept_parts(backdrop: Backdrop, packed: bytes, reasons: Reasons) -> list[Part]:
    """The components in a row that `Numbers.pack` made. reasons: as far as known; the others are put there once one is read.

    Raises StoreError for a row that does not fit the backdrop.
    """
    row = unpacked(backdrop, packed)
    return [Part(backdrop, row, place, reasons) for place in range(len(backdrop.lines))]


def unpacked(backdrop: Backdrop, packed: bytes) -> Row:
    """A row that `Numbers.pack` made. Raises StoreError for one that does not fit the backdrop."""
    layout = backdrop.layout
    if len(packed) != layout.size + len(backdrop.lines):
        raise StoreError("what explains a score does not fit its segment's: score anew with `accountpulse score --full`")
    return layout.unpack_from(packed), packed[layout.size :]


class Columns(NamedTuple):
    """The components of one account as `Part` has them, but one thing of all of them at a time. None: not measured."""

    backdrop: Backdrop
    row: Row
    reasons: Reasons

    @property
    def codes(self) -> Sequence[int]:
        return self.row[1]

    @property
    def value(self) -> list[float | None]:
        return [each if each - each == 0.0 else None for each in self._numbers(0)]

    @property
    def component(self) -> list[float | None]:
        return [each if each - each == 0.0 else None for each in self._numbers(1)]

    @property
    def delta(self) -> Sequence[float]:
        return self._numbers(2)

    @property
    def reason(self) -> Sequence[str | None]:
        """None is left only where what is not measured was not explained in words."""
        if None in self.reasons:
            self.backdrop.speak(self.row[0], self.reasons)
        return self.reasons

    def _numbers(self, which: int) -> Sequence[float]:
        numbers, codes = self.row
        return numbers[which * len(codes) : (which + 1) * len(codes)]


def reasons_told(backdrop: Backdrop, told: Mapping[str, str] | Mapping[int, str] | None) -> Reasons:
    """The reasons of a score as far as they are kept in words. told: by place, which is text where it comes out of JSON."""
    reasons: Reasons = [None] * len(backdrop.lines)
    for place, reason in (told or {}).items():
        reasons[int(place)] = reason
    return reasons


def told_components(backdrop: Backdrop, numbers: Numbers, i: int, told: Told) -> tuple[Component, ...]:
    """The components of the i-th account."""
    row, reasons = numbers.of(i), reasons_told(backdrop, told)
    return tuple(Part(backdrop, row, place, reasons).whole() for place in range(len(backdrop.lines)))


def _number(value: float) -> float | None:
    return value if value - value == 0.0 else None  # a difference of its own only where it is finite
