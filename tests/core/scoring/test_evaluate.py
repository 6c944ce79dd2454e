from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.scoring.builders import SCORERS, Case, cases, line, model_with

from accountpulse.core.errors import ModelError
from accountpulse.core.metrics.states import ComponentState
from accountpulse.core.scoring.evaluate import Evaluation, evaluate
from accountpulse.core.scoring.model import MISSING_POLICIES
from accountpulse.core.scoring.normalise import Categories, Percentile
from accountpulse.core.scoring.peers import Peer, peers_of
from accountpulse.core.scoring.weighted import WeightedScorer

MEASURED, NO_DATA, NOT_APPLICABLE = (
    int(ComponentState.MEASURED),
    int(ComponentState.NO_DATA),
    int(ComponentState.NOT_APPLICABLE),
)
NAN = float("nan")


def run(model, values, states=None, peers=None) -> Evaluation:
    values = np.array(values, dtype=float)
    states = np.zeros(values.shape, np.int8) if states is None else np.array(states, np.int8)
    return evaluate(model, model.make_scorer(SCORERS), values, states, peers)


def run_case(case: Case) -> Evaluation:
    return case.evaluate()


def explained(result: Evaluation):
    return result.reference + result.deltas.sum(axis=1) + sum(a.points for a in result.adjustments)


# --- laws ---------------------------------------------------------------------------------------------------------------


@settings(max_examples=80, deadline=None)
@given(cases())
def test_reference_deltas_and_adjustments_add_up_to_the_score(case):
    result = run_case(case)
    np.testing.assert_allclose(explained(result), result.score, rtol=0, atol=1e-9)
    assert (result.deltas[result.unknown] == 0).all()
    assert np.isfinite(result.score).all()


@settings(max_examples=50, deadline=None)
@given(cases())
def test_bounds_enclose_the_score_and_coverage_is_a_share(case):
    result = run_case(case)
    assert ((result.low >= 0) & (result.low <= result.score)).all()
    assert ((result.high <= 100) & (result.high >= result.score)).all()
    assert ((result.coverage >= 0) & (result.coverage <= 1)).all()
    # A cap that may hold, as what it reads is unknown, belongs to the lowest score.
    known = ~result.unknown.any(axis=1) & ~(np.isnan(case.columns["overdue_days"]) & bool(case.model.caps))
    np.testing.assert_allclose(result.low[known], result.high[known], atol=1e-9)
    assert np.isnan(result.components[result.unknown]).all()
    assert ((result.components[~result.unknown] >= 0) & (result.components[~result.unknown] <= 100)).all()


@settings(max_examples=50, deadline=None)
@given(cases())
def test_band_is_the_interval_of_the_score_or_unknown(case):
    result = run_case(case)
    for score, coverage, index in zip(result.score, result.coverage, result.band, strict=True):
        if coverage < case.model.coverage_floor - 1e-9 or coverage == 0:
            assert index == -1
        else:
            band = case.model.bands[index]
            assert band.start - 1e-9 <= score < band.end + (1e-9 if band.end == 100 else 0)


@settings(max_examples=40, deadline=None)
@given(cases(), st.integers(0, 5))
def test_an_account_scored_alone_gets_the_same_score_to_the_last_bit(case, pick):
    whole = run_case(case)
    if not len(case.values):
        return
    i = pick % len(case.values)
    alone = run_case(case.only(i))
    for name in ("score", "coverage", "low", "high", "band"):
        assert getattr(alone, name)[0] == getattr(whole, name)[i], name
    assert (alone.deltas[0] == whole.deltas[i]).all()
    points = {a.code: a.points[0] for a in alone.adjustments}
    for adjustment in whole.adjustments:
        assert points.get(adjustment.code, 0.0) == adjustment.points[i]


@settings(max_examples=30, deadline=None)
@given(cases())
def test_inputs_are_left_alone(case):
    values, states = case.values.copy(), case.states.copy()
    run_case(case)
    np.testing.assert_array_equal(case.values, values)
    np.testing.assert_array_equal(case.states, states)


# --- unknown parts ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", MISSING_POLICIES)
@pytest.mark.parametrize("floor", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("state", [state for state in ComponentState if state != ComponentState.MEASURED])
def test_a_silent_account_is_never_green(policy, floor, state):
    lines = [line("a", missing=policy, typical=99), line("b", missing=policy, typical=99)]
    model = model_with((1, lines), floor=floor)
    peers = (Peer(99.0, 99.0, 10), Peer(99.0, 99.0, 10))
    result = run(model, [[NAN, NAN]], [[state, state]], peers)
    assert result.band[0] == -1
    assert result.coverage[0] == 0


def test_typical_contributes_nothing():
    model = model_with((1, [line("a"), line("b", typical=80)]))
    result = run(model, [[20, NAN]], [[MEASURED, NO_DATA]])
    assert result.reference == 65
    assert result.deltas.tolist() == [[-15, 0]]
    assert result.score[0] == 50
    assert (result.low[0], result.high[0], result.coverage[0]) == (10, 60, 0.5)
    assert all((a.points == 0).all() for a in result.adjustments)


@pytest.mark.parametrize(("policy", "score", "points"), [("neutral", 35, -15), ("worst", 10, -40), ("exclude", 20, -30)])
def test_other_policies_are_named_adjustments(policy, score, points):
    model = model_with((1, [line("a"), line("b", typical=80, missing=policy)]))
    result = run(model, [[20, NAN], [20, 80]], [[MEASURED, NO_DATA], [MEASURED, MEASURED]])
    assert result.score.tolist() == [score, 50]
    shown = {a.code: a.points.tolist() for a in result.adjustments if a.points.any()}
    assert shown == {"exclude" if policy == "exclude" else f"{policy}:b": [points, 0]}
    assert (result.deltas[0] == [-15, 0]).all()


def test_adjustments_come_in_one_fixed_order():
    lines = [line("a", missing="worst"), line("b", missing="neutral"), line("c", missing="exclude"), line("d", missing="worst")]
    result = run(model_with((1, lines)), [[NAN] * 4], [[NO_DATA] * 4])
    assert [a.code for a in result.adjustments] == ["neutral:b", "worst:a", "worst:d", "exclude", "clip"]


def test_what_stands_in_for_nobody_is_no_adjustment():
    result = run(model_with((1, [line("a", missing="worst"), line("b", missing="neutral")])), [[10, 20]])
    assert [a.code for a in result.adjustments] == ["exclude", "clip"]


@pytest.mark.parametrize("policy", MISSING_POLICIES)
def test_not_applicable_is_left_out_under_every_policy_and_costs_no_coverage(policy):
    model = model_with((1, [line("a"), line("b", missing=policy)]))
    result = run(model, [[20, NAN]], [[MEASURED, NOT_APPLICABLE]])
    assert result.score[0] == result.low[0] == result.high[0] == 20
    assert result.coverage[0] == 1
    assert [a.code for a in result.adjustments if a.points.any()] == ["exclude"]


def test_what_claims_to_be_measured_but_is_no_number_has_failed():
    result = run(model_with((1, [line("a")])), [[NAN], [np.inf], [-np.inf], [7]])
    assert result.states[:, 0].tolist() == [ComponentState.FAILED] * 3 + [ComponentState.MEASURED]
    assert result.band.tolist() == [-1, -1, -1, 0]


def test_a_value_behind_a_stale_state_is_not_used():
    result = run(model_with((1, [line("a")])), [[100]], [[ComponentState.STALE]])
    assert result.unknown[0, 0]
    assert result.score[0] == 50


def test_an_empty_segment_and_a_metric_without_variance_are_no_crash():
    model = model_with((1, [line("a", normaliser=Percentile("higher"))]))
    empty = run(model, np.empty((0, 1)), np.empty((0, 1)), peers_of(model, np.empty((0, 1)), np.empty((0, 1), np.int8)))
    assert empty.score.shape == empty.band.shape == (0,)
    values, states = np.full((5, 1), 3.0), np.zeros((5, 1), np.int8)
    assert run(model, values, states, peers_of(model, values, states)).score.tolist() == [50] * 5


# --- peers --------------------------------------------------------------------------------------------------------------


def test_typical_is_the_mean_component_and_the_median_value_of_those_measured():
    model = model_with((1, [line("a"), line("b"), line("c", normaliser=Categories(((1.0, 40.0),)))]))
    values = np.array([[10.0, NAN, 1.0], [20.0, NAN, 7.0], [60.0, NAN, 1.0], [99.0, 5.0, 1.0], [float("inf"), NAN, NAN]])
    states = np.array([[0, 1, 0], [0, 1, 0], [0, 1, 0], [4, 1, 0], [0, 0, 1]], np.int8)
    first, nobody, coded = peers_of(model, values, states)
    assert (first.component, first.value, first.accounts) == (30, 20, 3)
    assert nobody is None
    assert (coded.component, coded.value, coded.accounts) == (40, 1, 3)
    (two,) = peers_of(model_with((1, [line("a")])), np.array([[10.0], [20.0]]), np.zeros((2, 1), np.int8))
    assert (two.value, two.accounts) == (15, 2)


def test_stored_peers_decide_the_reference_and_absent_ones_are_flagged():
    model = model_with((1, [line("a", typical=30), line("b", typical=90)]))
    result = run(model, [[50, 50]], peers=(Peer(70.0, 700.0, 4), None))
    assert result.typical.tolist() == [70, 90]
    assert result.typical_value[0] == 700
    assert np.isnan(result.typical_value[1])
    assert result.no_peers.tolist() == [False, True]
    assert result.reference == 80


def test_a_whole_segment_averages_to_its_reference():
    model = model_with((3, [line("a", 2), line("b")]), (1, [line("c")]))
    values = np.random.default_rng(1).uniform(0, 100, (500, 3))
    states = np.zeros((500, 3), np.int8)
    result = run(model, values, states, peers_of(model, values, states))
    np.testing.assert_allclose(result.deltas.mean(axis=0), 0, atol=1e-9)
    assert result.score.mean() == pytest.approx(result.reference)


# --- broken scorers -----------------------------------------------------------------------------------------------------


class Broken(WeightedScorer):
    fault = ""

    def evaluate(self, values, included):
        found = super().evaluate(values, included)
        return {"nan": found * np.nan, "shape": found[:, None], "outside": found * 3 - 100}.get(self.fault, found)

    def deltas(self, values, typical):
        found = super().deltas(values, typical)
        return found * {"deltas": 0.5, "outside": 3}.get(self.fault, 1) - (1e-12 if self.fault == "rounding" else 0)


@pytest.mark.parametrize("fault", ["nan", "shape", "deltas"])
def test_a_scorer_that_breaks_its_contract_is_refused(fault):
    model = model_with((1, [line("a")]))
    scorer = Broken(model.components)
    scorer.fault = fault
    with pytest.raises(ModelError, match="scorer 'weighted' breaks its contract"):
        evaluate(model, scorer, np.array([[10.0]]), np.zeros((1, 1), np.int8))


def test_an_unknown_component_has_delta_0_even_where_a_scorer_rounds():
    model = model_with((1, [line("a"), line("b")]))
    scorer = Broken(model.components)
    scorer.fault = "rounding"
    result = evaluate(model, scorer, np.array([[20.0, NAN]]), np.array([[MEASURED, NO_DATA]], np.int8))
    assert result.deltas[0, 1] == 0
    assert not np.signbit(result.deltas[0, 1]), "it would be told as -0"


def test_leaving_0_to_100_is_clipped_by_name():
    model = model_with((1, [line("a")]))
    scorer = Broken(model.components)
    scorer.fault = "outside"
    result = evaluate(model, scorer, np.array([[90.0], [10.0], [50.0]]), np.zeros((3, 1), np.int8))
    assert result.score.tolist() == [100, 0, 50]
    assert {a.code: a.points.tolist() for a in result.adjustments}["clip"] == [-70, 70, 0]
    np.testing.assert_allclose(explained(result), result.score, atol=1e-9)


def test_arrays_that_do_not_fit_the_model_are_refused():
    with pytest.raises(ModelError, match=r"has 1 metrics, so it needs .*\(accounts, 1\)"):
        run(model_with((1, [line("a")])), [[1, 2]])
