"""Figures of how well scores tell who leaves from who stays: pure functions over arrays, one entry a snapshot.

`health`: the score, high is healthy. `event`: whether the customer left within the horizon. An event is foreseen where a low
score came before it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

SEED = 20_260_601
REPEATS = 1000
_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its 95 % interval; None where it can't be told."""

    value: float | None
    low: float | None = None
    high: float | None = None


class Ranking:
    """Scores put in order once, so that many weightings of the same snapshots cost little.

    group: only snapshots of one group are compared with each other; None compares all.
    """

    def __init__(self, health: Floats, event: Mask, group: Ints | None = None) -> None:
        group = np.zeros(len(health), dtype=np.int64) if group is None else group
        order = np.lexsort((health, group))
        ordered, groups = health[order], group[order]
        starts = np.ones(len(ordered), dtype=bool)
        starts[1:] = (ordered[1:] != ordered[:-1]) | (groups[1:] != groups[:-1])
        run = np.cumsum(starts) - 1
        self._runs = int(run[-1]) + 1 if len(ordered) else 0
        self._group = np.unique(groups[starts], return_inverse=True)[1].astype(np.int64)
        happened = event[order]
        self._left, self._left_run = order[happened], run[happened]
        self._stayed, self._stayed_run = order[~happened], run[~happened]

    def auc(self, weight: Floats | None = None) -> float:
        """The chance that who left had a lower score than who stayed; ties count half. NaN where nobody can be compared.

        weight: how often each snapshot counts; None is once.
        """
        if not self._runs:
            return float("nan")
        left = np.bincount(self._left_run, None if weight is None else weight[self._left], self._runs)
        stayed = np.bincount(self._stayed_run, None if weight is None else weight[self._stayed], self._runs)
        all_left, all_stayed = np.bincount(self._group, left), np.bincount(self._group, stayed)
        before = np.cumsum(all_stayed) - all_stayed
        above = all_stayed[self._group] - (np.cumsum(stayed) - before[self._group])
        pairs = float(all_left @ all_stayed)
        return float(left @ (above + stayed / 2)) / pairs if pairs else float("nan")


def auc(health: Floats, event: Mask, group: Ints | None = None) -> float:
    """See `Ranking.auc`."""
    return Ranking(health, event, group).auc()


def clustered_interval(
    statistic: Callable[[Floats], float], customer: Ints, *, repeats: int = REPEATS, seed: int = SEED
) -> Interval:
    """A statistic of weighted snapshots, with the 95 % interval of a bootstrap that draws whole customers.

    Several snapshots of one customer are one observation told several times: drawing rows would make the interval too narrow.
    statistic: of weights (n,). customer: whose each snapshot is. The same seed gives the same interval.
    """
    value = statistic(np.ones(len(customer)))
    if not np.isfinite(value):
        return Interval(None)
    index = np.unique(customer, return_inverse=True)[1]
    customers = int(index.max()) + 1
    random = np.random.default_rng(seed)
    drawn = np.empty(repeats)
    for i in range(repeats):
        times = np.bincount(random.integers(0, customers, customers), minlength=customers)
        drawn[i] = statistic(times[index].astype(np.float64))
    drawn = drawn[np.isfinite(drawn)]
    if len(drawn) < repeats / 2:
        return Interval(value)
    low, high = np.percentile(drawn, (2.5, 97.5))
    return Interval(value, float(low), float(high))


def rate_interval(events: int, n: int) -> Interval:
    """A share with its 95 % interval after Wilson, which holds for few events and for none."""
    if not n:
        return Interval(None)
    share = events / n
    middle, spread = share + _Z**2 / (2 * n), _Z * sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    scale = 1 + _Z**2 / n
    # Rounding must not put none of some just above none.
    return Interval(share, min(max((middle - spread) / scale, 0.0), share), max(min((middle + spread) / scale, 1.0), share))


def captured(health: Floats, event: Mask, count: float) -> float:
    """How many events are among the `count` lowest scores; of a tie at the edge, the share that fits in."""
    if count <= 0 or not len(health):
        return 0.0
    levels, run = np.unique(health, return_inverse=True)
    sizes = np.bincount(run, minlength=len(levels)).astype(np.float64)
    events = np.bincount(run, event, minlength=len(levels))
    taken = np.clip(count - (np.cumsum(sizes) - sizes), 0, sizes)
    return float(events @ (taken / sizes))


def recall(health: Floats, event: Mask, share: float) -> float | None:
    """The share of all events that is found among the lowest `share` (0..1) of the scores; None without events."""
    events = int(event.sum())
    return captured(health, event, share * len(health)) / events if events else None


def lift(health: Floats, event: Mask, share: float) -> float | None:
    """How many times as many events the lowest `share` (0..1) holds as a random one would; None without events."""
    found = recall(health, event, share)
    return None if found is None else found / share


def recall_at(health: Floats, event: Mask, group: Ints, capacity: int) -> float | None:
    """The share of events found when, in each group (a day), the `capacity` lowest scores are looked after."""
    events = int(event.sum())
    if not events:
        return None
    return sum(captured(health[group == g], event[group == g], capacity) for g in np.unique(group)) / events


def population_stability(early: Floats, late: Floats, bins: int = 10) -> float | None:
    """The population stability index of two samples of scores, over equally filled bins of the early one.

    Below 0.1 is stable, above 0.25 another population. None where either sample has fewer entries than five a bin.
    """
    if min(len(early), len(late)) < 5 * bins:
        return None
    edges = np.unique(np.quantile(early, np.linspace(0, 1, bins + 1)[1:-1]))

    def shares(sample: Floats) -> Floats:
        counts = np.bincount(np.searchsorted(edges, sample, side="right"), minlength=len(edges) + 1)
        # Half an entry more in each bin: an empty one must not make the index infinite.
        return np.asarray((counts + 0.5) / (len(sample) + 0.5 * len(counts)), dtype=np.float64)

    before, after = shares(early), shares(late)
    return float(((after - before) * np.log(after / before)).sum())
