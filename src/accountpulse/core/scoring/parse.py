"""From plain data (a YAML file, a draft sent over GraphQL, the store's own copy) to a checked `ScoringModel`."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import cast

from accountpulse.core.errors import ModelError
from accountpulse.core.metrics.declare import Metric
from accountpulse.core.names import UNKNOWN_NAME
from accountpulse.core.scoring.bands import PRESETS, Band, tiling_problem
from accountpulse.core.scoring.model import (
    DEFAULT_STEADINESS,
    GOALS,
    MISSING_POLICIES,
    POINTS_SCORER,
    Goal,
    MetricGroup,
    MetricLine,
    MissingPolicy,
    ScoringModel,
)
from accountpulse.core.scoring.parse_adjust import read_caps, read_roll_up, read_steadiness, read_worst_of
from accountpulse.core.scoring.parse_normaliser import read_normaliser, refuse_one_point
from accountpulse.core.scoring.problems import Path, Problem, Reader, did_you_mean
from accountpulse.core.scoring.scorer import DEFAULT_BASE
from accountpulse.core.scoring.segments import FieldKind

MODEL_KEYS = {
    "required": ("name", "goal", "groups"),
    "optional": ("scorer", "coverage_floor", "missing", "bands", "base", "caps", "worst_of", "roll_up", "steadiness"),
}
GROUP_KEYS = {"required": ("name", "weight", "metrics")}
METRIC_KEYS = {"required": ("metric", "normalise"), "optional": ("weight", "typical", "missing")}
# What moves the score is given in points there, so weights have nothing to say.
POINTS_GROUP_KEYS = {"required": ("name", "metrics"), "optional": ("weight",)}
# A plug-in's scorer may count in weights, in points, or in both.
PLUGIN_METRIC_KEYS = {**METRIC_KEYS, "optional": (*METRIC_KEYS["optional"], "points")}
POINTS_METRIC_KEYS = {"required": ("metric", "normalise", "points"), "optional": ("weight", "typical", "missing")}
BAND_KEYS = {"required": ("name", "from", "to")}
EXAMPLES = {
    "name": "give it a name, such as name: standard",
    "goal": "write goal: churn, goal: growth or goal: renewal",
    "groups": "write groups: and under it a list of groups, each with name, weight and metrics",
    "weight": "write weight: 30; what counts is its share of all the weights beside it",
    "metrics": "write metrics: and under it a list of metrics, each with metric and normalise",
    "metric": "write metric: and a name that `accountpulse metrics` lists",
    "normalise": "say what its values are worth from 0 to 100, such as normalise: {linear: [[0, 0], [10, 100]]}",
    "points": "say how far it can move the score, such as points: -20",
    "preset": "write preset: red-yellow-green",
    "bands.from": "write where it begins, such as from: 0",
    "bands.to": "write where it ends, such as to: 40",
    "roll_up.from": "write from: children",
    "when": "write a condition, such as when: {overdue_days: {gt: 60}}",
    "at": "write the highest score that it allows, such as at: 40",
    "because": "write the reason for people, such as because: an invoice is long overdue",
    "parts": "write parts: and a list of groups or metrics of this model",
    "days": "write how many days it looks back, such as days: 90",
    "every": "write how many days lie between two looks, such as every: 30",
    "scores": "write what each value is worth, such as scores: [[1, 100], [2, 50]]",
}
"""What to do where a key is missing."""
NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
MOST_POINTS = 1000


def parse_model(
    data: object,
    *,
    metrics: Mapping[str, Metric] | None,
    scorers: Collection[str] | None,
    attributes: Mapping[str, FieldKind] | None = None,
) -> tuple[ScoringModel | None, list[Problem]]:
    """The model, or None and all problems.

    `metrics` and `scorers` are those installed; None skips these checks. attributes: what conditions may read besides metrics
    and `custom.` fields; None for anything.
    """
    parser = _ModelParser(metrics, scorers, attributes)
    model = parser.model(data)
    return (None if parser.problems else model), parser.problems


def model_of(content: object) -> ScoringModel:
    """The model whose `content()` this is: how a stored model comes back. Raises ModelError if it isn't one."""
    return _model_of(json.dumps(content))


@lru_cache(maxsize=256)
def _model_of(content: str) -> ScoringModel:
    # A run reads the same few models several times, and a process the same ones all day.
    model, problems = parse_model(json.loads(content), metrics=None, scorers=None)
    if model is None:
        raise ModelError("not a scoring model: " + "; ".join(map(str, problems)))
    return model


class _ModelParser(Reader):
    examples = EXAMPLES

    def __init__(
        self,
        metrics: Mapping[str, Metric] | None,
        scorers: Collection[str] | None,
        attributes: Mapping[str, FieldKind] | None,
    ) -> None:
        super().__init__()
        self._metrics = metrics
        self._scorers = scorers
        self._fields: dict[str, FieldKind] | None = None
        if metrics is not None and attributes is not None:
            self._fields = {**dict.fromkeys(metrics, "number"), **attributes}
        self._scorer: str | None = "weighted"

    def model(self, data: object) -> ScoringModel | None:
        fields = self.mapping(data, (), **MODEL_KEYS)
        if fields is None:
            return None
        name = self._name(fields["name"], ("name",)) if "name" in fields else None
        goal = self.choice(fields["goal"], ("goal",), GOALS) if "goal" in fields else None
        if "scorer" in fields:
            path: Path = ("scorer",)
            if self._scorers is None:
                self._scorer = self.text(fields["scorer"], path, "a scorer's id")
            else:
                self._scorer = self.choice(fields["scorer"], path, self._scorers, "scorer")
        scorer = self._scorer
        base = self._base(fields)
        floor = self.number(fields.get("coverage_floor", 0.4), ("coverage_floor",), 0, 1)
        missing = self.choice(fields.get("missing", "typical"), ("missing",), MISSING_POLICIES)
        bands = self._bands(fields.get("bands", {"preset": "red-yellow-green"}))
        groups = self._groups(fields["groups"], cast(MissingPolicy, missing or "typical")) if "groups" in fields else None
        caps = read_caps(self, fields["caps"], self._fields) if "caps" in fields else ()
        worst_of = read_worst_of(self, fields["worst_of"], groups or ()) if "worst_of" in fields else None
        roll_up = read_roll_up(self, fields["roll_up"]) if "roll_up" in fields else None
        steadiness = read_steadiness(self, fields["steadiness"]) if "steadiness" in fields else DEFAULT_STEADINESS
        if name is None or goal is None or scorer is None or floor is None or bands is None or groups is None:
            return None
        if steadiness is None:
            return None
        return ScoringModel(name, cast(Goal, goal), scorer, floor, bands, groups, base, caps, worst_of, roll_up, steadiness)

    def _base(self, fields: Mapping[str, object]) -> float | None:
        """The score before any component has its say; None for a scorer without one."""
        if self._scorer == "weighted" and "base" in fields:
            self.add(("base",), "a weighted model has no base: it is a mean; leave it out, or write `scorer: points`")
        if self._scorer == POINTS_SCORER or "base" in fields:
            return self.number(fields.get("base", DEFAULT_BASE), ("base",), 0, 100)
        return None

    def _name(self, data: object, path: Path) -> str | None:
        if isinstance(data, str) and NAME.fullmatch(data):
            return data
        self.wrong(path, data, "a name of lower-case letters, digits, '-' and '_'")
        return None

    # --- bands ----------------------------------------------------------------------------------------------------------

    def _bands(self, data: object) -> tuple[Band, ...] | None:
        path: Path = ("bands",)
        if isinstance(data, Mapping) and "preset" in data:
            fields = self.mapping(data, path, required=("preset",)) or {}
            preset = self.choice(fields["preset"], (*path, "preset"), PRESETS, "preset")
            return PRESETS[preset] if preset else None
        if not isinstance(data, list) or not data:
            self.wrong(path, data, "{preset: red-yellow-green} or a list of {name, from, to}")
            return None
        read = [self._band(item, (*path, i)) for i, item in enumerate(data)]
        bands = tuple(band for band in read if band is not None)
        if len(bands) < len(read):
            return None
        for i, band in enumerate(bands):
            if band.name in [other.name for other in bands[:i]]:
                self.add((*path, i, "name"), f"duplicate band {band.name!r}; each band needs a name of its own")
        if problem := tiling_problem(bands):
            self.add(path, f"{problem}; allowed: bands that cover 0 to 100 with no gap or overlap")
            return None
        return bands

    def _band(self, data: object, path: Path) -> Band | None:
        fields = self.mapping(data, path, **BAND_KEYS)
        if fields is None or not {"name", "from", "to"} <= fields.keys():
            return None
        name = self.text(fields["name"], (*path, "name"))
        if name == UNKNOWN_NAME:
            self.wrong((*path, "name"), name, "any other name; 'unknown' is for scores that rest on too little")
        start = self.number(fields["from"], (*path, "from"))
        end = self.number(fields["to"], (*path, "to"))
        return None if name is None or start is None or end is None else Band(name, start, end)

    # --- groups and metrics ---------------------------------------------------------------------------------------------

    def _groups(self, data: object, missing: MissingPolicy) -> tuple[MetricGroup, ...] | None:
        items = self.items(data, ("groups",), "group")
        if items is None:
            return None
        seen: dict[str, str] = {}
        read = [self._group(item, ("groups", i), missing, seen) for i, item in enumerate(items)]
        groups = tuple(group for group in read if group is not None)
        names: set[str] = set()
        for i, group in enumerate(read):
            if group is None:
                continue
            if group.name in names:
                self.add(("groups", i, "name"), f"duplicate group {group.name!r}; put its metrics into one group")
            names.add(group.name)
            if group.weight > 0 and group.metrics and not any(line.weight > 0 for line in group.metrics):
                what = f"all weights in group {group.name!r} are 0; give at least one metric a weight above 0"
                self.add(("groups", i, "metrics"), what)
        if len(groups) == len(read) and not any(group.weight > 0 for group in groups):
            self.add(("groups",), "all group weights are 0; give at least one group a weight above 0")
        return groups

    def _group(self, data: object, path: Path, missing: MissingPolicy, seen: dict[str, str]) -> MetricGroup | None:
        points = self._scorer == POINTS_SCORER
        fields = self.mapping(data, path, **(POINTS_GROUP_KEYS if points else GROUP_KEYS))
        if fields is None:
            return None
        name = self._name(fields["name"], (*path, "name")) if "name" in fields else None
        weight = self._weight(fields, path) if points or "weight" in fields else None
        items = self.items(fields["metrics"], (*path, "metrics"), "metric") if "metrics" in fields else None
        lines = []
        for i, item in enumerate(items or []):
            line = self._line(item, (*path, "metrics", i), missing)
            if line is not None:
                place = f"group {name!r}"
                if line.metric in seen:
                    text = f"duplicate metric {line.metric!r}: it is already in {seen[line.metric]}; name each metric once"
                    self.add((*path, "metrics", i, "metric"), text)
                seen.setdefault(line.metric, place)
                lines.append(line)
        if name is None or weight is None or items is None or len(lines) < len(items):
            return None
        return MetricGroup(name, weight, tuple(lines))

    def _line(self, data: object, path: Path, missing: MissingPolicy) -> MetricLine | None:
        counted = self._scorer == POINTS_SCORER
        if self._scorer == "weighted" and isinstance(data, Mapping) and "points" in data:
            self.add((*path, "points"), "a weighted model has no points; leave them out, or write `scorer: points`")
            data = {key: value for key, value in data.items() if key != "points"}
        keys = POINTS_METRIC_KEYS if counted else METRIC_KEYS if self._scorer == "weighted" else PLUGIN_METRIC_KEYS
        fields = self.mapping(data, path, **keys)
        if fields is None:
            return None
        name = self._metric(fields["metric"], (*path, "metric")) if "metric" in fields else None
        weight = self._weight(fields, path)
        points = self._points(fields["points"], (*path, "points")) if "points" in fields else None
        typical = self.number(fields.get("typical", 50), (*path, "typical"), 0, 100)
        policy = self.choice(fields.get("missing", missing), (*path, "missing"), MISSING_POLICIES)
        better = self._metrics[name].better if name and self._metrics and name in self._metrics else None
        normaliser = read_normaliser(self, fields["normalise"], (*path, "normalise"), better) if "normalise" in fields else None
        if normaliser is not None and self._metrics is not None:
            refuse_one_point(self, normaliser, (*path, "normalise"))
        if name is None or weight is None or typical is None or policy is None or normaliser is None:
            return None
        return MetricLine(name, weight, normaliser, typical, cast(MissingPolicy, policy), points)

    def _weight(self, fields: Mapping[str, object], path: Path) -> float | None:
        weight = self.number(fields.get("weight", 1), (*path, "weight"), 0)
        if self._scorer == POINTS_SCORER and weight is not None and weight != 1:
            found = f"found {weight:g}, but a points model has no weights"
            self.add((*path, "weight"), f"{found}; leave it out: each metric's `points` say how much it can move")
        return weight

    def _points(self, data: object, path: Path) -> tuple[float, float] | None:
        """The lowest and the highest points; a single number stands for both, taken and added."""
        allowed = "the lowest and the highest points, such as [-20, 10]; 20 stands for [-20, 20]"
        if not isinstance(data, list):
            if isinstance(data, bool) or not isinstance(data, int | float):
                self.wrong(path, data, allowed)
                return None
            most = self.number(data, path, 0, MOST_POINTS)
            if most == 0:
                self.wrong(path, data, "a number above 0: otherwise the metric can move nothing")
            return (-most + 0.0, most) if most else None
        if len(data) != 2:
            self.wrong(path, data, allowed)
            return None
        low, high = (self.number(item, (*path, i), -MOST_POINTS, MOST_POINTS) for i, item in enumerate(data))
        if low is None or high is None:
            return None
        if low >= high:
            self.add(path, f"found {low:g}, then {high:g}; allowed: {allowed}, the lower first: what is better adds more")
            return None
        return (low, high)

    def _metric(self, data: object, path: Path) -> str | None:
        name = self.text(data, path, "a metric's name, such as logins_30d")
        if name is not None and self._metrics is not None and name not in self._metrics:
            hint = did_you_mean(name, self._metrics)
            self.add(path, f"unknown metric {name!r}{hint}; `accountpulse metrics` lists all {len(self._metrics)}")
        return name
