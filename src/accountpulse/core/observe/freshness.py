"""Freshness as a contract: within what time each connection is to be read again, and whether it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

State = Literal["fresh", "late", "never", "unpromised"]


@dataclass(frozen=True, slots=True)
class Contracts:
    """What the configuration promises. usual: of connections that say nothing. by_name: of those that do."""

    usual: timedelta = timedelta(days=3)
    by_name: Mapping[str, timedelta] = field(default_factory=dict)

    def of(self, name: str, *, only_pushes: bool) -> timedelta | None:
        """How old a connection's data may be. None for one that only pushes and promises nothing: silence is no sign."""
        return self.by_name.get(name, None if only_pushes else self.usual)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a connection keeps its contract. within: how old its data may be. fresh_at: up to when it is complete. late_from:
    from when on it is late, unless it is read before."""

    within: timedelta | None
    fresh_at: datetime | None
    late_from: datetime | None

    def state(self, now: datetime) -> State:
        """fresh, late, never (it was never read to its end), or unpromised (nobody said how often it comes)."""
        if self.within is None:
            return "unpromised"
        if self.late_from is None:
            return "never"
        return "late" if now >= self.late_from else "fresh"


def standing(within: timedelta | None, fresh_at: datetime | None) -> Standing:
    """How a connection stands whose data is complete up to a time."""
    late_from = None if within is None or fresh_at is None else fresh_at + within
    return Standing(within, fresh_at, late_from)
