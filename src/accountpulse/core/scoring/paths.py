"""The way from a metric's value to better ones: which values there are, as its normaliser sees them.

A normaliser is monotone, so a better component lies in one direction from where the value is.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, inf, isfinite, nextafter

import numpy as np

from accountpulse.core.scoring.normalise import Baseline, Categories, Linear, Normaliser, Percentile, Points, Steps, normalise

_NEAR = 1e-9


@dataclass(frozen=True, slots=True)
class Path:
    """Values with a better component than the account's own. best: the nearest of those with the best one.

    stops: the only ones worth naming, nearest first, where components jump; None where they rise all the way to `best`.
    whole: the metric counts whole things.
    """

    value: float
    best: float
    stops: tuple[float, ...] | None
    whole: bool

    def rounded(self, value: float) -> float:
        """A value on the way as it can be: whole where the metric counts, and never beyond the best."""
        if not self.whole:
            return value
        if self.best > self.value:
            return min(float(ceil(value - _NEAR)), self.best)
        return max(float(floor(value + _NEAR)), self.best)


def path_of(normaliser: Normaliser, value: float, usual: float, curve: Points, whole: bool) -> Path | None:
    """The way from a measured value to better ones; None where it is at its best. usual: what a `Baseline` compares it with."""
    if isinstance(normaliser, Linear):
        return _rising(normaliser, value, usual, curve, whole, [x for x, _ in normaliser.points])
    if isinstance(normaliser, Percentile):
        return _rising(normaliser, value, usual, curve, whole, [x for x, _ in curve])
    if isinstance(normaliser, Categories):
        return _jumping(normaliser, value, usual, curve, whole, [x for x, _ in normaliser.points])
    if isinstance(normaliser, Steps):
        return _jumping(normaliser, value, usual, curve, whole, _around([x for x, _ in normaliser.points], whole))
    edges = _of_change(normaliser, usual)
    if edges is None:
        return _jumping(normaliser, value, usual, curve, whole, [1.0, -1.0])
    if isinstance(normaliser.shape, Steps):
        return _jumping(normaliser, value, usual, curve, whole, _around(edges, whole))
    return _rising(normaliser, value, usual, curve, whole, edges)


def _of_change(normaliser: Baseline, usual: float) -> list[float] | None:
    """The values at which the change is that of the points; None from a usual 0, where any relative change is endless."""
    changes = [x for x, _ in normaliser.shape.points]
    if normaliser.change == "absolute":
        return [usual + x for x in changes]
    return None if usual == 0 else [usual + x * abs(usual) for x in changes]


def _around(edges: list[float], whole: bool) -> list[float]:
    """The values just before and at each edge: where the better level is below, one stays as near to the edge as one can."""
    found: list[float] = []
    for edge in edges:
        found += [ceil(edge) - 1.0 if whole else nextafter(edge, -inf), float(ceil(edge)) if whole else edge]
    return found


def _rising(normaliser: Normaliser, value: float, usual: float, curve: Points, whole: bool, edges: list[float]) -> Path | None:
    levels = _levels(normaliser, [value, *edges], usual, curve)
    better = [edge for edge, level in zip(edges, levels[1:], strict=True) if level == max(levels) and isfinite(edge)]
    if not better or max(levels) <= levels[0]:
        return None
    return Path(value, min(better, key=lambda edge: abs(edge - value)), None, whole)


def _jumping(normaliser: Normaliser, value: float, usual: float, curve: Points, whole: bool, edges: list[float]) -> Path | None:
    levels = _levels(normaliser, [value, *edges], usual, curve)
    better = sorted(
        ((level, abs(edge - value), edge) for edge, level in zip(edges, levels[1:], strict=True) if level > levels[0])
    )
    nearest: dict[float, float] = {}
    for level, _, edge in better:
        nearest.setdefault(level, edge)
    if not nearest:
        return None
    stops = tuple(nearest.values())
    return Path(value, stops[-1], stops, whole)


def _levels(normaliser: Normaliser, values: list[float], usual: float, curve: Points) -> list[float]:
    found = normalise(normaliser, np.array(values), curve, np.full(len(values), usual))
    levels: list[float] = np.where(np.isnan(found), -inf, found).tolist()
    return levels
