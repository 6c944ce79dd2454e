from __future__ import annotations

from datetime import date, timedelta
from itertools import combinations
from statistics import fmean, median

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accountpulse.core.scoring.trend import daily, slopes, trends

TODAY = date(2026, 3, 31)


def days_ago(n):
    return TODAY - timedelta(days=n)


def series(*histories, window=28):
    """The days of histories, each (day, score) where the score changed."""
    rows = sorted((place, day.toordinal(), score) for place, history in enumerate(histories) for day, score in history)
    place, day = (np.array([row[i] for row in rows], dtype=np.int64) for i in (0, 1))
    centi = np.array([round(row[2] * 100) for row in rows], dtype=np.int64)
    return daily(place, day, centi, len(histories), TODAY.toordinal(), window)


def trend(history, window=28):
    found = trends(series(history, window=window))[0]
    return None if np.isnan(found) else found


def test_a_steady_fall_is_its_points_per_window():
    history = [(days_ago(n), 40 + 0.5 * n) for n in range(100)]
    assert trend(history) == pytest.approx(-14)
    assert trend(history, 90) == pytest.approx(-45)


def test_a_score_is_in_force_until_the_next():
    found = series([(days_ago(3), 10.0), (days_ago(1), 20.0)], [(days_ago(200), 10.0)], [(days_ago(-1), 10.0)], [])
    assert found[0, -4:].tolist() == [1000, 1000, 2000, 2000]
    assert np.isnan(found[0, :-4]).all()
    assert found[1].tolist() == [1000] * 28
    assert np.isnan(found[2:]).all(), "a day to come, and none"


def test_no_trend_before_seven_days_of_history():
    assert trend([]) is None
    assert trend([(days_ago(5), 50.0)]) is None
    assert trend([(days_ago(6), 50.0)]) == 0


def test_one_bad_day_makes_no_trend():
    history = [(days_ago(n), 70.0) for n in range(28)]
    history[3] = (days_ago(3), 0.0)
    assert trend(history) == 0


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 10_000), min_size=2, max_size=55))
def test_it_is_the_median_slope_of_all_pairs(centi):
    assert slopes(np.array([centi], dtype=np.float32))[0] == pytest.approx(median_slope(centi), rel=1.2e-7, abs=0)


def median_slope(centi):
    return median((b - a) / (j - i) for (i, a), (j, b) in combinations(enumerate(centi), 2)) / 100


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 100), min_size=7, max_size=90))
def test_of_a_long_time_a_few_days_count_as_one_by_their_mean(scores):
    days = len(scores)
    together = 3 if days >= 84 else 2 if days >= 56 else 1
    last = [score * 100 for score in scores[days % together :]]
    means = [fmean(last[i : i + together]) for i in range(0, len(last), together)]
    history = [(days_ago(days - 1 - n), float(score)) for n, score in enumerate(scores)]
    assert trend(history, 90) == pytest.approx(median_slope(means) / together * 90, rel=1e-6, abs=1e-9)


def test_a_bad_last_week_makes_no_trend_of_a_quarter():
    assert trend([(days_ago(89), 70.0), (days_ago(6), 20.0)], 90) == 0


@pytest.mark.parametrize("kind", ["white", "autocorrelated", "weekends", "spikes", "a bad last week"])
def test_means_of_three_days_err_hardly_more_than_all_pairs_of_days(kind):
    dice, n, days = np.random.default_rng(1), 4000, np.arange(90)
    rise = dice.normal(0, 15, n)
    noise = dice.normal(0, 1, (n, 90))
    if kind == "white":
        noise *= 3
    elif kind == "autocorrelated":
        for day in days[1:]:
            noise[:, day] = 0.8 * noise[:, day - 1] + 2 * noise[:, day]
    elif kind == "weekends":
        noise += 3 * (days % 7 >= 5)
    elif kind == "spikes":
        noise[np.arange(n)[:, None], dice.integers(0, 90, (n, 2))] -= 40
    else:
        noise[:, -7:] -= 30
    score = np.clip(70 + rise[:, None] * (days - 45) / 90 + noise, 0, 100)
    for day in days[1:]:  # the history keeps what moved by a point
        score[:, day] = np.where(np.abs(score[:, day] - score[:, day - 1]) >= 1, score[:, day], score[:, day - 1])
    centi = np.rint(score * 100).astype(np.float32)

    def error(found):
        return float(np.sqrt(np.mean((found - rise) ** 2)))

    assert error(trends(centi)) < 1.05 * error(slopes(centi) * 90)


def test_many_accounts_at_once_equal_each_alone():
    series = np.random.default_rng(3).integers(0, 10_000, (1100, 28)).astype(np.float32)
    together = slopes(series)
    assert all(together[i] == slopes(series[i : i + 1])[0] for i in (0, 511, 512, 1099))


def test_many_histories_at_once_equal_each_alone():
    dice = np.random.default_rng(5)
    histories = [
        [(days_ago(n), float(dice.uniform(0, 100))) for n in {*dice.integers(0, 60, size).tolist()}] for size in range(12)
    ]
    together = trends(series(*histories)).tolist()
    assert [None if np.isnan(found) else found for found in together] == [trend(history) for history in histories]
    assert None in map(trend, histories)
