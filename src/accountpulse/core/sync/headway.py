"""Whether a run gets anywhere: one that does not ends as `stalled`, instead of holding its connection for ever."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b
from typing import Final

from accountpulse.core.clock import Clock
from accountpulse.core.errors import Stalled

MOST_REPEATS: Final = 100
"""So often the same cursor may come again with records that are all known: some vendors repeat the last page a few times."""


@dataclass(frozen=True, slots=True)
class Limits:
    """budget: how long one run may take; the next goes on from its last commit.

    silence: how long a vendor may give nothing at all, not even a fault, before the run is given up.
    """

    budget: timedelta = timedelta(hours=24)
    silence: timedelta = timedelta(minutes=30)


class Headway:
    """What one run has met so far. Only an opaque cursor can be told to repeat: of one that is a time, ties are common."""

    def __init__(self, clock: Clock, limits: Limits) -> None:
        self._clock = clock
        self._budget = limits.budget
        self._until = clock.now() + limits.budget
        self._met: Counter[bytes] = Counter()

    def in_time(self) -> None:
        """Raises Stalled where the run has taken too long."""
        if self._clock.now() >= self._until:
            hours = self._budget.total_seconds() / 3600
            raise Stalled(f"the run took longer than {hours:g} hours (sync.run_hours); the next one goes on from here")

    def met(self, cursor: object, *, changed: bool) -> None:
        """A page ended with this cursor; changed: something of it was new. Raises Stalled where it goes round in circles."""
        if changed:
            self._met.clear()
        key = blake2b(json.dumps(cursor, sort_keys=True).encode(), digest_size=8).digest()
        self._met[key] += 1
        if self._met[key] > MOST_REPEATS:
            raise Stalled(
                f"the vendor led to the same page {MOST_REPEATS} times, with nothing new on it; the next run goes on from here"
            )
