"""Labels at the edges of their window, and who is no snapshot."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from accountpulse.core.audit.outcomes import Outcome, Return
from accountpulse.core.audit.sample import Labels, LeftOut, label_day, together
from accountpulse.core.audit.schedule import schedule
from accountpulse.core.audit.scores import DayOfScores
from accountpulse.core.audit.standing import FOREVER, Notices, Standing
from accountpulse.core.store.types import MICROSECOND, to_micros

PLAN = schedule(datetime(2026, 6, 30, tzinfo=UTC), ZoneInfo("UTC"), 30, gap=7)
T = datetime(2026, 5, 31, tzinfo=UTC)
GAP, END = T + timedelta(days=7), T + timedelta(days=30)


def left(account: int, at: datetime) -> Outcome:
    return Outcome(account, "churned", at, None, "derived", "made")


def test_who_is_in_the_sample_and_who_left() -> None:
    assert PLAN.moment(PLAN.newest) == to_micros(T)
    outcomes = [
        left(1, T - MICROSECOND),  # had left
        left(2, T),  # at T it has not happened on the day; it is in the gap
        left(3, GAP - MICROSECOND),
        left(4, GAP),
        left(5, END - MICROSECOND),
        left(6, END),
        left(7, T - timedelta(days=400)),  # had left, and come back
        left(7, GAP + timedelta(days=1)),
    ]
    accounts = np.arange(1, 10)
    noticed = np.array([[8, to_micros(T) - 1, FOREVER], [9, to_micros(T), FOREVER]])
    back = [Return(7, T - timedelta(days=300))]
    standing = Standing(accounts, outcomes, back, [], Notices(noticed, np.empty((0, 6), dtype=np.int64)))
    scored = np.array([1, 2, 3, 4, 5, 6, 7, 8, 9, 77])
    n = len(scored)
    day = DayOfScores(
        PLAN.newest, True, scored, np.arange(n, dtype=float), np.zeros(n, int), np.zeros(n, bool), np.zeros(n, int), {}
    )
    out = LeftOut()
    sample = label_day(day, PLAN, standing, Labels(standing, outcomes), out)
    assert dict(zip(sample.account.tolist(), sample.event.tolist(), strict=True)) == {
        4: True, 5: True, 6: False, 7: True, 9: False,
    }  # fmt: skip
    assert (out.departed, out.in_gap, out.noticed, out.unknown) == (1, 2, 1, 1)
    assert sample.churned == 3
    assert sample.score.tolist() == [3, 4, 5, 6, 8], "each with its own score"


def test_together_a_component_that_one_day_lacks_is_unknown_there() -> None:
    standing = Standing(np.array([1]), [], [], [], Notices(np.empty((0, 3), dtype=np.int64), np.empty((0, 6), dtype=np.int64)))
    one = np.zeros(1, int)

    def day(components: dict[str, np.ndarray]) -> DayOfScores:
        return DayOfScores(PLAN.newest, True, np.array([1]), np.array([5.0]), one, np.zeros(1, bool), one, components)

    labels = Labels(standing, [])
    both = together(
        [label_day(day({"a": np.array([3.0])}), PLAN, standing, labels), label_day(day({}), PLAN, standing, labels)]
    )
    assert both.components["a"][0] == 3.0
    assert np.isnan(both.components["a"][1])
    assert len(together([])) == 0
