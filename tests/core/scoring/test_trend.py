from __future__ import annotations

from datetime import date, timedelta
from itertools import combinations
from statistics import median

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accountpulse.core.scoring.trend import daily, slopes, trend, trends

TODAY = date(2026, 3, 31)


def days_ago(n):
    return TODAY - timedelta(days=n)


def test_a_steady_fall_is_its_points_per_window():
    history = [(days_ago(n), 40 + 0.5 * n) for n in range(100)]
    assert trend(history, TODAY, 28) == pytest.approx(-14)
    assert trend(history, TODAY, 90) == pytest.approx(-45)


def test_a_score_is_in_force_until_the_next():
    assert daily([(days_ago(3), 10.0), (days_ago(1), 20.0)], TODAY, 28).tolist() == [10, 10, 20, 20]
    assert daily([(days_ago(200), 10.0)], TODAY, 28).tolist() == [10] * 28
    assert daily([(days_ago(-1), 10.0)], TODAY, 28).size == 0


def test_no_trend_before_seven_days_of_history():
    assert trend([], TODAY, 28) is None
    assert trend([(days_ago(5), 50.0)], TODAY, 28) is None
    assert trend([(days_ago(6), 50.0)], TODAY, 28) == 0


def test_one_bad_day_makes_no_trend():
    history = [(days_ago(n), 70.0) for n in range(28)]
    history[3] = (days_ago(3), 0.0)
    assert trend(history, TODAY, 28) == 0


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 100), min_size=2, max_size=12))
def test_it_is_the_median_slope_of_all_pairs(series):
    expected = median((b - a) / (j - i) for (i, a), (j, b) in combinations(enumerate(series), 2))
    assert slopes(np.array([series]))[0] == pytest.approx(expected, abs=1e-9)


def test_many_accounts_at_once_equal_each_alone():
    series = np.random.default_rng(3).uniform(0, 100, (1100, 28))
    together = slopes(series)
    assert all(together[i] == slopes(series[i : i + 1])[0] for i in (0, 511, 512, 1099))


def test_many_histories_at_once_equal_each_alone():
    dice = np.random.default_rng(5)
    histories = [[(days_ago(int(n)), float(dice.uniform(0, 100))) for n in dice.integers(0, 60, size)] for size in range(12)]
    assert trends(histories, TODAY, 28) == [trend(history, TODAY, 28) for history in histories]
    assert None in trends(histories, TODAY, 28)
