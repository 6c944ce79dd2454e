"""Segments: ordered rules say which accounts are scored with which model. The first match wins; the default takes the rest.

- {name: new, model: new, when: {tenure_days: {lt: 90}}}
- {name: enterprise, model: enterprise, when: {plan: {in: [enterprise, scale]}}}
- {name: standard, model: standard, default: true}
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from accountpulse.core.scoring.conditions import All, AnyOf, Columns, Comparison, Condition, Not, Value
from accountpulse.core.scoring.problems import Path, Problem, Reader, did_you_mean
from accountpulse.core.scoring.scorer import Mask
from accountpulse.core.scoring.types import Matched

FieldKind = Literal["number", "text", "flag", "any"]

OPERATORS: dict[FieldKind, tuple[str, ...]] = {
    "number": ("eq", "ne", "lt", "lte", "gt", "gte", "in", "missing"),
    "text": ("eq", "ne", "in", "contains", "missing"),
    "flag": ("eq", "ne", "missing"),
    "any": ("eq", "ne", "lt", "lte", "gt", "gte", "in", "contains", "missing"),
}
COMBINATIONS = ("all", "any", "not")
_KIND_WORDS = {"number": "a number", "text": "text", "flag": "true or false", "any": "text, a number, true or false"}


@dataclass(frozen=True, slots=True)
class Rule:
    """One segment: its name, the model it is scored with, and the condition; None is the default, which takes everyone."""

    name: str
    model: str
    condition: Condition | None

    def content(self) -> dict[str, object]:
        """As plain data: what the store keeps of a rule."""
        if self.condition is None:
            return {"name": self.name, "model": self.model, "default": True}
        return {"name": self.name, "model": self.model, "when": self.condition.content()}


@dataclass(frozen=True, slots=True)
class Assignment:
    """Which rule each account fell under: `index` (n,) into the rules, and `matched` (n, rules) for all that would have."""

    rules: tuple[Rule, ...]
    index: NDArray[np.int64]
    matched: Mask
    columns: Columns
    _said: dict[object, Matched] = field(default_factory=dict, compare=False, repr=False)

    def reasons(self, accounts: Sequence[int]) -> list[list[Matched]]:
        """For each of some accounts every rule that matched it, in order; the first is its segment."""
        found: list[list[Matched]] = [[] for _ in accounts]
        for rule, matches in zip(self.rules, self.matched[list(accounts)].T.tolist(), strict=True):
            places = [place for place, matched in enumerate(matches) if matched]
            if rule.condition is None:
                default = Matched(rule.name, "the default segment")
                for place in places:
                    found[place].append(default)
            elif places:
                rows = [accounts[place] for place in places]
                read = [self.columns[name][rows].tolist() for name in sorted(rule.condition.fields()) if name in self.columns]
                for place, row, *values in zip(places, rows, *read, strict=True):
                    found[place].append(self._reason(rule, rule.condition, row, values))
        return found

    def _reason(self, rule: Rule, condition: Condition, row: int, values: Sequence[object]) -> Matched:
        # Many accounts match by the same values.
        key = (rule.name, *(value if isinstance(value, Hashable) else repr(value) for value in values))
        if key not in self._said:
            self._said[key] = Matched(rule.name, condition.why(self.columns, row))
        return self._said[key]


def assign(rules: Sequence[Rule], columns: Columns, n: int) -> Assignment:
    """Put `n` accounts into segments. `columns` hold what the rules read; an absent column is unknown for everyone."""
    matched = np.empty((n, len(rules)), dtype=bool)
    for r, rule in enumerate(rules):
        matched[:, r] = True if rule.condition is None else rule.condition.outcome(columns, n)[0]
    return Assignment(tuple(rules), matched.argmax(axis=1).astype(np.int64), matched, columns)


def fields_read(rules: Sequence[Rule]) -> frozenset[str]:
    """The attributes and metrics that the rules read."""
    return frozenset().union(*(rule.condition.fields() for rule in rules if rule.condition))


def parse_rules(
    data: object, *, fields: Mapping[str, FieldKind] | None = None, path: Path = ()
) -> tuple[list[Rule], list[Problem]]:
    """Rules from a list, and all problems with them. `fields`: what rules may read; None, and any `custom.` field, is free."""
    parser = _RuleParser(fields)
    items = parser.items(data, path, "segment")
    read = [parser.rule(item, (*path, i)) for i, item in enumerate(items or [])]
    seen: set[str] = set()
    for i, rule in enumerate(read):
        if rule is None:
            continue
        if rule.name in seen:
            parser.add((*path, i, "name"), f"duplicate segment {rule.name!r}; each needs a name of its own")
        seen.add(rule.name)
        if rule.condition is None and i + 1 < len(read):
            parser.add(
                (*path, i), f"the default segment {rule.name!r} comes before others, which nothing would reach; put it last"
            )
    if items and not any(isinstance(item, Mapping) and "default" in item for item in items):
        parser.add(path, "no default segment; add one at the end, such as {name: standard, model: ..., default: true}")
    return [rule for rule in read if rule is not None], parser.problems


def parse_condition(
    data: object, *, fields: Mapping[str, FieldKind] | None = None, path: Path = ()
) -> tuple[Condition | None, list[Problem]]:
    """One condition (what stands after `when:`), and all problems with it."""
    parser = _RuleParser(fields)
    condition = parser.condition(data, path)
    return (None if parser.problems else condition), parser.problems


class _RuleParser(Reader):
    def __init__(self, fields: Mapping[str, FieldKind] | None) -> None:
        super().__init__()
        self._fields = fields

    def rule(self, data: object, path: Path) -> Rule | None:
        fields = self.mapping(data, path, required=("name", "model"), optional=("when", "default"))
        if fields is None:
            return None
        name = self.text(fields["name"], (*path, "name"), "a segment's name") if "name" in fields else None
        model = self.text(fields["model"], (*path, "model"), "a model's name") if "model" in fields else None
        if ("when" in fields) == ("default" in fields):
            self.add(path, "give exactly one of 'when' (a condition) and 'default: true'")
            return None
        condition: Condition | None = None
        if "default" in fields:
            if fields["default"] is not True:
                self.wrong((*path, "default"), fields["default"], "true")
                return None
        else:
            condition = self.condition(fields["when"], (*path, "when"))
            if condition is None:
                return None
        return None if name is None or model is None else Rule(name, model, condition)

    def condition(self, data: object, path: Path) -> Condition | None:
        if not isinstance(data, Mapping) or not data:
            self.wrong(path, data, "a condition such as {tenure_days: {lt: 90}}, or all:, any: or not:")
            return None
        parts: list[Condition | None] = []
        for key, value in data.items():
            name = str(key)
            if name == "not":
                part = self.condition(value, (*path, name))
                parts.append(None if part is None else Not(part))
            elif name in COMBINATIONS:
                items = self.items(value, (*path, name), "condition") or []
                inner = [self.condition(item, (*path, name, i)) for i, item in enumerate(items)]
                known = tuple(part for part in inner if part is not None)
                complete = known and len(known) == len(inner)
                parts.append((All(known) if name == "all" else AnyOf(known)) if complete else None)
            else:
                parts.extend(self._tests(name, value, (*path, name)))
        found = tuple(part for part in parts if part is not None)
        if len(found) < len(parts):
            return None
        return found[0] if len(found) == 1 else All(found)

    def _tests(self, name: str, data: object, path: Path) -> list[Condition | None]:
        kind: FieldKind | None = "any"
        if self._fields is not None and not name.startswith("custom."):
            kind = self._fields.get(name)
        if kind is None:
            hint = did_you_mean(name, [*(self._fields or ()), *COMBINATIONS])
            self.add(path, f"unknown attribute or metric {name!r}{hint}; custom attributes are written custom.<name>")
            return [None]
        operators = OPERATORS[kind]
        if not isinstance(data, Mapping) or not data:
            self.wrong(path, data, f"a test such as {{eq: ...}}, with one of {', '.join(operators)}")
            return [None]
        return [self._test(name, str(operator), value, kind, (*path, str(operator))) for operator, value in data.items()]

    def _test(self, name: str, operator: str, value: object, kind: FieldKind, path: Path) -> Condition | None:
        if operator not in OPERATORS[kind]:
            what = "for a yes/no attribute" if kind == "flag" else "" if kind == "any" else f"for a {kind}"
            hint = did_you_mean(operator, OPERATORS[kind])
            self.add(path, f"unknown test {operator!r}{hint}; allowed {what}: {', '.join(OPERATORS[kind])}".replace(" :", ":"))
            return None
        if operator == "missing":
            if not isinstance(value, bool):
                self.wrong(path, value, "true or false")
                return None
            return Comparison(name, operator, value)
        if operator == "in":
            items = self.items(value, path, "value")
            values = [self._value(item, kind, (*path, i)) for i, item in enumerate(items or [])]
            known = tuple(item for item in values if item is not None)
            return Comparison(name, operator, known) if known and len(known) == len(values) else None
        wanted: FieldKind = "number" if operator in ("lt", "lte", "gt", "gte") else "text" if operator == "contains" else kind
        scalar = self._value(value, wanted, path)
        return None if scalar is None else Comparison(name, operator, scalar)

    def _value(self, data: object, kind: FieldKind, path: Path) -> Value | None:
        if isinstance(data, bool):
            fits = kind in ("flag", "any")
        elif isinstance(data, int | float):
            if kind in ("number", "any"):
                return self.number(data, path)
            fits = False
        else:
            fits = isinstance(data, str) and kind in ("text", "any")
        if not fits or not isinstance(data, bool | str):
            self.wrong(path, data, _KIND_WORDS[kind])
            return None
        return data
