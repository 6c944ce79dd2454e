"""From plain data (a YAML file, a draft sent over GraphQL, the store's own copy) to a checked `ScoringModel`."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from itertools import pairwise
from typing import cast

from accountpulse.core.errors import ModelError
from accountpulse.core.metrics.declare import Better, Metric
from accountpulse.core.scoring.bands import PRESETS, UNKNOWN_NAME, Band, tiling_problem
from accountpulse.core.scoring.model import (
    GOALS,
    MISSING_POLICIES,
    Goal,
    MetricGroup,
    MetricLine,
    MissingPolicy,
    ScoringModel,
)
from accountpulse.core.scoring.normalise import (
    Categories,
    Linear,
    Normaliser,
    Percentile,
    Point,
    Points,
    Steps,
    points_against,
)
from accountpulse.core.scoring.problems import Path, Problem, Reader, did_you_mean

MODEL_KEYS = {"required": ("name", "goal", "groups"), "optional": ("scorer", "coverage_floor", "missing", "bands")}
GROUP_KEYS = {"required": ("name", "weight", "metrics")}
METRIC_KEYS = {"required": ("metric", "normalise"), "optional": ("weight", "typical", "missing")}
BAND_KEYS = {"required": ("name", "from", "to")}
NORMALISERS = ("linear", "steps", "categories", "percentile")
NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


def parse_model(
    data: object, *, metrics: Mapping[str, Metric] | None, scorers: Collection[str] | None
) -> tuple[ScoringModel | None, list[Problem]]:
    """The model, or None and all problems. `metrics` and `scorers` are those installed; None skips these checks."""
    parser = _ModelParser(metrics, scorers)
    model = parser.model(data)
    return (None if parser.problems else model), parser.problems


def model_of(content: object) -> ScoringModel:
    """The model whose `content()` this is: how a stored model comes back. Raises ModelError if it isn't one."""
    model, problems = parse_model(content, metrics=None, scorers=None)
    if model is None:
        raise ModelError("not a scoring model: " + "; ".join(map(str, problems)))
    return model


class _ModelParser(Reader):
    def __init__(self, metrics: Mapping[str, Metric] | None, scorers: Collection[str] | None) -> None:
        super().__init__()
        self._metrics = metrics
        self._scorers = scorers

    def model(self, data: object) -> ScoringModel | None:
        fields = self.mapping(data, (), **MODEL_KEYS)
        if fields is None:
            return None
        name = self._name(fields["name"], ("name",)) if "name" in fields else None
        goal = self.choice(fields["goal"], ("goal",), GOALS) if "goal" in fields else None
        scorer: str | None = "weighted"
        if "scorer" in fields:
            path: Path = ("scorer",)
            if self._scorers is None:
                scorer = self.text(fields["scorer"], path, "a scorer's id")
            else:
                scorer = self.choice(fields["scorer"], path, self._scorers, "scorer")
        floor = self.number(fields.get("coverage_floor", 0.4), ("coverage_floor",), 0, 1)
        missing = self.choice(fields.get("missing", "typical"), ("missing",), MISSING_POLICIES)
        bands = self._bands(fields.get("bands", {"preset": "red-yellow-green"}))
        groups = self._groups(fields["groups"], cast(MissingPolicy, missing or "typical")) if "groups" in fields else None
        if name is None or goal is None or scorer is None or floor is None or bands is None or groups is None:
            return None
        return ScoringModel(name, cast(Goal, goal), scorer, floor, bands, groups)

    def _name(self, data: object, path: Path) -> str | None:
        if isinstance(data, str) and NAME.fullmatch(data):
            return data
        self.wrong(path, data, "a name of lower-case letters, digits, '-' and '_'")
        return None

    # --- bands ----------------------------------------------------------------------------------------------------------

    def _bands(self, data: object) -> tuple[Band, ...] | None:
        path: Path = ("bands",)
        if isinstance(data, Mapping):
            fields = self.mapping(data, path, required=("preset",))
            if fields is None or "preset" not in fields:
                return None
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
        fields = self.mapping(data, path, **GROUP_KEYS)
        if fields is None:
            return None
        name = self._name(fields["name"], (*path, "name")) if "name" in fields else None
        weight = self.number(fields["weight"], (*path, "weight"), 0) if "weight" in fields else None
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
        fields = self.mapping(data, path, **METRIC_KEYS)
        if fields is None:
            return None
        name = self._metric(fields["metric"], (*path, "metric")) if "metric" in fields else None
        weight = self.number(fields.get("weight", 1), (*path, "weight"), 0)
        typical = self.number(fields.get("typical", 50), (*path, "typical"), 0, 100)
        policy = self.choice(fields.get("missing", missing), (*path, "missing"), MISSING_POLICIES)
        better = self._metrics[name].better if name and self._metrics and name in self._metrics else None
        normaliser = self._normaliser(fields["normalise"], (*path, "normalise"), better) if "normalise" in fields else None
        if name is None or weight is None or typical is None or policy is None or normaliser is None:
            return None
        return MetricLine(name, weight, normaliser, typical, cast(MissingPolicy, policy))

    def _metric(self, data: object, path: Path) -> str | None:
        name = self.text(data, path, "a metric's name, such as logins_30d")
        if name is not None and self._metrics is not None and name not in self._metrics:
            hint = did_you_mean(name, self._metrics)
            self.add(path, f"unknown metric {name!r}{hint}; `accountpulse metrics` lists all {len(self._metrics)}")
        return name

    # --- normalisers ----------------------------------------------------------------------------------------------------

    def _normaliser(self, data: object, path: Path, better: Better | None) -> Normaliser | None:
        fields = self.mapping(data, path, optional=NORMALISERS)
        if fields is None:
            return None
        kinds = [key for key in fields if key in NORMALISERS]
        if len(kinds) != 1:
            self.add(path, f"found {' and '.join(kinds) or 'none'}; allowed: exactly one of {', '.join(NORMALISERS)}")
            return None
        kind, value, path = kinds[0], fields[kinds[0]], (*path, kinds[0])
        if kind == "percentile":
            return self._percentile(value, path, better)
        other: float | None = None
        if kind == "categories":
            table = self.mapping(value, path, required=("scores",), optional=("other",))
            if table is None or "scores" not in table:
                return None
            if table.get("other") is not None:
                other = self.number(table["other"], (*path, "other"), 0, 100)
            value, path = table["scores"], (*path, "scores")
        points = self._points(value, path)
        if points is None:
            return None
        if better and (pair := points_against(points, better)):
            (v0, s0), (v1, s1) = pair
            text = f"from value {v0:g} to {v1:g} the score goes from {s0:g} to {s1:g}, but a {better} value is better"
            self.add(path, f"{text} for this metric; allowed: scores that never {'fall' if better == 'higher' else 'rise'}")
        if kind == "categories":
            return Categories(points, other)
        return Linear(points) if kind == "linear" else Steps(points)

    def _percentile(self, value: object, path: Path, better: Better | None) -> Percentile | None:
        direction = self.choice(value, path, ("higher", "lower"))
        if direction is None:
            return None
        if better and direction != better:
            self.wrong(path, direction, f"{better}, because a {better} value of this metric is better")
        return Percentile(cast(Better, direction))

    def _points(self, data: object, path: Path) -> Points | None:
        items = self.items(data, path, "[value, score] point")
        if items is None:
            return None
        points: list[Point] = []
        for i, item in enumerate(items):
            if not isinstance(item, list) or len(item) != 2:
                self.wrong((*path, i), item, "a point [value, score], such as [30, 80]")
                continue
            value = self.number(item[0], (*path, i, 0))
            score = self.number(item[1], (*path, i, 1), 0, 100)
            if value is not None and score is not None:
                points.append((value, score))
        if len(points) < len(items):
            return None
        for i, (before, after) in enumerate(pairwise(points), start=1):
            if after[0] <= before[0]:
                self.wrong((*path, i), after[0], f"a value above {before[0]:g}: points go from the lowest value to the highest")
                return None
        return tuple(points)
