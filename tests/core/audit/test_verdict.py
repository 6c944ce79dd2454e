"""The four words, in their order, and that chance hardly ever earns the best of them."""

from __future__ import annotations

import numpy as np
import pytest

from accountpulse.core.audit.figures import Interval, Ranking, clustered_interval
from accountpulse.core.audit.verdict import Comparison, judge

GOOD = Interval(0.8, 0.75, 0.85)


def against(low: float | None) -> Comparison:
    difference = Interval(0.02, low, 0.05) if low is not None else Interval(None)
    return Comparison("the published scores", 100, 40, 0.8, 0.78, difference)


def test_too_few_departures_come_first_whatever_the_figures() -> None:
    found = judge(GOOD, 29, 90, against(0.01))
    assert found.word == "insufficient data"
    assert "29 customers left within 90 days" in found.sentence
    assert "30 are needed" in found.sentence
    assert judge(GOOD, 30, 90).word == "useful"
    assert "1 customer left" in judge(Interval(None), 1, 90).sentence
    assert judge(Interval(None), 50, 90).word == "insufficient data"


def test_chance_comes_before_the_incumbent() -> None:
    assert judge(Interval(0.6, 0.49, 0.7), 50, 90, against(0.01)).word == "not better than chance"
    assert judge(Interval(0.6, 0.5, 0.7), 50, 90).word == "not better than chance"
    wrong = judge(Interval(0.3, 0.2, 0.4), 50, 90)
    assert wrong.word == "not better than chance"
    assert "it is worse" in wrong.sentence


def test_the_incumbent_must_be_beaten_for_certain() -> None:
    for low in (-0.01, 0.0, None):
        assert judge(GOOD, 50, 90, against(low)).word == "not proven better than the incumbent"
    better = judge(GOOD, 50, 90, against(0.001))
    assert better.word == "useful"
    assert "better than the published scores by 0.020" in better.sentence
    assert "within 90 days" in better.sentence


@pytest.mark.slow
@pytest.mark.parametrize("churned", [30, 60])
def test_shuffled_labels_are_hardly_ever_useful(churned: int) -> None:
    """A 95 % interval may leave .50 below it in 2.5 % of the draws; of 200, more than 11 happen once in 100 such tests."""
    random = np.random.default_rng(7)
    words = []
    for seed in range(200):
        health = np.round(random.normal(60, 15, 400), 2)
        event = random.permutation(np.arange(400) < churned)
        interval = clustered_interval(Ranking(health, event).auc, np.arange(400), repeats=300, seed=seed)
        words.append(judge(interval, churned, 90).word)
    assert words.count("useful") <= 11
    assert set(words) == {"useful", "not better than chance"}
