"""The built-in scorers keep the contract, over 10,000 random accounts a law; broken ones are caught by the law they break."""

from __future__ import annotations

import numpy as np
import pytest

from accountpulse.core.scoring.points import PointsScorer
from accountpulse.core.scoring.weighted import WeightedScorer
from accountpulse.testing.scorers import ROWS, ScorerSuite


class TestWeighted(ScorerSuite):
    scorer = WeightedScorer


class TestPoints(ScorerSuite):
    scorer = PointsScorer


def test_ten_thousand_accounts_are_drawn_for_each_law():
    assert ScorerSuite.models * ROWS == 10_000


class HalfTheDeltas(WeightedScorer):
    def deltas(self, values, typical):
        return super().deltas(values, typical) / 2


class Interacting(WeightedScorer):
    """Two components together add what no delta says."""

    def evaluate(self, values, included):
        return super().evaluate(values, included) + np.where(included, values, 0).min(axis=1) / 50


class OneDeltaForAll(WeightedScorer):
    """Adds up, but not by component."""

    def deltas(self, values, typical):
        deltas = super().deltas(values, typical)
        return np.repeat(deltas.sum(axis=1, keepdims=True) / deltas.shape[1], deltas.shape[1], axis=1)


class ReadsWhatIsExcluded(WeightedScorer):
    def evaluate(self, values, included):
        return super().evaluate(np.nan_to_num(values), np.ones_like(included))


class NothingLeft(WeightedScorer):
    def evaluate(self, values, included):
        return np.where(included.any(axis=1), super().evaluate(values, included), np.nan)


class Graded(WeightedScorer):
    """Scores on a curve: the others decide."""

    def evaluate(self, values, included):
        scores = super().evaluate(values, included)
        return scores - (scores.mean() - 50 if len(scores) > 1 else 0)


class WorseIsBetter(PointsScorer):
    def evaluate(self, values, included):
        return super().evaluate(100 - values, included)

    def deltas(self, values, typical):
        return -super().deltas(values, typical)


class WeightsAsGiven(WeightedScorer):
    def weights(self):
        return np.array([spec.weight for spec in self.components])


class TidiesUp(WeightedScorer):
    def evaluate(self, values, included):
        values[~included] = 0
        return super().evaluate(values, included)


class LendsItsWeights(WeightedScorer):
    def weights(self):
        return self._weights


class Column(PointsScorer):
    def evaluate(self, values, included):
        return super().evaluate(values, included)[:, None]


class Anonymous(WeightedScorer):
    id = ""


class FarFromNeutral(PointsScorer):
    def neutral(self):
        return super().neutral() * 3


@pytest.mark.parametrize(
    ("mutant", "law"),
    [
        (HalfTheDeltas, "what_adds_up"),
        (Interacting, "what_adds_up"),
        (OneDeltaForAll, "a_component_at_its_typical_self_adds_nothing"),
        (ReadsWhatIsExcluded, "an_excluded_component_does_not_matter"),
        (NothingLeft, "scores_are_one_finite_number_for_each_account"),
        (Graded, "an_account_does_not_depend_on_the_others"),
        (WorseIsBetter, "a_better_component_never_lowers_the_score"),
        (WeightsAsGiven, "weights_are_shares"),
        (LendsItsWeights, "weights_are_shares"),
        (TidiesUp, "inputs_are_left_alone"),
        (Column, "scores_are_one_finite_number_for_each_account"),
        (Anonymous, "it_has_an_id_and_a_title"),
        (FarFromNeutral, "neutral_is_a_component"),
    ],
)
def test_a_broken_scorer_is_caught(mutant, law):
    suite = ScorerSuite()
    suite.scorer = mutant
    suite.models = 20
    with pytest.raises(AssertionError):
        getattr(suite, f"test_{law}")()


def test_every_law_catches_some_mutant():
    laws = {name.removeprefix("test_") for name in vars(ScorerSuite) if name.startswith("test_")}
    [marked] = test_a_broken_scorer_is_caught.pytestmark
    assert laws == {law for _, law in marked.args[1]}
