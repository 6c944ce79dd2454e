from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.core.scoring.builders import normalisers, numbers, points

from accountpulse.core.scoring.normalise import MAX_RANK_POINTS, Baseline, Categories, Linear, Percentile, Steps, normalise

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
@example([0.0, 1.0, -2.2250738585072014e-308], [0.0, -5e-324])
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
    scores = normalise(normaliser, found, curve, np.resize([0.0, -3.0, 1e9], found.shape))
    assert (np.isnan(scores) == np.isnan(found)).all()
    known = scores[~np.isnan(scores)]
    assert ((known >= 0) & (known <= 100)).all()


def test_linear_is_straight_between_points_and_level_outside():
    scores = Linear(((-0.5, 0), (0, 60), (0.3, 100))).scores(np.array([-9, -0.5, -0.25, 0, 0.15, 0.3, 9]))
    assert scores.tolist() == pytest.approx([0, 0, 30, 60, 80, 100, 100])


@pytest.mark.parametrize("direction", ["higher", "lower", None])
@settings(max_examples=100, deadline=None)
@given(st.data())
def test_linear_meets_its_points_to_the_last_digit_and_is_straight_between_them(direction, data):
    line = data.draw(points(direction=direction, least=2))
    edges, levels = np.array(line).T
    scores = Linear(line).scores
    assert scores(edges).tolist() == levels.tolist()
    values = np.array(data.draw(st.lists(numbers, min_size=1, max_size=20)))
    np.testing.assert_allclose(scores(values), np.interp(values, edges, levels), rtol=0, atol=1e-9)
    np.testing.assert_array_equal(scores(np.array([-np.inf, np.inf, NAN])), [levels[0], levels[-1], NAN])


@pytest.mark.parametrize("number", [6, 8, 9, 201])
def test_a_line_of_many_points_is_as_straight_as_one_of_few(number):
    rng = np.random.default_rng(number)
    edges, levels = np.sort(rng.normal(0, 9, number)), rng.uniform(0, 100, number)
    scores = Linear(tuple(zip(edges.tolist(), levels.tolist(), strict=True))).scores
    assert scores(edges).tolist() == levels.tolist()
    values = np.concatenate([rng.normal(0, 12, 500), [-np.inf, np.inf, NAN]])
    np.testing.assert_allclose(scores(values), np.interp(values, edges, levels), rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    "line",
    [
        ((-1e308, 0.0), (1e308, 100.0)),
        ((0.0, 0.0), (5e-324, 100.0)),
        ((0.0, 1e-300), (1.0, 100.0)),
        ((1.0, 5e-324), (2.0, 0.0)),
        ((0.0, 40.0), (9.0, 40.0)),
    ],
)
def test_points_at_the_ends_of_what_a_number_can_be(line):
    edges, levels = np.array(line).T
    values = np.array([-1.7e308, *edges, 1.7e308])
    assert Linear(line).scores(values).tolist() == [levels[0], *levels, levels[-1]]
    assert np.isnan(Linear(line).scores(np.array([NAN]))).all()


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


# --- against one's own past ---------------------------------------------------------------------------------------------

HALF_IS_BAD = Linear(((-0.5, 0), (0, 60), (0.5, 100)))


def test_a_relative_change_is_against_the_size_of_what_is_usual():
    baseline = Baseline(HALF_IS_BAD, 90, 30)
    values, usual = np.array([50.0, 100, 150, -50, 7, NAN, 7]), np.array([100.0, 100, 100, -100, NAN, 7, 7])
    np.testing.assert_allclose(baseline.scores(values, usual), [0, 60, 100, 100, NAN, NAN, 60])


def test_from_nothing_any_change_is_endless():
    baseline = Baseline(HALF_IS_BAD, 90, 30)
    assert baseline.scores(np.array([0.0, 1, -1]), np.zeros(3)).tolist() == [60, 100, 0]
    assert Baseline(Steps(HALF_IS_BAD.points), 90, 30).scores(np.array([0.0, 1, -1]), np.zeros(3)).tolist() == [60, 100, 0]
    assert baseline.scores(np.array([1e308]), np.array([-1e308])).tolist() == [100]


def test_an_absolute_change_is_the_difference():
    baseline = Baseline(Linear(((-10, 0), (10, 100))), 90, 30, change="absolute")
    assert baseline.scores(np.array([5.0, 0, 20]), np.array([0.0, 5, 0])).tolist() == [75, 25, 100]


def test_what_is_usual_needs_two_earlier_values_where_more_were_asked_for():
    earlier = np.array([[10.0, NAN, NAN, 1, 1e308], [20, 4, NAN, 2, 1e308], [60, np.inf, NAN, NAN, 1e308]])
    np.testing.assert_allclose(Baseline(HALF_IS_BAD, 90, 30).usual(earlier), [30, NAN, NAN, 1.5, 1e308])
    np.testing.assert_allclose(Baseline(HALF_IS_BAD, 90, 30, "median").usual(earlier), [20, NAN, NAN, 1.5, 1e308])
    assert Baseline(HALF_IS_BAD, 90, 90).usual(np.array([[4.0]])).tolist() == [4]
    assert Baseline(HALF_IS_BAD, 90, 30).offsets == (30, 60, 90)
    assert Baseline(HALF_IS_BAD, 100, 30).offsets == (30, 60, 90)
    assert Baseline(HALF_IS_BAD, 90, 30).usual(np.empty((3, 0))).shape == (0,)


@settings(max_examples=100, deadline=None)
@given(st.data(), st.sampled_from(["relative", "absolute"]), numbers)
def test_a_baseline_follows_the_direction_of_its_points(data, change, usual):
    baseline = Baseline(Linear(data.draw(points(direction="higher"))), 90, 30, change=change)
    values = np.sort(np.array(data.draw(st.lists(numbers, min_size=2, max_size=20))))
    assert (np.diff(baseline.scores(values, np.full(values.shape, usual))) >= -1e-9).all()
