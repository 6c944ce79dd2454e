"""Normalisers turn a metric's values into component scores from 0 to 100.

All are vectorised, map NaN to NaN, and are monotone: they rise, or fall, over the whole range of values.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from accountpulse.core.metrics.declare import Better
from accountpulse.core.scoring.scorer import Floats

Point = tuple[float, float]
Points = tuple[Point, ...]

MAX_RANK_POINTS = 201
"""A stored percentile curve has at most so many points, which keeps it within half a point of the exact rank."""
MOST_RAMPS = 4
"""So many stretches of a line are added up; of more, the right one is searched for, which costs as much as eight or so."""
TINY = 1e-290
"""Peers below this count as 0: between two that are nearer to each other the curve would be too steep for a number."""


@dataclass(frozen=True, slots=True)
class Linear:
    """Straight lines between (value, score) points; before the first and after the last point the score stays level."""

    points: Points

    def scores(self, values: Floats) -> Floats:
        return _interpolate(values, self.points)

    def content(self) -> dict[str, object]:
        return {"linear": [list(point) for point in self.points]}


@dataclass(frozen=True, slots=True)
class Steps:
    """The score of the last point whose value has been reached; below the first point, the first point's score."""

    points: Points

    def scores(self, values: Floats) -> Floats:
        levels = np.array([*(score for _, score in self.points), np.nan])
        reached = steps_reached(values, [value for value, _ in self.points[1:]])
        reached += np.isnan(values)  # one further than any number
        return levels[reached]

    def content(self) -> dict[str, object]:
        return {"steps": [list(point) for point in self.points]}


@dataclass(frozen=True, slots=True)
class Categories:
    """A score for each of some codes (a pulse of 1 to 5); `other` for any other code, which is unknown where None."""

    points: Points
    other: float | None = None

    def scores(self, values: Floats) -> Floats:
        result = np.full(values.shape, np.nan if self.other is None else self.other)
        for code, score in self.points:
            result[values == code] = score
        return np.where(np.isnan(values), np.nan, result)

    def content(self) -> dict[str, object]:
        return {"categories": {"scores": [list(point) for point in self.points], "other": self.other}}


@dataclass(frozen=True, slots=True)
class Percentile:
    """The rank within the segment: the share of peers below, counting half of those level. `better`: which end scores 100.

    `fit` turns the peers' values into a curve, which is stored, so that an account scored later the same day, alone, gets
    the same score as in a full run.
    """

    better: Better

    def fit(self, values: Floats) -> Points:
        """The curve of (value, score) through the measured peers' mid-ranks; empty when no value is finite."""
        finite = values[np.isfinite(values)]
        if finite.size == 0:
            return ()
        finite[np.abs(finite) < TINY] = 0.0
        distinct, counts = np.unique(finite, return_counts=True)
        ranks = (np.cumsum(counts) - counts / 2) / finite.size * 100
        if distinct.size > MAX_RANK_POINTS:
            # Evenly spaced ranks, not values: a value that many accounts share is always kept.
            keep = np.unique(np.searchsorted(ranks, np.linspace(ranks[0], ranks[-1], MAX_RANK_POINTS)))
            distinct, ranks = distinct[keep], ranks[keep]
        scores = ranks if self.better == "higher" else 100 - ranks
        return tuple(zip(distinct.tolist(), scores.tolist(), strict=True))

    def scores(self, values: Floats, curve: Points) -> Floats:
        """Rank against the stored curve. Without one an account is its own only peer: 50."""
        return _interpolate(values, curve or ((0.0, 50.0),))

    def content(self) -> dict[str, object]:
        return {"percentile": self.better}


@dataclass(frozen=True, slots=True)
class Baseline:
    """The change against the account's own usual value, as points say it.

    days, every: the usual value is the metric's at `every`, 2 x `every` ... days before, as far back as `days`. middle: their
    mean or their median. change: `relative` to the size of the usual value (-0.5 is half of it), or `absolute`, the difference.
    """

    shape: Linear | Steps
    days: int
    every: int
    middle: Literal["mean", "median"] = "mean"
    change: Literal["relative", "absolute"] = "relative"

    @property
    def offsets(self) -> tuple[int, ...]:
        """How many days before the metric is looked up, nearest first."""
        return tuple(range(self.every, self.days + 1, self.every))

    @property
    def needed(self) -> int:
        """How many of these days must be measured: one value alone is not what is usual, where more were asked for."""
        return min(2, len(self.offsets))

    def usual(self, earlier: Floats) -> Floats:
        """The usual values (n,) of earlier ones (offsets, n), NaN where too few are measured."""
        known = np.isfinite(earlier)
        number = known.sum(axis=0)
        result = np.full(earlier.shape[1], np.nan)
        if self.middle == "mean":
            # Divided before it is summed: the sum of huge values must not overflow.
            means = np.where(known, earlier / np.maximum(number, 1), 0.0).sum(axis=0)
            return np.where(number >= self.needed, means, result)
        ordered = np.sort(np.where(known, earlier, np.inf), axis=0)
        rows = np.flatnonzero(number >= self.needed)
        low, high = ordered[(number[rows] - 1) // 2, rows], ordered[number[rows] // 2, rows]
        result[rows] = np.where(low == high, low, low / 2 + high / 2)
        return result

    def scores(self, values: Floats, usual: Floats) -> Floats:
        """NaN where there is no usual value. From a usual 0, any change is endless, so it gets the outermost score."""
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            difference = values - usual
            relative = np.where(difference == 0, 0.0, difference / np.abs(usual))
        return self.shape.scores(relative if self.change == "relative" else difference)

    def content(self) -> dict[str, object]:
        settings = {"days": self.days, "every": self.every, "middle": self.middle, "change": self.change}
        return {"baseline": {**settings, **self.shape.content()}}


Normaliser = Linear | Steps | Categories | Percentile | Baseline
EVERY_NUMBER = (Linear, Steps, Percentile)
"""Normalisers that have a score for every number."""


def normalise(normaliser: Normaliser, values: Floats, curve: Points = (), usual: Floats | None = None) -> Floats:
    """Component scores, shape of `values`, in 0..100 or NaN.

    curve: the stored one of a `Percentile`. usual: what a `Baseline` compares the values with; without it, all are NaN.
    """
    if isinstance(normaliser, Percentile):
        return normaliser.scores(values, curve)
    if isinstance(normaliser, Baseline):
        return normaliser.scores(values, np.full(values.shape, np.nan) if usual is None else usual)
    return normaliser.scores(values)


def points_against(points: Points, better: Better) -> tuple[Point, Point] | None:
    """The first pair of neighbouring points whose scores go against the direction, or None."""
    for before, after in pairwise(points):
        if (after[1] < before[1]) if better == "higher" else (after[1] > before[1]):
            return before, after
    return None


def steps_reached(values: Floats, edges: Sequence[float]) -> NDArray[np.intp]:
    """How many of the edges, in order, each value reaches; NaN reaches all."""
    reached = np.zeros(values.shape, dtype=np.intp)
    # There are few, and to compare with all of them costs less than to search.
    for edge in edges:
        reached += ~(values < edge)
    return reached


def _interpolate(values: Floats, points: Points) -> Floats:
    ramps = _ramps(points)
    if ramps is not None:
        return _climb(values, *ramps)
    edges, levels, low, high = _arrays(points)
    if len(points) == 1:  # np.interp would give NaN that point's level
        return np.where(np.isnan(values), np.nan, levels[0])
    slopes = _slopes(points)
    if slopes is None:
        scores: Floats = np.interp(values, edges, levels)
    else:
        within = values.clip(edges[0], edges[-1])
        at = _last_reached(within, points)
        within -= edges.take(at)
        within *= slopes.take(at)
        scores = np.add(within, levels.take(at), out=within)
    # Clamped to the levels: rounding must not leave 0..100.
    np.maximum(scores, low, out=scores)
    return np.minimum(scores, high, out=scores)


@dataclass(frozen=True, slots=True)
class _Ramp:
    """What a stretch between two points adds to a score: from 0, at the value where it starts, to `rise`, and no more."""

    start: float
    slope: float
    rise: float


def _climb(values: Floats, lowest: float, ramps: Sequence[_Ramp]) -> Floats:
    scores: Floats = np.full(values.shape, lowest, dtype=np.float64)
    with np.errstate(over="ignore"):  # what is beyond all numbers is beyond the ramp's end, too
        for ramp in ramps:
            added = values - ramp.start
            added *= ramp.slope
            scores += added.clip(0.0, ramp.rise, out=added)
    return scores


@lru_cache(maxsize=512)
def _ramps(points: Points) -> tuple[float, tuple[_Ramp, ...]] | None:
    """The lowest score, and ramps up from there, for points that rise or fall all the way.

    None where a search is the better way, as there are too many, or where the ramps would miss a point in the last digit.
    """
    if not 2 <= len(points) <= MOST_RAMPS + 1:
        return None
    upwards = points if points[0][1] < points[-1][1] else points[::-1]
    ramps: list[_Ramp] = []
    for (start, low), (end, high) in pairwise(upwards):
        rise = high - low
        if rise == 0:
            continue
        run = end - start
        slope = rise / run
        if run * slope < rise:  # rounded down: the ramp's end would lack the last of the rise
            slope = math.nextafter(slope, math.copysign(math.inf, slope))
        if rise < 0 or low + rise != high or not rise <= run * slope < math.inf:
            return None
        ramps.append(_Ramp(start, slope, rise))
    return (upwards[0][1], tuple(ramps)) if ramps else None


def _last_reached(values: Floats, points: Points) -> NDArray[np.intp]:
    """The number of the last point whose value has been reached, or 0.

    A binary search of all values at once: one at a time, as numpy does it, the processor guesses half of the turns wrong.
    """
    halves, padded = _halves(points)
    found = np.zeros(values.shape, dtype=np.intp)
    for half in halves:
        found += (padded.take(found + half) <= values) * half
    return found


@lru_cache(maxsize=512)
def _halves(points: Points) -> tuple[tuple[int, ...], Floats]:
    """The powers of 2 below the number of points, the greatest first, and the points' values with endless ones to look up."""
    halves = tuple(1 << bit for bit in reversed(range((len(points) - 1).bit_length())))
    return halves, np.array([*(value for value, _ in points), *[np.inf] * (2 * halves[0] - len(points))])


@lru_cache(maxsize=512)
def _slopes(points: Points) -> Floats | None:
    """The slope after each point, 0 after the last; None where the points' values are too near or too far for numbers."""
    edges, levels, _, _ = _arrays(points)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        runs = np.diff(edges)
        slopes = np.append(np.diff(levels) / runs, 0.0)
    return slopes if np.isfinite(slopes).all() and np.isfinite(runs).all() else None


@lru_cache(maxsize=512)
def _arrays(points: Points) -> tuple[Floats, Floats, float, float]:
    """The values and scores of points, and the lowest and highest score: the same for every block of accounts."""
    edges, levels = np.array([value for value, _ in points]), np.array([score for _, score in points])
    return edges, levels, float(levels.min()), float(levels.max())
