from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.scoring.builders import normalisers, numbers, points

from accountpulse.core.scoring.normalise import MAX_RANK_POINTS, Categories, Linear, Percentile, Steps, normalise

NAN = float("nan")


@pytest.mark.parametrize("kind", [Linear, Steps])
@pytest.mark.parametrize("direction", ["higher", "lower"])
@settings(max_examples=100, deadline=None)
@given(st.data())
def test_scores_follow_the_direction_of_their_points(kind, direction, data):
    normaliser = kind(data.draw(points(direction=direction)))
    values = np.sort(np.array(data.draw(st.lists(numbers, min_size=2, max_size=20))))
    steps = np.diff(normaliser.scores(values)) * (1 if direction == "higher" else -1)
    assert (steps >= -1e-9).all()


@pytest.mark.parametrize("direction", ["higher", "lower"])
@settings(max_examples=100, deadline=None)
@given(st.lists(numbers, max_size=30), st.lists(numbers, min_size=2, max_size=20))
def test_a_percentile_follows_its_direction(direction, peers, values):
    normaliser = Percentile(direction)
    curve = normaliser.fit(np.array(peers))
    steps = np.diff(normaliser.scores(np.sort(np.array(values)), curve)) * (1 if direction == "higher" else -1)
    assert (steps >= -1e-9).all()


@settings(max_examples=200, deadline=None)
@given(normalisers, st.lists(st.one_of(numbers, st.just(NAN)), min_size=1, max_size=20), st.lists(numbers, max_size=9))
def test_scores_stay_within_0_and_100_and_nan_stays_nan(normaliser, values, peers):
    found = np.array(values)
    curve = normaliser.fit(np.array(peers)) if isinstance(normaliser, Percentile) else ()
    scores = normalise(normaliser, found, curve)
    assert (np.isnan(scores) == np.isnan(found)).all()
    known = scores[~np.isnan(scores)]
    assert ((known >= 0) & (known <= 100)).all()


def test_linear_is_straight_between_points_and_level_outside():
    scores = Linear(((-0.5, 0), (0, 60), (0.3, 100))).scores(np.array([-9, -0.5, -0.25, 0, 0.15, 0.3, 9]))
    assert scores.tolist() == pytest.approx([0, 0, 30, 60, 80, 100, 100])


def test_steps_take_the_last_point_reached():
    scores = Steps(((0, 5), (3, 40), (10, 80))).scores(np.array([-1, 0, 2.9, 3, 10, 99, NAN]))
    np.testing.assert_array_equal(scores, [5, 5, 5, 40, 80, 80, NAN])


def test_categories_score_codes_and_nothing_else():
    codes = np.array([1, 2, 3, 2.5, NAN])
    np.testing.assert_array_equal(Categories(((1, 0), (2, 50), (3, 100))).scores(codes), [0, 50, 100, NAN, NAN])
    np.testing.assert_array_equal(Categories(((1, 0), (2, 50)), other=20).scores(codes), [0, 50, 20, 20, NAN])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(-20, 20), min_size=1, max_size=60))
def test_a_percentile_is_the_mid_rank(values):
    found = np.array(values, dtype=float)
    normaliser = Percentile("higher")
    expected = [((found < value).sum() + (found == value).sum() / 2) / len(found) * 100 for value in found]
    np.testing.assert_allclose(normaliser.scores(found, normaliser.fit(found)), expected, atol=1e-9)
    lower = Percentile("lower")
    np.testing.assert_allclose(lower.scores(found, lower.fit(found)), 100 - np.array(expected), atol=1e-9)


def test_one_account_is_its_own_only_peer():
    normaliser = Percentile("higher")
    assert normaliser.scores(np.array([7.0]), normaliser.fit(np.array([7.0]))).tolist() == [50]
    assert normaliser.scores(np.array([7.0, NAN]), ())[0] == 50
    assert normaliser.fit(np.array([NAN, np.inf])) == ()


@pytest.mark.parametrize("shape", ["spread", "skewed", "tied"])
def test_a_long_curve_is_thinned_to_within_half_a_point(shape):
    draws = np.random.default_rng(7).lognormal(3, 2, 20_000)
    values = {"spread": draws, "skewed": np.round(draws), "tied": np.where(draws < 20, 0, draws)}[shape]
    curve = Percentile("higher").fit(values)
    assert len(curve) <= MAX_RANK_POINTS
    ordered = np.sort(values)
    exact = (np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")) / 2 / len(values) * 100
    assert np.abs(Percentile("higher").scores(values, curve) - exact).max() <= 0.5
