"""Which days an audit looks at: only those whose horizon is over, one for each horizon, and one for each week."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from accountpulse.core.clock import day_of, start_of_day
from accountpulse.core.errors import NotFound
from accountpulse.core.store.types import to_micros

WEEK = 7
LOOK_BACK = 365


@dataclass(frozen=True)
class Schedule:
    """The days, oldest first. headline: one for each horizon, counted back from the newest that is over, so that no two
    windows overlap. weekly: one for each week. young: weekly days whose horizon is not over yet.

    A day's moment is its end, T; the customer leaves within `[T + gap, T + horizon)`, in whole local days. T itself is in the
    window and not in what was known: as everywhere, what happens at T has not happened on the day.
    """

    zone: ZoneInfo
    horizon: int
    gap: int
    since: date
    headline: tuple[date, ...]
    weekly: tuple[date, ...]
    young: tuple[date, ...]

    @property
    def newest(self) -> date:
        return self.headline[-1]

    @property
    def days(self) -> list[date]:
        """All days that are looked at, each once."""
        return sorted({*self.headline, *self.weekly})

    def moment(self, day: date, ahead: int = 0) -> int:
        """T of a day, or of so many days later, in microseconds since 1970."""
        return to_micros(start_of_day(day + timedelta(days=1 + ahead), self.zone))


def schedule(
    now: datetime, zone: ZoneInfo, horizon: int, *, gap: int = 0, since: date | None = None, until: date | None = None
) -> Schedule:
    """The days of an audit. since, until: of the snapshots; by default the year before the newest day whose horizon is over.

    Raises NotFound when no day is left.
    """
    if horizon < 1 or not 0 <= gap < horizon:
        raise NotFound(f"a horizon of {horizon} days after a gap of {gap} is empty; give a gap from 0 to below the horizon")
    today = day_of(now, zone)
    over = today - timedelta(days=horizon + 1)
    newest = over if until is None else min(over, until)
    first = since or newest - timedelta(days=LOOK_BACK)
    if first > newest:
        raise NotFound(
            f"there is no day to look at: within {horizon} days of a snapshot must be over, so the newest day is {over}; "
            f"asked for are days from {first}{f' to {until}' if until else ''}. Give a shorter --horizon or other days"
        )
    return Schedule(
        zone=zone,
        horizon=horizon,
        gap=gap,
        since=first,
        headline=_every(horizon, newest, first),
        weekly=_every(WEEK, newest, first),
        young=tuple(
            day for n in range(1, horizon // WEEK + 2) if over < (day := newest + timedelta(days=WEEK * n)) <= (until or today)
        ),
    )


def _every(step: int, newest: date, first: date) -> tuple[date, ...]:
    count = (newest - first).days // step
    return tuple(newest - timedelta(days=step * n) for n in range(count, -1, -1))
