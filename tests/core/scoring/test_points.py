from __future__ import annotations

import numpy as np
import pytest
from tests.core.scoring.builders import SCORERS, line, model_with

from accountpulse.core.errors import ModelError
from accountpulse.core.metrics.states import ComponentState
from accountpulse.core.scoring.evaluate import evaluate
from accountpulse.core.scoring.points import PointsScorer
from accountpulse.core.scoring.scorer import ComponentSpec

NAN = float("nan")


def scorer(*points, base=50.0):
    return PointsScorer([ComponentSpec(f"m{i}", "g", 1, 1, pair) for i, pair in enumerate(points)], base)


def test_it_is_the_base_and_what_each_component_is_worth():
    found = scorer((-20, 10), (0, 30), base=40)
    everything = np.ones((3, 2), bool)
    values = np.array([[0.0, 0.0], [100.0, 100.0], [50.0, 10.0]])
    assert found.evaluate(values, everything).tolist() == [20, 80, 38]
    assert found.weights().tolist() == [0.5, 0.5]
    assert found.deltas(values, np.array([50.0, 10.0])).tolist() == [[-15, -3], [15, 27], [0, 0]]


def test_what_is_excluded_is_worth_nothing_and_its_points_go_to_nobody():
    found = scorer((-20, 10), (0, 30), base=40)
    values = np.array([[100.0, NAN]])
    assert found.evaluate(values, np.array([[True, False]])).tolist() == [50]
    assert found.evaluate(values, np.array([[False, False]])).tolist() == [40]


def test_neutral_is_the_component_worth_nothing_or_the_nearest():
    found = scorer((-20, 10), (5, 10), (-30, -10), (-20, 20))
    assert found.neutral().tolist() == pytest.approx([200 / 3, 0, 100, 50])
    words = [found.worth(i, component) for i, component in enumerate(found.neutral())]
    assert words == ["0 points", "5 points", "-10 points", "0 points"]


@pytest.mark.parametrize("points", [[None], [(5, -5)], [(0, float("inf"))], [(3, 3)], []])
def test_points_that_can_not_work_are_refused(points):
    with pytest.raises(ModelError, match="points"):
        scorer(*points)


def test_beyond_the_scale_it_is_clipped_by_name():
    lines = [line("a", points=(-80, 80)), line("b", points=(-80, 80), missing="worst")]
    model = model_with((1, lines), base=50.0)
    values = np.array([[100.0, 100.0], [0.0, NAN], [50.0, NAN]])
    states = np.array([[0, 0], [0, ComponentState.NO_DATA], [0, ComponentState.NO_DATA]], np.int8)
    result = evaluate(model, model.make_scorer(SCORERS), values, states)
    assert result.score.tolist() == [100, 0, 0]
    points = {a.code: a.points.tolist() for a in result.adjustments}
    assert points == {"worst:b": [0, -80, -80], "exclude": [0, 0, 0], "clip": [-110, 110, 30]}
    assert {a.code: a.label for a in result.adjustments}["worst:b"] == "b is unknown: counted as -80 points"
    assert (result.low[2], result.high[2]) == (0, 100)
    total = result.reference + result.deltas.sum(axis=1) + sum(a.points for a in result.adjustments)
    np.testing.assert_allclose(total, result.score, rtol=0, atol=1e-9)


def test_a_reference_beyond_the_scale_still_adds_up():
    model = model_with((1, [line("a", points=(40, 90), typical=100)]), base=50.0)
    result = evaluate(model, model.make_scorer(SCORERS), np.array([[80.0], [NAN]]), np.array([[0], [1]], np.int8))
    assert result.reference == 140
    assert result.score.tolist() == [100, 100]
    assert result.band[1] == -1
