"""Early warning under the kit, and what makes it what it is."""

import numpy as np
import pytest

from accountpulse.plugins import ComponentSpec, ModelError
from accountpulse.testing.scorers import ScorerSuite
from accountpulse_early_warning import EarlyWarning, bent


class TestEarlyWarning(ScorerSuite):
    scorer = EarlyWarning


def scorer(*weights: float, group_weights: tuple[float, float] = (1, 1)) -> EarlyWarning:
    """Metrics of these weights, the first in a group of its own."""
    groups = ["first", *["rest"] * (len(weights) - 1)]
    of_groups = dict(zip(("first", "rest"), group_weights, strict=True))
    specs = [ComponentSpec(f"m{i}", group, weights[i], of_groups[group]) for i, group in enumerate(groups)]
    return EarlyWarning(specs)


def score(made: EarlyWarning, *values: float) -> float:
    return float(made.evaluate(np.array([values]), np.ones((1, len(values)), bool))[0])


def test_a_fall_costs_more_than_a_rise_gains() -> None:
    made = scorer(1, 1)
    usual, fallen, risen = score(made, 70, 70), score(made, 20, 70), score(made, 100, 70)
    assert (usual - fallen) / (risen - usual) == pytest.approx(55 / 9)


def test_one_disaster_does_not_hide_among_good_news() -> None:
    assert score(scorer(1, 1, 1), 0, 100, 100) == pytest.approx(50)
    assert score(scorer(1, 1, 1), 50, 50, 50) > 50


def test_the_ends_of_the_scale_are_themselves() -> None:
    assert bent(np.array([0.0, 20.0, 50.0, 100.0])).tolist() == [0.0, 36.0, 75.0, 100.0]
    made = scorer(1, 1)
    assert score(made, *made.neutral()) == pytest.approx(50)
    assert made.worth(0, 20) == "20 of 100, which counts as 36"


def test_a_groups_weight_is_shared_by_its_metrics() -> None:
    assert scorer(5, 1, 3, group_weights=(60, 40)).weights().tolist() == pytest.approx([0.6, 0.1, 0.3])


@pytest.mark.parametrize("weights", [(0.0, 0.0), (-1.0, 2.0), (float("nan"), 1.0)])
def test_weights_that_can_not_be_are_refused(weights: tuple[float, ...]) -> None:
    with pytest.raises(ModelError, match="weight"):
        scorer(*weights)
