from __future__ import annotations

import json
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from tests.core.scoring.builders import SCORERS, a_metric, cases, line, model_with

from accountpulse.core.metrics.states import ComponentState
from accountpulse.core.scoring.evaluate import evaluate
from accountpulse.core.scoring.explain import Setting, scores_of
from accountpulse.core.scoring.peers import Peer
from accountpulse.core.scoring.types import Matched, Score, ScoreChange

DAY = date(2026, 3, 31)


def setting(model):
    return Setting(DAY, "enterprise", {name: a_metric(name) for name in model.metrics}, currency="EUR")


@settings(max_examples=80, deadline=None)
@given(cases())
def test_every_score_adds_up_and_survives_json(case):
    result = case.evaluate()
    for score in scores_of(result, range(len(case.values)), setting(case.model)):
        total = score.reference + sum(c.delta for c in score.components) + sum(a.points for a in score.adjustments)
        assert total == pytest.approx(score.score, abs=1e-9)
        assert Score.from_json(json.loads(json.dumps(score.to_json(), allow_nan=False))) == score
        assert (score.band == "unknown") == (score.coverage < case.model.coverage_floor - 1e-9 or score.coverage == 0)


def test_a_score_can_be_read():
    model = model_with((1, [line("logins_30d"), line("tickets_30d", missing="neutral", typical=90)]))
    values, states = np.array([[9.0, np.nan]]), np.array([[0, ComponentState.NOT_CONNECTED]], np.int8)
    result = evaluate(model, model.make_scorer(SCORERS), values, states, (Peer(40.0, 42.0, 5), None))
    why = [Matched("enterprise", "plan is enterprise"), Matched("standard", "the default segment")]
    [score] = scores_of(
        result,
        [17],
        setting(model),
        previous=np.array([[42.0, np.nan]]),
        matched=[why],
    )
    assert (score.account_id, score.segment, score.model_version) == (17, "enterprise", model.version)
    assert score.reference == 65
    assert score.score == 29.5
    assert score.band == "red"
    known, unknown = score.components
    assert known.reason == "Logins fell from 42 to 9 in 30 days: -15.5 points against a typical enterprise account"
    assert (known.value, known.typical_value, known.component) == (9, 42, 9)
    assert known.sources == ("usage_day",)
    assert unknown.reason == "No product usage is connected: counted as 50 of 100"
    assert (unknown.value, unknown.component, unknown.delta, unknown.state.label) == (None, None, 0, "not_connected")
    assert [(a.code, a.label, a.points) for a in score.adjustments] == [
        ("neutral:tickets_30d", "Logins is unknown: counted as 50 of 100", -20)
    ]
    assert score.matched == tuple(why)
    causes = {(0, "tickets_30d"): "never mind"}
    assert scores_of(result, [17], setting(model), cause=lambda i, name: causes.get((i, name)))[0].components[1].reason == (
        "Never mind: counted as 50 of 100"
    )
    assert Score.from_json(json.loads(json.dumps(score.to_json()))) == score


def test_only_some_accounts_of_a_segment():
    model = model_with((1, [line("a")]))
    result = evaluate(model, model.make_scorer(SCORERS), np.array([[1.0], [np.nan], [3.0]]), np.zeros((3, 1), np.int8))
    found = scores_of(result, [7, 8, 9], setting(model), rows=[1], cause=lambda i, name: f"row {i} of {name} is no number")
    assert [score.account_id for score in found] == [8]
    assert found[0].components[0].reason == "Logins is unknown, as row 1 of a is no number: contributes nothing"


def test_a_change_survives_json():
    change = ScoreChange(1, DAY, "new", "abc", None, 50.5, None, "yellow")
    assert ScoreChange.from_json(json.loads(json.dumps(change.to_json()))) == change
