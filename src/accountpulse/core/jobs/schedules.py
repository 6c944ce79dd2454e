"""When work is due by itself: a cron expression in a time zone, and what the change of clocks makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

FIELDS = ("minute", "hour", "day of the month", "month", "day of the week")
# What no calendar reaches in so many years, it never reaches.
_SEEN_WITHIN_YEARS = 10


@dataclass(frozen=True, slots=True)
class Schedule:
    """Five fields of cron, read in a time zone (IANA)."""

    cron: str
    time_zone: str

    def repeats(self, due: datetime) -> bool:
        """Whether an instant at which it is due is the second of two with the same time on the clock.

        When clocks go back an hour is lived through twice. What is due at an hour of its own (`30 2 * * *`) is due once; what
        is due every hour (`0 * * * *`) is due in both.
        """
        return self.cron.split()[1] != "*" and due.astimezone(ZoneInfo(self.time_zone)).fold == 1


def problem_of(cron: str) -> str | None:
    """What is wrong with a cron expression, with the remedy; None where nothing is."""
    from croniter import CroniterBadDateError, CroniterError, croniter

    fields = cron.split()
    if len(fields) != len(FIELDS):
        return (
            f"found {len(fields)} fields; write five, of minutes, hours, days of the month, months and days of the week, such "
            "as '15 * * * *' (each hour) or '30 5 * * mon-fri'; there is no field of seconds"
        )
    try:
        croniter(cron, datetime(2024, 1, 1, tzinfo=UTC), max_years_between_matches=_SEEN_WITHIN_YEARS).get_next(datetime)
    except CroniterBadDateError:
        return "that day never comes; choose a day that the month has"
    except (CroniterError, ValueError) as error:
        return f"it can't be read ({error}); write such as '15 * * * *' (each hour) or '30 5 * * mon-fri'"
    return None
