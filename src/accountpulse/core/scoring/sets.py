"""Which sets of metrics may reach a score, in the order of how far their components would have to move at least.

That is bounded from below as if a component could go any part of its way, and as if each part of it gained in proportion. For a
scorer whose components add up, as the built-in ones do, no set moves less than its bound: whoever has worked out one set needs
no other with a bound above it. Caps and worst parts only ever ask for more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count

import numpy as np
from numpy.typing import NDArray

from accountpulse.core.scoring.scorer import Floats

MOST_STEPS = 20_000
"""So many steps are taken at most for one size; then there are no further sets."""
_PRICES = 24
_SLACK = 1e-9


@dataclass(frozen=True, slots=True)
class Chosen:
    """A set of metrics, by column. least: how far their components move at least in all, in points."""

    columns: tuple[int, ...]
    least: float


@dataclass(frozen=True, slots=True)
class Sets:
    """Metrics by column, each with what the score gains from its best, and how far its component then moves: (k,) points each.

    gap: what the score must gain. required: columns that are in every set that reaches it.
    """

    columns: Sequence[int]
    gain: Floats
    room: Floats
    gap: float
    required: frozenset[int]

    @property
    def fewest(self) -> int:
        """No set of fewer metrics can be enough."""
        enough = np.flatnonzero(_sums(np.sort(self.gain)[::-1]) >= self.gap - _SLACK)
        return max(len(self.required), int(enough[0]) if len(enough) else len(self.columns))

    def gain_of(self, column: int) -> float:
        """What the score gains from a metric's best."""
        return float(self.gain[self.columns.index(column)])

    def room_of(self, column: int) -> float:
        """How far a metric's component can move."""
        return float(self.room[self.columns.index(column)])

    def steepness(self, column: int) -> float:
        """What the score gains for each point that a metric's component moves."""
        return self.gain_of(column) / self.room_of(column)

    def of_size(self, number: int) -> Iterator[Chosen]:
        """The sets of so many metrics that may be enough, those with the lowest bound first.

        A step decides of one metric whether it is in. What is left open is bounded by a price for a point of the score, at
        which the cheapest metrics are taken (Lagrange); the best of several prices counts.
        """
        order, k = self._order(), len(self.columns)
        gain, room = self.gain[order], self.room[order]
        prices = self._prices(number)
        costs = np.minimum(room - prices[:, None] * gain, 0.0)
        cheapest = [_sums(np.sort(costs[:, place:], axis=1)) for place in range(k + 1)]
        most = [_sums(np.sort(gain[place:])[::-1]) for place in range(k + 1)]
        paid, numbers = prices * self.gap, count()
        # By bound, then what is decided furthest: of many sets that are as good, one is soon there.
        open_: list[tuple[float, int, int, int, tuple[int, ...], float, Floats]] = []

        def put(place: int, chosen: tuple[int, ...], gained: float, cost: Floats) -> None:
            missing = number - len(chosen)
            if missing > k - place or gained + most[place][missing] < self.gap - _SLACK:
                return
            bounds = paid + cost + cheapest[place][:, missing]
            least = float(bounds.max()) if missing else self._least(order[list(chosen)])
            heappush(open_, (least, -len(chosen), next(numbers), place, chosen, gained, cost))

        put(0, (), 0.0, np.zeros(len(prices)))
        for _ in range(MOST_STEPS):
            if not open_:
                return
            least, _, _, place, chosen, gained, cost = heappop(open_)
            if len(chosen) == number:
                yield Chosen(tuple(self.columns[i] for i in order[list(chosen)]), least)
                continue
            put(place + 1, (*chosen, place), gained + float(gain[place]), cost + costs[:, place])
            if place >= len(self.required):
                put(place + 1, chosen, gained, cost)

    def _order(self) -> NDArray[np.int64]:
        """What is required first, then the steepest."""
        steep = self.gain / self.room
        required = np.array([column in self.required for column in self.columns])
        return np.lexsort((-steep, ~required)).astype(np.int64)

    def _prices(self, number: int) -> Floats:
        """The prices with the highest bounds where nothing is decided yet, among those at which the cheapest metrics change."""
        gain, room = np.append(self.gain, 0.0), np.append(self.room, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            found = ((room[:, None] - room) / (gain[:, None] - gain)).ravel()
        found = np.unique(np.append(found[np.isfinite(found) & (found > 0)], 0.0))
        costs = np.sort(np.minimum(self.room - found[:, None] * self.gain, 0.0), axis=1)
        bounds = found * self.gap + costs[:, :number].sum(axis=1)
        best: Floats = found[np.argsort(-bounds, kind="stable")[:_PRICES]]
        return best

    def _least(self, places: NDArray[np.int64]) -> float:
        """The bound of a whole set: its steepest go all the way, until it is enough."""
        gain, room = self.gain[places], self.room[places]
        steepest = np.argsort(-gain / room, kind="stable")
        missing, moved = self.gap, 0.0
        for gained, moves in zip(gain[steepest].tolist(), room[steepest].tolist(), strict=True):
            if gained >= missing:
                return moved + (moves * max(missing, 0.0) / gained if gained > 0 else 0.0)
            missing -= gained
            moved += moves
        return moved


def _sums(values: Floats) -> Floats:
    """The sums of the first 0, 1, 2 ... along the last axis."""
    nothing = np.zeros((*values.shape[:-1], 1))
    sums: Floats = np.concatenate([nothing, np.cumsum(values, axis=-1)], axis=-1)
    return sums
