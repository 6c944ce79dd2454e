from __future__ import annotations

import numpy as np
import pluggy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.scoring.builders import models

from accountpulse.core.errors import ModelError
from accountpulse.core.scoring import builtin
from accountpulse.core.scoring.scorer import ComponentSpec
from accountpulse.core.scoring.weighted import WeightedScorer
from accountpulse.plugins import hookspecs


def scorer(*specs):
    return WeightedScorer([ComponentSpec(f"m{i}", group, weight, gw) for i, (group, weight, gw) in enumerate(specs)])


EVERYTHING = np.ones((1, 3), bool)


def test_it_is_the_weighted_mean_of_groups_weighted_inside():
    found = scorer(("a", 3, 40), ("a", 1, 40), ("b", 5, 60))
    assert found.weights().tolist() == pytest.approx([0.3, 0.1, 0.6])
    assert found.evaluate(np.array([[100.0, 0.0, 50.0]]), EVERYTHING)[0] == pytest.approx(60)


def test_what_is_excluded_is_shared_inside_the_group_first_then_between_groups():
    found = scorer(("a", 3, 40), ("a", 1, 40), ("b", 5, 60))
    values = np.array([[100.0, 0.0, 50.0]])
    assert found.evaluate(values, np.array([[False, True, True]]))[0] == pytest.approx(0.4 * 0 + 0.6 * 50)
    assert found.evaluate(values, np.array([[True, True, False]]))[0] == pytest.approx(75)
    assert found.evaluate(values, np.array([[False, False, False]]))[0] == 50


def test_a_group_whose_rest_has_no_weight_counts_as_empty():
    found = scorer(("a", 3, 40), ("a", 0, 40), ("b", 5, 60))
    values = np.array([[100.0, 0.0, 50.0]])
    assert found.evaluate(values, np.array([[False, True, True]]))[0] == 50
    assert found.evaluate(values, np.array([[False, True, False]]))[0] == 50
    zero_group = scorer(("a", 0, 40), ("a", 0, 40), ("b", 5, 60))
    assert zero_group.weights().tolist() == [0, 0, 1]


@pytest.mark.parametrize("specs", [[("a", 0, 1)], [("a", 1, 0)], [("a", -1, 1)], [("a", 1, float("nan"))], []])
def test_weights_that_can_not_work_are_refused(specs):
    with pytest.raises(ModelError, match="weight"):
        scorer(*specs)


@settings(max_examples=100, deadline=None)
@given(models(), st.data())
def test_the_contract(model, data):
    found = WeightedScorer(model.components)
    k = len(model.components)
    row = st.lists(st.floats(0, 100), min_size=k, max_size=k)
    values, typical = np.array([data.draw(row)]), np.array(data.draw(row))
    everything = np.ones((1, k), bool)
    assert found.weights().sum() == pytest.approx(1)
    assert (found.weights() >= 0).all()
    total = found.evaluate(typical[None, :], everything)[0] + found.deltas(values, typical).sum()
    assert total == pytest.approx(found.evaluate(values, everything)[0], abs=1e-9)
    included = np.array([data.draw(st.lists(st.booleans(), min_size=k, max_size=k))])
    score = found.evaluate(values, included)[0]
    assert -1e-9 <= score <= 100 + 1e-9
    other = np.where(included, values, data.draw(st.floats(0, 100)))
    assert found.evaluate(other, included)[0] == score
    higher = np.minimum(values + 1, 100)
    assert found.evaluate(higher, included)[0] >= score - 1e-9


def test_it_registers_through_the_public_hook():
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(builtin)
    manager.check_pending()
    assert [cls.id for found in manager.hook.register_scorers() for cls in found] == ["weighted", "points"]
