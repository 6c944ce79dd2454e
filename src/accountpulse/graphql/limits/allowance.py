"""How much each viewer may ask for: a leaky bucket of points, kept in memory by each process of the API."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from accountpulse.core.store.tokens import Viewer
from accountpulse.graphql.errors import ApiError

MOST = 10_000
"""How many viewers' buckets are kept; whoever has not asked for longest has a full one again."""


class RateLimited(ApiError):
    """Too much was asked for. wait: seconds after which there will be points enough."""

    def __init__(self, wait: int) -> None:
        super().__init__("RATE_LIMITED", f"this token has asked for too much at once; wait {wait} seconds, or ask for less")
        self.wait = wait


class Allowance:
    """The points of one viewer. most: of one query. limit: what can be saved up. refill: points that come back in a second."""

    __slots__ = ("_at", "_clock", "_points", "limit", "most", "refill")

    def __init__(self, most: int, limit: int, refill: int, clock: Callable[[], float]) -> None:
        self.most, self.limit, self.refill, self._clock = most, limit, refill, clock
        self._points, self._at = float(limit), clock()

    @property
    def remaining(self) -> int:
        """The points that can be spent now."""
        return int(self._now())

    @property
    def full_in(self) -> float:
        """Seconds until nothing is missing any longer."""
        return (self.limit - self._now()) / self.refill

    def refusal(self, cost: int) -> ApiError | None:
        """Why a query of this cost can't be asked now; None where it can, and its cost is spent."""
        if cost > self.most:
            message = f"the query costs up to {cost:,} points; at most {self.most:,} are allowed: ask for fewer rows or lists"
            return ApiError("TOO_COSTLY", message)
        wait = self.take(cost)
        return None if wait is None else RateLimited(wait)

    def take(self, points: int) -> int | None:
        """Spend points. None where that was possible; else nothing is spent, and it is after so many seconds, rounded up."""
        points = min(points, self.limit)
        here = self._now()
        if points > here:
            return max(1, math.ceil((points - here) / self.refill))
        self._points, self._at = here - points, self._clock()
        return None

    def _now(self) -> float:
        return min(float(self.limit), self._points + (self._clock() - self._at) * self.refill)


class Allowances:
    """The allowances of all viewers, each its token's; without tokens everybody shares one."""

    def __init__(self, most: int, limit: int, refill: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._limit, self._refill, self._clock = most, limit, refill, clock
        self._known: OrderedDict[str, Allowance] = OrderedDict()

    def of(self, viewer: Viewer | None) -> Allowance:
        """A viewer's allowance."""
        key = "" if viewer is None else viewer.prefix
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = Allowance(self._most, self._limit, self._refill, self._clock)
            if len(self._known) > MOST:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(key)
        return found
