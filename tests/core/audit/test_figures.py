"""Figures against what a person would count by hand, and the laws they must keep."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from accountpulse.core.audit.figures import (
    Ranking,
    auc,
    captured,
    clustered_interval,
    lift,
    population_stability,
    rate_interval,
    recall,
    recall_at,
)

cases = st.lists(st.tuples(st.integers(0, 12), st.booleans(), st.integers(0, 3), st.integers(0, 3)), max_size=40)


def arrays(rows):
    health = np.array([row[0] for row in rows], dtype=np.float64)
    event = np.array([row[1] for row in rows], dtype=np.bool_)
    group = np.array([row[2] for row in rows], dtype=np.int64)
    weight = np.array([row[3] for row in rows], dtype=np.float64)
    return health, event, group, weight


def by_hand(health, event, group, weight):
    """Every pair of who left and who stayed, counted one by one."""
    won = pairs = 0.0
    for i in np.flatnonzero(event):
        for j in np.flatnonzero(~event):
            if group[i] == group[j]:
                w = weight[i] * weight[j]
                pairs += w
                won += w * (1.0 if health[i] < health[j] else 0.5 if health[i] == health[j] else 0.0)
    return won / pairs if pairs else float("nan")


@given(cases)
def test_auc_is_what_counting_pairs_gives(rows) -> None:
    health, event, group, weight = arrays(rows)
    everybody, once = np.zeros_like(group), np.ones_like(weight)
    assert auc(health, event) == pytest.approx(by_hand(health, event, everybody, once), nan_ok=True)
    assert auc(health, event, group) == pytest.approx(by_hand(health, event, group, once), nan_ok=True)
    weighted = Ranking(health, event, group).auc(weight)
    assert weighted == pytest.approx(by_hand(health, event, group, weight), nan_ok=True)


@given(cases)
def test_auc_depends_on_the_order_of_scores_only(rows) -> None:
    health, event, _, _ = arrays(rows)
    before = auc(health, event)
    assert auc(np.exp(health / 3) * 7 - 2, event) == pytest.approx(before, nan_ok=True)
    assert auc(-health, event) == pytest.approx(1 - before, nan_ok=True)


@given(st.lists(st.booleans(), min_size=2, max_size=60))
def test_a_perfect_score_has_an_auc_of_one(left) -> None:
    event = np.array(left)
    assume(0 < event.sum() < len(event))
    health = np.where(event, 10.0, 90.0) + np.arange(len(event)) / 100
    assert auc(health, event) == 1.0
    assert recall(health, event, event.mean()) == pytest.approx(1.0)
    assert captured(health, event, float(event.sum())) == pytest.approx(event.sum())


def test_shuffled_labels_come_out_as_chance() -> None:
    random = np.random.default_rng(1)
    health, event = random.random(4000), random.random(4000) < 0.1
    found = [auc(health, random.permutation(event)) for _ in range(50)]
    assert np.mean(found) == pytest.approx(0.5, abs=0.01)


@given(cases, st.integers(0, 40))
def test_among_all_are_all_and_ties_at_the_edge_share_what_is_left(rows, count) -> None:
    health, event, _, _ = arrays(rows)
    assert captured(health, event, len(rows)) == pytest.approx(event.sum())
    assert 0 <= captured(health, event, count) <= min(count, event.sum()) + 1e-9
    level = np.full(len(rows), 5.0)
    if rows and count <= len(rows):
        assert captured(level, event, count) == pytest.approx(count * event.mean())


def test_lift_recall_and_capacity_by_hand() -> None:
    health = np.arange(20, dtype=np.float64)
    event = np.isin(np.arange(20), [0, 1, 5, 19])
    assert recall(health, event, 0.1) == 0.5
    assert lift(health, event, 0.1) == 5.0
    assert lift(health, event, 0.2) == pytest.approx(2.5)
    day = np.repeat([1, 2], 10)
    assert recall_at(health, event, day, 1) == 0.25
    assert recall_at(health, event, day, 10) == 1.0
    nobody = np.zeros(20, dtype=bool)
    assert (lift(health, nobody, 0.1), recall(health, nobody, 0.1), recall_at(health, nobody, day, 3)) == (None, None, None)


def test_an_interval_of_copied_snapshots_is_no_narrower_for_the_copies() -> None:
    """Ten snapshots of each customer are one observation told ten times: rows would say three times as much as is known."""
    random = np.random.default_rng(2)
    event = np.arange(200) < 40
    health = random.normal(np.where(event, 45, 55), 10)
    once = clustered_interval(Ranking(health, event).auc, np.arange(200))
    copied = Ranking(np.repeat(health, 10), np.repeat(event, 10)).auc
    clustered = clustered_interval(copied, np.repeat(np.arange(200), 10))
    naive = clustered_interval(copied, np.arange(2000))
    assert (clustered.low, clustered.high) == pytest.approx((once.low, once.high))
    assert clustered.high - clustered.low > 2.5 * (naive.high - naive.low)


def test_the_interval_is_the_same_every_time_and_holds_the_truth_as_often_as_it_says() -> None:
    random = np.random.default_rng(3)
    held = 0
    for _ in range(120):
        event = np.arange(300) < 60
        health = random.normal(np.where(event, 40, 50), 10)  # the true AUC is Phi(1 / sqrt 2) = .7602
        found = clustered_interval(Ranking(health, event).auc, np.arange(300), repeats=200)
        held += found.low <= 0.7602 <= found.high
    assert 104 <= held <= 120, "95 % of 120 is 114"
    same = [clustered_interval(Ranking(health, event).auc, np.arange(300)) for _ in range(2)]
    assert same[0] == same[1]


def test_nothing_to_compare_has_no_interval() -> None:
    event = np.zeros(5, dtype=bool)
    found = clustered_interval(Ranking(np.arange(5.0), event).auc, np.arange(5))
    assert (found.value, found.low, found.high) == (None, None, None)
    assert np.isnan(auc(np.empty(0), np.empty(0, dtype=bool)))


@given(st.integers(0, 500), st.integers(0, 500))
def test_a_rate_lies_in_its_interval(events, more) -> None:
    found = rate_interval(events, events + more)
    if not events + more:
        assert found.value is None
        return
    assert 0 <= found.low <= found.value + 1e-12
    assert found.value <= found.high + 1e-12 <= 1 + 1e-9
    if not events:
        assert found.high > 0, "none of few is not never"


def test_wilson_is_the_textbook_s() -> None:
    found = rate_interval(10, 100)
    assert (found.low, found.high) == pytest.approx((0.0552, 0.1744), abs=1e-4)


@settings(max_examples=25)
@given(st.integers(0, 10_000))
def test_scores_that_do_not_move_are_stable_and_those_that_do_are_not(seed) -> None:
    random = np.random.default_rng(seed)
    early = random.normal(60, 10, 2000)
    assert population_stability(early, random.normal(60, 10, 2000)) < 0.1
    assert population_stability(early, random.normal(70, 10, 2000)) > 0.25
    assert population_stability(early, early[:20]) is None
    assert population_stability(np.full(100, 50.0), np.full(100, 50.0)) == pytest.approx(0)
