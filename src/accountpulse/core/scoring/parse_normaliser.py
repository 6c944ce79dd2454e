"""Reads what stands after `normalise:` in a model."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal, cast

from accountpulse.core.metrics.declare import Better
from accountpulse.core.scoring.normalise import (
    Baseline,
    Categories,
    Linear,
    Normaliser,
    Percentile,
    Point,
    Points,
    Steps,
    points_against,
)
from accountpulse.core.scoring.problems import Path, Reader

NORMALISERS = ("linear", "steps", "categories", "percentile", "baseline")
CATEGORY_KEYS = {"required": ("scores",), "optional": ("other",)}
SHAPES = ("linear", "steps")
BASELINE_KEYS = {"required": ("days", "every"), "optional": ("middle", "change", *SHAPES)}
MIDDLES = ("mean", "median")
CHANGES = ("relative", "absolute")
MAX_DAYS = 730
MAX_PERIODS = 12
"""Each period is one more evaluation of the metric."""


def read_normaliser(reader: Reader, data: object, path: Path, better: Better | None) -> Normaliser | None:
    """The normaliser, or None after the problems have been noted. better: which way the metric's scores must go."""
    fields = reader.mapping(data, path, optional=NORMALISERS)
    if fields is None:
        return None
    kinds = [key for key in fields if key in NORMALISERS]
    if len(kinds) != 1:
        reader.add(path, f"found {' and '.join(kinds) or 'none'}; allowed: exactly one of {', '.join(NORMALISERS)}")
        return None
    kind, value, path = kinds[0], fields[kinds[0]], (*path, kinds[0])
    if kind == "percentile":
        return _percentile(reader, value, path, better)
    if kind == "baseline":
        return _baseline(reader, value, path, better)
    if kind == "categories":
        return _categories(reader, value, path, better)
    return _shape(reader, kind, value, path, better)


def refuse_one_point(reader: Reader, normaliser: Normaliser, path: Path) -> None:
    """Note a line through one point as a problem. Models that were stored before this was one are not asked."""
    if isinstance(normaliser, Baseline):
        refuse_one_point(reader, normaliser.shape, (*path, "baseline"))
    elif isinstance(normaliser, Linear) and len(normaliser.points) == 1:
        flat = f"found one point, by which every value scores {normaliser.points[0][1]:g}"
        reader.add((*path, "linear"), f"{flat}; allowed: two or more, such as [[0, 0], [30, 100]]")


def _percentile(reader: Reader, value: object, path: Path, better: Better | None) -> Percentile | None:
    direction = reader.choice(value, path, ("higher", "lower"))
    if direction is None:
        return None
    if better and direction != better:
        reader.wrong(path, direction, f"{better}, because a {better} value of this metric is better")
    return Percentile(cast(Better, direction))


def _categories(reader: Reader, value: object, path: Path, better: Better | None) -> Categories | None:
    table = reader.mapping(value, path, **CATEGORY_KEYS)
    if table is None or "scores" not in table:
        return None
    other: float | None = None
    if table.get("other") is not None:
        other = reader.number(table["other"], (*path, "other"), 0, 100)
    points = _points(reader, table["scores"], (*path, "scores"), better)
    return None if points is None else Categories(points, other)


def _shape(reader: Reader, kind: str, value: object, path: Path, better: Better | None) -> Linear | Steps | None:
    points = _points(reader, value, path, better)
    if points is None:
        return None
    return Linear(points) if kind == "linear" else Steps(points)


def _baseline(reader: Reader, value: object, path: Path, better: Better | None) -> Baseline | None:
    fields = reader.mapping(value, path, **BASELINE_KEYS)
    if fields is None:
        return None
    days = _days(reader, fields["days"], (*path, "days")) if "days" in fields else None
    every = _days(reader, fields["every"], (*path, "every")) if "every" in fields else None
    middle = reader.choice(fields.get("middle", "mean"), (*path, "middle"), MIDDLES)
    change = reader.choice(fields.get("change", "relative"), (*path, "change"), CHANGES)
    kinds = [kind for kind in SHAPES if kind in fields]
    shape: Linear | Steps | None = None
    if len(kinds) == 1:
        shape = _shape(reader, kinds[0], fields[kinds[0]], (*path, kinds[0]), better)
    else:
        allowed = "exactly one of linear, steps: the points [change, score], such as [-0.5, 0]"
        reader.add(path, f"found {' and '.join(kinds) or 'neither linear nor steps'}; allowed: {allowed}")
    if days is None or every is None or middle is None or change is None or shape is None:
        return None
    if every > days:
        reader.wrong((*path, "every"), every, f"at most {days}, the days it looks back")
        return None
    if days // every > MAX_PERIODS:
        advice = f"write every: {-(-days // MAX_PERIODS)} or more, or fewer days"
        reader.add((*path, "every"), f"looks back {days // every} times; allowed: at most {MAX_PERIODS}: {advice}")
        return None
    return Baseline(
        shape, days, every, cast("Literal['mean', 'median']", middle), cast("Literal['relative', 'absolute']", change)
    )


def _days(reader: Reader, data: object, path: Path) -> int | None:
    number = reader.number(data, path, 1, MAX_DAYS)
    if number is not None and not number.is_integer():
        reader.wrong(path, data, "whole days")
        return None
    return None if number is None else int(number)


def _points(reader: Reader, data: object, path: Path, better: Better | None) -> Points | None:
    items = reader.items(data, path, "[value, score] point")
    if items is None:
        return None
    points: list[Point] = []
    for i, item in enumerate(items):
        if not isinstance(item, list) or len(item) != 2:
            reader.wrong((*path, i), item, "a point [value, score], such as [30, 80]")
            continue
        value = reader.number(item[0], (*path, i, 0))
        score = reader.number(item[1], (*path, i, 1), 0, 100)
        if value is not None and score is not None:
            points.append((value, score))
    if len(points) < len(items):
        return None
    for i, (before, after) in enumerate(pairwise(points), start=1):
        if after[0] <= before[0]:
            reader.wrong((*path, i), after[0], f"a value above {before[0]:g}: points go from the lowest value to the highest")
            return None
    if better and (pair := points_against(tuple(points), better)):
        (v0, s0), (v1, s1) = pair
        text = f"from value {v0:g} to {v1:g} the score goes from {s0:g} to {s1:g}, but a {better} value is better"
        reader.add(path, f"{text} for this metric; allowed: scores that never {'fall' if better == 'higher' else 'rise'}")
    return tuple(points)
