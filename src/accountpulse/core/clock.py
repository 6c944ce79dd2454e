"""The one source of "now". Everything that asks for the time is handed a clock, so that tests and the demo can set it."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    """Tells the time. `now()` is an aware UTC datetime."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands still until it is moved: for tests."""

    def __init__(self, at: datetime) -> None:
        self._at = require_aware(at)

    def now(self) -> datetime:
        return self._at

    def advance(self, by: timedelta) -> None:
        """Move the clock by `by`, which may be negative."""
        self._at += by


class OffsetClock:
    """A clock that starts at `start` and runs at the usual pace: for the demo, which remembers its day."""

    def __init__(self, start: datetime) -> None:
        self._start = require_aware(start)
        self._begun = time.monotonic()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=time.monotonic() - self._begun)


def require_aware(at: datetime) -> datetime:
    """Return `at` in UTC. Raises ValueError for a naive datetime, whose instant nobody can know."""
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} has no time zone; write it with an offset, such as {at.isoformat()}+00:00")
    return at.astimezone(UTC)


def day_of(at: datetime, zone: ZoneInfo) -> date:
    """The calendar day of an instant in the store's time zone."""
    return at.astimezone(zone).date()


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which a calendar day begins in `zone`, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
