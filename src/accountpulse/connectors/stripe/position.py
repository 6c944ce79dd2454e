"""Where a Stripe stream stands: still walking back through the list, or following the events. Pure.

The position among the events is taken before the list is walked, so that what changes during the walk is not lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from accountpulse.plugins import CursorExpired

RETENTION = timedelta(days=30)
LOOK_BACK = timedelta(minutes=10)
QUIET = timedelta(days=1)
SLICE = timedelta(days=1)
CLOCKS = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Position:
    """events_from: unix seconds; all events before it have been dealt with. backfill_before: the list is read where `created`
    is below it; None once it is done. after: the last object read, and its own `created`.
    """

    events_from: int
    backfill_before: int | None = None
    after: str | None = None
    after_created: int | None = None

    @classmethod
    def of(cls, cursor: Any) -> Position | None:
        """The position a checkpoint holds; None at the start. Raises CursorExpired for one we can't read."""
        if cursor is None:
            return None
        try:
            return cls(**cursor)
        except TypeError:
            raise CursorExpired("the stored Stripe position is of another version: the stream is read again") from None

    def cursor(self) -> dict[str, int | str]:
        """What a checkpoint holds."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def require_alive(self, now: datetime) -> None:
        """Raise CursorExpired when Stripe has forgotten events since this position."""
        if self.events_from < (now - RETENTION).timestamp():
            raise CursorExpired(
                "Stripe keeps events for 30 days and the last ones read are older: the stream is read again completely. "
                "Let it run at least once a month"
            )


def slices(events_from: int, now: datetime) -> Iterator[tuple[int, int | None]]:
    """Slices of time from the position (less the look-back) to now, oldest first; the last one is open.

    Stripe lists events newest first, so only a slice read to its end may be claimed; slices keep what is claimed small. The
    first never reaches beyond what Stripe keeps. Events turn up a little late and out of order: hence the look-back.
    """
    start = max(events_from - int(LOOK_BACK.total_seconds()), int((now - RETENTION).timestamp()))
    step = int(SLICE.total_seconds())
    # A closed slice claims its end, so it must lie in the past by Stripe's clock too, which may be behind ours.
    while start + step < int((now - CLOCKS).timestamp()):
        yield start, start + step
        start += step
    yield start, None


def caught_up(position: Position, newest: int | None, until: datetime) -> Position:
    """The position after all events were read: that of the newest, or a day ago when all was quiet.

    Without the second, a quiet account's position would grow older than Stripe keeps events. A day covers clocks that differ.
    """
    return Position(events_from=max(position.events_from, newest or 0, int((until - QUIET).timestamp())))
