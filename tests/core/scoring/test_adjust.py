from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from tests.core.scoring.builders import SCORERS, a_metric, cases, line, model_with

from accountpulse.core.metrics.states import ComponentState
from accountpulse.core.scoring.adjust import ORDER
from accountpulse.core.scoring.evaluate import evaluate
from accountpulse.core.scoring.explain import Setting, scores_of
from accountpulse.core.scoring.model import MISSING_POLICIES, Cap, WorstOf
from accountpulse.core.scoring.peers import Peer
from accountpulse.core.scoring.segments import parse_condition

NAN = float("nan")
NO_DATA, NOT_APPLICABLE = ComponentState.NO_DATA, ComponentState.NOT_APPLICABLE


def cap(when, at, because="for a reason"):
    condition, problems = parse_condition(when)
    assert not problems
    return Cap(condition, float(at), because)


def run(model, values, states=None, columns=None, peers=None):
    values = np.array(values, dtype=float)
    states = np.where(np.isnan(values), NO_DATA, 0) if states is None else np.array(states)
    columns = {name: np.array(column) for name, column in (columns or {}).items()}
    return evaluate(model, model.make_scorer(SCORERS), values, states.astype(np.int8), peers, columns=columns)


def shown(result, i=0):
    return {a.code: round(float(a.points[i]), 9) for a in result.adjustments if a.points[i]}


@settings(max_examples=60, deadline=None)
@given(cases())
def test_adjustments_are_always_in_the_one_order(case):
    places = [ORDER.index(a.code.partition(":")[0]) for a in case.evaluate().adjustments]
    assert places == sorted(places)


# --- caps ---------------------------------------------------------------------------------------------------------------


def test_the_lowest_cap_that_holds_counts_and_says_why():
    model = model_with(
        (1, [line("logins_30d")]),
        caps=(cap({"overdue_days": {"gt": 30}}, 60, "late"), cap({"overdue_days": {"gt": 60}}, 40, "very late")),
    )
    result = run(model, [[90], [90], [90], [30]], columns={"overdue_days": [61.0, 45.0, 10.0, 99.0]})
    assert result.score.tolist() == [40, 60, 90, 30]
    assert [shown(result, i) for i in range(4)] == [{"cap:2": -50}, {"cap:1": -30}, {}, {}]
    made = scores_of(result, range(4), Setting(None, "s", {"logins_30d": a_metric()}))
    assert [a.label for a in made[0].adjustments] == ["At most 40: very late (overdue_days 61 > 60)"]


def test_an_unknown_value_never_caps_but_may_have_to():
    model = model_with((1, [line("a")]), caps=(cap({"overdue_days": {"gt": 60}}, 40),))
    result = run(model, [[90], [90]], columns={"overdue_days": [NAN, 10.0]})
    assert result.score.tolist() == [90, 90]
    assert (result.low.tolist(), result.high.tolist()) == ([40, 90], [90, 90])
    assert run(model, [[90]]).score.tolist() == [90], "nobody knows the metric at all"


def test_caps_read_attributes_and_everything_conditions_can_say():
    when = {"any": [{"plan": {"eq": "trial"}}, {"not": {"overdue_days": {"lte": 5}}}]}
    model = model_with((1, [line("a")]), caps=(cap(when, 20),))
    plans = np.array(["Trial", None, "pro"], dtype=object)
    result = run(model, [[90]] * 3, columns={"plan": plans, "overdue_days": [NAN, 6.0, NAN]})
    assert result.score.tolist() == [20, 20, 90]


def test_of_caps_at_the_same_height_the_first_is_named():
    model = model_with((1, [line("a")]), caps=(cap({"x": {"gt": 0}}, 20), cap({"x": {"gt": 1}}, 20)))
    assert shown(run(model, [[90]], columns={"x": [5.0]})) == {"cap:1": -70}


def test_a_cap_and_a_clip_together():
    model = model_with((1, [line("a", points=(-90, 90))]), base=50.0, caps=(cap({"x": {"gt": 0}}, 40),))
    result = run(model, [[100], [0]], columns={"x": [1.0, 1.0]})
    assert result.score.tolist() == [40, 0]
    assert [shown(result, i) for i in range(2)] == [{"cap:1": -100}, {"clip": 40}]


# --- worst-of -----------------------------------------------------------------------------------------------------------


def test_a_score_is_no_better_than_its_worst_part():
    lines = [line("a", 3), line("b"), line("c")]
    model = model_with((3, lines[:2]), (1, lines[2:]), worst_of=WorstOf(("group0", "c")))
    result = run(model, [[100, 20, 60], [100, 100, 30], [10, 10, 20]])
    # group0: (3 x 100 + 20) / 4 = 80, 100, 10
    assert result.score.tolist() == [60, 30, 10]
    assert [shown(result, i) for i in range(3)] == [{"worst_of:c": -15}, {"worst_of:c": -52.5}, {"worst_of:group0": -2.5}]
    made = scores_of(result, range(3), Setting(None, "s", {n: a_metric(n) for n in "abc"}))
    assert made[0].adjustments[0].label == "No better than its worst part, Logins (at 60.0 of 100)"


def test_a_margin_above_the_worst_part():
    model = model_with((1, [line("a"), line("b")]), worst_of=WorstOf(("b",), 15.0))
    result = run(model, [[100, 20], [100, 90]])
    assert result.score.tolist() == [35, 95]
    assert [a.label for a in result.adjustments if a.points.any()] == ["No more than 15 points above its worst part, b"]


def test_an_unknown_part_sets_no_limit_but_may_have_to():
    model = model_with((1, [line("a"), line("b")]), worst_of=WorstOf(("b",)))
    result = run(model, [[100, NAN]])
    assert (result.score[0], result.low[0], result.high[0]) == (75, 0, 100)
    assert shown(result) == {}
    alone = run(model, [[100, NAN]], [[0, NOT_APPLICABLE]])
    assert (alone.score[0], alone.low[0], alone.high[0]) == (100, 100, 100)


def test_of_a_group_only_what_is_measured_counts():
    model = model_with((1, [line("a"), line("b", missing="worst")]), (9, [line("c")]), worst_of=WorstOf(("group0",)))
    result = run(model, [[30, NAN, 100]])
    assert result.score[0] == 30, "b counts as 0 in the score by its policy, but as nothing in the worst part"
    assert (result.low[0], result.high[0]) == (15, 65), "what is unknown of the part could be anything"


def test_a_part_without_weight_can_hold_a_score_down():
    model = model_with((1, [line("a"), line("b", 0)]), worst_of=WorstOf(("b",)))
    assert run(model, [[90, 10]]).score[0] == 10


# --- everything unknown, everything at once -----------------------------------------------------------------------------


@pytest.mark.parametrize("policy", MISSING_POLICIES)
@pytest.mark.parametrize("points", [None, (0, 50)])
@pytest.mark.parametrize("state", [state for state in ComponentState if state != ComponentState.MEASURED])
def test_a_silent_account_is_never_green_whatever_else_the_model_says(policy, points, state):
    lines = [line(name, missing=policy, typical=99, points=points) for name in "ab"]
    model = model_with(
        (1, lines), floor=0.0, base=50.0 if points else None, caps=(cap({"x": {"gt": 0}}, 95),), worst_of=WorstOf(("a",), 99.0)
    )
    result = run(model, [[NAN, NAN]], [[state, state]], {"x": [NAN]}, (Peer(99.0, 99.0, 10), Peer(99.0, 99.0, 10)))
    assert result.band[0] == -1
    assert np.isfinite([result.score[0], result.low[0], result.high[0]]).all()


@pytest.mark.parametrize("policy", MISSING_POLICIES)
def test_one_measured_of_two_under_every_rule_adds_up(policy):
    model = model_with(
        (1, [line("a"), line("b", missing=policy, typical=80)]),
        caps=(cap({"x": {"gt": 0}}, 15),),
        worst_of=WorstOf(("a",), 4.0),
    )
    result = run(model, [[20, NAN]], columns={"x": [1.0]})
    total = result.reference + result.deltas.sum() + sum(a.points[0] for a in result.adjustments)
    assert total == pytest.approx(result.score[0], abs=1e-9)
    assert result.score[0] == (10 if policy == "worst" else 15)
    assert result.low[0] <= result.score[0] <= result.high[0] == 15


def test_no_account_at_all():
    model = model_with((1, [line("a")]), caps=(cap({"x": {"gt": 0}}, 15),), worst_of=WorstOf(("a",)))
    assert run(model, np.empty((0, 1)), columns={"x": np.empty(0)}).score.shape == (0,)
