"""How models, and the rules that name them, differ in what they mean, in the words of files: not in comments or layout."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accountpulse.core.scoring.model import ScoringModel
from accountpulse.core.scoring.scorer import Floats, Scorer
from accountpulse.core.scoring.segments import Rule

NOTHING = "-"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. place: the key, with the group or metric it is in. before, after: as in a file; `-` for nothing."""

    place: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class WeightChange:
    """A metric's share of the score, 0..1, before and after; None where it is not in the model."""

    metric: str
    before: float | None
    after: float | None


@dataclass(frozen=True, slots=True)
class ModelChange:
    """A model before and after: versions, None where it is not there. changes, weights: what differs, where it is in both."""

    model: str
    before: str | None
    after: str | None
    changes: tuple[Change, ...] = ()
    weights: tuple[WeightChange, ...] = ()


def model_changes(
    before: Mapping[str, ScoringModel], after: Mapping[str, ScoringModel], scorers: Mapping[str, type[Scorer]]
) -> list[ModelChange]:
    """The models that differ, by name. Weights are left out where a scorer is not installed."""
    found = []
    for name in dict.fromkeys((*before, *after)):
        old, new = before.get(name), after.get(name)
        if old is None or new is None:
            found.append(ModelChange(name, old.version if old else None, new.version if new else None))
        elif old.version != new.version:
            weights: list[WeightChange] = []
            if old.scorer in scorers and new.scorer in scorers:
                weights = weight_changes(old, old.make_scorer(scorers).weights(), new, new.make_scorer(scorers).weights())
            moved = tuple(each for each in weights if each.before != each.after)
            found.append(ModelChange(name, old.version, new.version, tuple(changes(old, new)), moved))
    return found


def rule_changes(before: Sequence[Rule], after: Sequence[Rule]) -> list[Change]:
    """What differs between two lists of segments: conditions, models, and the order in which they are tried."""
    old = {rule.name: _without_name(rule) for rule in before}
    new = {rule.name: _without_name(rule) for rule in after}
    found: list[Change] = []
    _compare_lists("segment", old, new, found)
    for name, rule in old.items():
        other = new.get(name)
        for key in dict.fromkeys((*rule, *other)) if other is not None else ():
            _compare(f"segment {name}.{key}", rule.get(key), other.get(key) if other else None, found)
    return found


def _without_name(rule: Rule) -> dict[str, Any]:
    return {key: value for key, value in rule.content().items() if key != "name"}


def changes(before: ScoringModel, after: ScoringModel) -> list[Change]:
    """All differences, in the order of the files; none exactly if the versions are equal."""
    old, new = before.content(), after.content()
    found: list[Change] = []
    for key in dict.fromkeys((*old, *new)):
        if key not in ("groups", "steadiness"):
            _compare(key, old.get(key), new.get(key), found)
    _compare_steadiness(before.steadiness.content(), after.steadiness.content(), found)
    _compare_lists("group", _groups(old), _groups(new), found)
    for name, group in _groups(old).items():
        other = _groups(new).get(name)
        if other is not None:
            _compare(f"{name}.weight", group["weight"], other["weight"], found)
    lines, others = _lines(old), _lines(new)
    _compare_lists("metric", lines, others, found)
    for name, line in lines.items():
        other = others.get(name)
        for key in dict.fromkeys((*line, *other)) if other is not None else ():
            _compare(f"{name}.{key}", line.get(key), other.get(key) if other else None, found)
    return found


def weight_changes(before: ScoringModel, weights: Floats, after: ScoringModel, new_weights: Floats) -> list[WeightChange]:
    """The shares of all metrics of both models, in the order of the files. weights: the scorers', (k,) each."""
    old = dict(zip(before.metrics, map(float, weights), strict=True))
    new = dict(zip(after.metrics, map(float, new_weights), strict=True))
    return [WeightChange(metric, old.get(metric), new.get(metric)) for metric in dict.fromkeys((*old, *new))]


def _compare_steadiness(old: object, new: object, found: list[Change]) -> None:
    """Key by key. A model without the key has the usual steadiness, not none."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys((*old, *new)):
            _compare(f"steadiness.{key}", old.get(key), new.get(key), found)
    else:
        _compare("steadiness", old, new, found)


def _groups(content: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {group["name"]: group for group in content["groups"]}


def _lines(content: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The metrics by name, each with the group it is in."""
    return {
        line["metric"]: {"group": group["name"], **{key: value for key, value in line.items() if key != "metric"}}
        for group in content["groups"]
        for line in group["metrics"]
    }


def _compare_lists(
    noun: str, old: Mapping[str, Mapping[str, Any]], new: Mapping[str, Mapping[str, Any]], found: list[Change]
) -> None:
    """What is there in one only, and another order of what is in both."""
    for name in [name for name in old if name not in new]:
        found.append(Change(f"{noun} {name}", _said(old[name], noun), NOTHING))
    for name in [name for name in new if name not in old]:
        found.append(Change(f"{noun} {name}", NOTHING, _said(new[name], noun)))
    before, after = [name for name in old if name in new], [name for name in new if name in old]
    if before != after:
        found.append(Change(f"order of {noun}s", ", ".join(before), ", ".join(after)))


def _said(data: Mapping[str, Any], noun: str) -> str:
    if noun == "group":
        return f"{len(data['metrics'])} metrics, weight {data['weight']:g}"
    return _text(dict(data))


def _compare(place: str, before: object, after: object, found: list[Change]) -> None:
    if before != after:
        found.append(Change(place, _text(before), _text(after)))


def _text(value: object) -> str:
    """A value on one line, as in a YAML file."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value).removesuffix(".0")  # in full: what differs must look different
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(_text, value)) + "]"
    return value if isinstance(value, str) else json.dumps(value)
