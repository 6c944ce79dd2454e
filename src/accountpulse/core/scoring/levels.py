"""How far metrics that are at their best may go back: the values short of it, and which of them together save most.

What a value saves is how far its component need not move; what it costs is what the score then lacks. For a scorer whose
components add up both are the same whatever the others do, so the first choice that still reaches the target is the best one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count

MOST_STEPS = 5_000
"""So many steps are taken at most; then there are no further choices."""
_SLACK = 1e-9


@dataclass(frozen=True, slots=True)
class Levels:
    """The values of one metric, its best first. saves, costs: of each, in points of the component and of the score."""

    values: tuple[float, ...]
    saves: tuple[float, ...]
    costs: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """A value for each of some metrics. saves: how much they save at most, with what may go back by any amount."""

    values: tuple[float, ...]
    saves: float


def choices(levels: Sequence[Levels], smooth: Sequence[tuple[float, float]], spare: float) -> Iterator[Choice]:
    """The choices that cost at most `spare` points of the score, those that may save most first.

    smooth: of metrics that go back by any amount, what going back all the way saves and costs.
    """
    whole = [(each.saves[-1], each.costs[-1]) for each in levels]
    numbers = count()
    open_: list[tuple[float, int, int, tuple[float, ...], float, float]] = []

    def put(values: tuple[float, ...], saved: float, left: float) -> None:
        if left >= -_SLACK:
            most = saved + _fill([*whole[len(values) :], *smooth], max(left, 0.0))
            heappush(open_, (-most, -len(values), next(numbers), values, saved, left))

    put((), 0.0, spare)
    for _ in range(MOST_STEPS):
        if not open_:
            return
        most, _, _, values, saved, left = heappop(open_)
        if len(values) == len(levels):
            yield Choice(values, -most)
            continue
        each = levels[len(values)]
        for value, saves, costs in zip(each.values, each.saves, each.costs, strict=True):
            put((*values, value), saved + saves, left - costs)


def _fill(ways: Sequence[tuple[float, float]], spare: float) -> float:
    """What can be saved at most for so many points of the score, if all ways could be gone by any part: the cheapest first."""
    saved = 0.0
    for saves, costs in sorted(ways, key=lambda way: way[1] / way[0] if way[0] > 0 else 0.0):
        if costs > spare:
            return saved + saves * spare / costs
        saved, spare = saved + saves, spare - costs
    return saved
