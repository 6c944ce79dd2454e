"""A schedule is met once a day, whatever the clocks do."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from croniter import croniter
from hypothesis import given, settings
from hypothesis import strategies as st

from accountpulse.core.jobs.schedules import Schedule, problem_of


def _changes(zone: str) -> bool:
    january, july = (datetime(2026, month, 1, tzinfo=ZoneInfo(zone)) for month in (1, 7))
    return january.utcoffset() != july.utcoffset()


ZONES = sorted(zone for zone in available_timezones() if "/" in zone and _changes(zone))


def met(schedule: Schedule, since: datetime, until: datetime) -> list[datetime]:
    """When it is met between two instants: as the engine asks for it, and less what repeats."""
    zone = ZoneInfo(schedule.time_zone)
    due = croniter(schedule.cron, since.astimezone(zone), second_at_beginning=True)
    found = []
    while (at := due.get_next(datetime)) < until:
        # As a job gets it: an instant and its offset, the name of the zone apart.
        if not schedule.repeats(datetime.fromisoformat(at.isoformat())):
            found.append(at)
    return found


def clock_changes(zone: ZoneInfo, year: int) -> list[date]:
    """The days of a year on which the clocks of a zone change."""
    noons = [datetime(year, 1, 1, 12, tzinfo=UTC) + timedelta(days=n) for n in range(366)]
    pairs = itertools.pairwise(noons)
    return [after.astimezone(zone).date() for before, after in pairs if _offset(before, zone) != _offset(after, zone)]


def _offset(at: datetime, zone: ZoneInfo) -> timedelta | None:
    return at.astimezone(zone).utcoffset()


@settings(max_examples=40)
@given(zone=st.sampled_from(ZONES), year=st.integers(2024, 2028), hour=st.integers(0, 4), minute=st.integers(0, 59))
def test_r40_what_is_due_daily_is_met_once_on_each_day(zone: str, year: int, hour: int, minute: int) -> None:
    schedule = Schedule(f"{minute} {hour} * * *", zone)
    for change in clock_changes(ZoneInfo(zone), year):
        first = datetime(change.year, change.month, change.day, 12, tzinfo=ZoneInfo(zone)) - timedelta(days=3)
        days = Counter(at.date() for at in met(schedule, first, first + timedelta(days=6)))
        assert set(days.values()) == {1}
        assert [change - timedelta(days=1), change, change + timedelta(days=1)] == [
            day for day in sorted(days) if abs(day - change) <= timedelta(days=1)
        ]


def test_r40_an_hour_that_is_lived_through_twice() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    night, morning = datetime(2026, 10, 25, tzinfo=berlin), datetime(2026, 10, 25, 6, tzinfo=berlin)
    assert [at.isoformat() for at in met(Schedule("30 2 * * *", "Europe/Berlin"), night, morning)] == [
        "2026-10-25T02:30:00+02:00"
    ]
    hourly = met(Schedule("30 * * * *", "Europe/Berlin"), night, morning)
    instants = [at.astimezone(UTC) for at in hourly]
    assert {after - before for before, after in itertools.pairwise(instants)} == {timedelta(hours=1)}
    assert len(hourly) == 7


def test_r40_an_hour_that_is_left_out() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    night, noon = datetime(2026, 3, 29, tzinfo=berlin), datetime(2026, 3, 29, 12, tzinfo=berlin)
    assert [at.isoformat() for at in met(Schedule("30 2 * * *", "Europe/Berlin"), night, noon)] == ["2026-03-29T03:00:00+02:00"]


@pytest.mark.parametrize("cron", ["15 * * * *", "*/5 * * * *", "30 5 * * mon-fri", "0 0 29 2 *", "0 6,18 1-7 jan *"])
def test_what_cron_understands(cron: str) -> None:
    assert problem_of(cron) is None


@pytest.mark.parametrize(
    ("cron", "said"),
    [
        ("0 0 9 * * *", "there is no field of seconds"),
        ("hourly", "found 1 fields; write five"),
        ("0 0 31 2 *", "that day never comes"),
        ("0 25 * * *", "it can't be read"),
        ("0 nine * * *", "it can't be read"),
    ],
)
def test_what_it_does_not(cron: str, said: str) -> None:
    assert said in str(problem_of(cron))
