"""Probabilities out of scores: right where they should be, and no better than luck allows."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accountpulse.core.audit.calibration import (
    brier,
    calibrate,
    calibration_floor,
    churn_probability,
    expected_calibration_error,
    logistic,
    platt,
    reliability,
)


def drawn(n: int, seed: int):
    """Scores, and who left by a known law of them: log-odds -3 + (50 - score) / 10."""
    random = np.random.default_rng(seed)
    health = random.uniform(0, 100, n)
    truth = 1 / (1 + np.exp(3 - (50 - health) / 10))
    return health, random.random(n) < truth, truth


def test_a_fit_finds_the_law_it_was_drawn_from() -> None:
    health, event, truth = drawn(20_000, 1)
    a, b = platt(health, event)
    assert (a, b) == pytest.approx((-3, 1), abs=0.15)
    assert np.abs(churn_probability(health, (a, b)) - truth).max() < 0.03


def test_a_right_probability_is_found_right_and_a_bold_one_bold() -> None:
    early, late = drawn(6000, 2), drawn(6000, 3)
    found = calibrate(early[0], early[1], late[0], late[1])
    assert found.slope == pytest.approx(1, abs=0.1)
    assert found.intercept == pytest.approx(0, abs=0.2)
    assert found.skill > 0.3
    assert found.ece <= found.floor_p95 * 1.5
    bold = np.log(late[2] / (1 - late[2])) * 2
    _, slope = logistic(bold, late[1].astype(float))
    assert slope == pytest.approx(0.5, abs=0.05)


def test_a_score_that_says_nothing_has_no_skill() -> None:
    random = np.random.default_rng(4)
    early, late = random.uniform(0, 100, 2000), random.uniform(0, 100, 2000)
    event = random.random(2000) < 0.1
    found = calibrate(early, event, late, random.permutation(event))
    assert abs(found.skill) < 0.02


def test_what_separates_perfectly_and_what_never_varies_can_be_fitted_too() -> None:
    event = np.arange(100) < 50
    a, b = platt(np.where(event, 0.0, 100.0), event)
    assert np.isfinite([a, b]).all()
    flat = calibrate(np.full(100, 50.0), event, np.full(100, 50.0), event)
    assert flat.brier == pytest.approx(0.25)
    assert (flat.slope, flat.intercept) == (None, None)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
def test_errors_are_within_their_scales(rows) -> None:
    p, event = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    assert 0 <= brier(p, event) <= 1
    assert 0 <= expected_calibration_error(p, event) <= 1
    assert expected_calibration_error(event.astype(float), event) == 0


def test_the_floor_is_what_a_perfect_model_shows() -> None:
    """Of one probability p, a bin of m snapshots misses it by sqrt(2 p (1 - p) / (pi m)) in the mean."""
    for n in (500, 2000, 10_000):
        mean, p95 = calibration_floor(np.full(n, 0.05))
        assert mean == pytest.approx(np.sqrt(2 * 0.05 * 0.95 / (np.pi * n / 10)), rel=0.1)
        assert mean < p95 < 2 * mean


def test_tenths_hold_everybody_once_lowest_first() -> None:
    health, event, _ = drawn(1003, 5)
    rows = reliability(health, event)
    assert len(rows) == 10
    assert sum(row.snapshots for row in rows) == 1003
    assert sum(row.events for row in rows) == event.sum()
    assert all(a.high <= b.low for a, b in pairwise(rows))
    assert rows[0].rate.value > rows[-1].rate.value
    assert reliability(np.empty(0), np.empty(0, dtype=bool)) == ()
