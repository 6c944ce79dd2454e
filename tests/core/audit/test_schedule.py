"""Which days an audit looks at."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accountpulse.core.audit.schedule import schedule
from accountpulse.core.errors import NotFound
from accountpulse.core.store.types import to_micros

ZONES = [ZoneInfo("UTC"), ZoneInfo("America/Los_Angeles"), ZoneInfo("Pacific/Auckland")]
moments = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)).map(lambda t: t.replace(tzinfo=UTC))


@given(moments, st.sampled_from(ZONES), st.integers(1, 200), st.integers(0, 400))
def test_every_day_s_horizon_is_over_and_the_newest_is_the_last_such(now, zone, horizon, back) -> None:
    newest = schedule(now, zone, horizon).newest
    plan = schedule(now, zone, horizon, since=newest - timedelta(days=back))
    assert all(plan.moment(day, horizon) <= to_micros(now) for day in plan.days)
    assert plan.moment(plan.newest + timedelta(days=1), horizon) > to_micros(now)
    assert plan.headline[-1] == plan.weekly[-1] == plan.newest
    assert all((b - a).days == horizon for a, b in pairwise(plan.headline))
    assert all((b - a).days == 7 for a, b in pairwise(plan.weekly))
    assert min(plan.days) >= plan.since
    assert all(plan.moment(day, horizon) > to_micros(now) for day in plan.young)
    # No departure can be in the windows of two headline days.
    assert all(plan.moment(a, horizon) <= plan.moment(b) for a, b in pairwise(plan.headline))


def test_a_day_ends_in_the_zone_of_the_store() -> None:
    zone = ZoneInfo("America/Los_Angeles")
    plan = schedule(datetime(2026, 6, 30, 5, tzinfo=UTC), zone, 30)
    assert plan.newest == date(2026, 5, 29), "it is still the 29th of June there"
    assert plan.moment(date(2026, 3, 1)) == to_micros(datetime(2026, 3, 2, 8, tzinfo=UTC))
    assert plan.moment(date(2026, 3, 1), 30) == to_micros(datetime(2026, 4, 1, 7, tzinfo=UTC)), "across a clock change"


def test_an_until_of_the_past_is_kept_and_one_too_new_is_not() -> None:
    now = datetime(2026, 6, 30, tzinfo=UTC)
    assert schedule(now, ZONES[0], 30, until=date(2026, 1, 1)).newest == date(2026, 1, 1)
    assert schedule(now, ZONES[0], 30, until=date(2026, 6, 29)).newest == date(2026, 5, 30)
    with pytest.raises(NotFound, match="newest day is 2026-05-30; asked for are days from 2026-06-01"):
        schedule(now, ZONES[0], 30, since=date(2026, 6, 1))
