"""The scorers' contract as tests: subclass `ScorerSuite` in your own test module, and pytest runs all of it.

    from accountpulse.testing.scorers import ScorerSuite

    class TestMine(ScorerSuite):
        scorer = MyScorer

It needs pytest for running, and nothing of AccountPulse but the scorer. Where a scorer takes only some models, override
`components`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from accountpulse.core.scoring.scorer import ComponentSpec, Floats, Mask, Scorer

TOLERANCE = 1e-9
ROWS = 50
GROUPS = ("usage", "support", "billing")


class ScorerSuite:
    """What holds for every scorer. models x 50 accounts are drawn at random for each law, always the same ones."""

    scorer: ClassVar[type[Scorer]]
    models: ClassVar[int] = 200

    def components(self, rng: np.random.Generator) -> list[ComponentSpec]:
        """Any components that a model may have: some without weight, in groups without weight, with any points."""
        group_weights = {name: float(rng.choice([0.0, 1.0, rng.uniform(0.01, 1000)])) for name in GROUPS}
        made = []
        for i in range(int(rng.integers(1, 9))):
            group = GROUPS[int(rng.integers(len(GROUPS)))]
            low, high = sorted(rng.uniform(-100, 100, 2).tolist())
            weight = float(rng.choice([0.0, 1.0, rng.uniform(0.01, 1000)]))
            made.append(ComponentSpec(f"metric_{i}", group, weight, group_weights[group], (low, high)))
        return [*made, ComponentSpec("heavy", "heavy", 1.0, 1.0, (-5.0, 5.0))]  # so that something has weight

    def make(self, components: list[ComponentSpec]) -> Scorer:
        """The scorer under test."""
        return self.scorer(components)

    # --- the laws -----------------------------------------------------------------------------------------------------

    def test_it_has_an_id_and_a_title(self) -> None:
        assert isinstance(self.scorer.id, str), "id is what a model file writes as `scorer:`"
        assert self.scorer.id, "id must not be empty"
        assert isinstance(self.scorer.title, str), "title is for people"
        assert self.scorer.title, "title must not be empty"

    def test_weights_are_shares(self) -> None:
        for scorer, _, rng in self._scorers():
            weights = scorer.weights()
            assert weights.shape == (len(scorer.components),), "weights() must return one share for each component"
            assert np.isfinite(weights).all(), "weights() must be finite"
            assert (weights >= 0).all(), "weights() must not be negative"
            assert abs(weights.sum() - 1) <= TOLERANCE, f"weights() must sum to 1, not {weights.sum()}"
            values = self._values(rng, scorer)
            before = scorer.evaluate(values, _all(values))
            weights[:] = 0
            assert (scorer.evaluate(values, _all(values)) == before).all(), "weights() must return a copy"

    def test_scores_are_one_finite_number_for_each_account(self) -> None:
        for scorer, values, rng in self._scorers():
            for rows in (0, 1, len(values)):
                for included in (_all(values), self._included(rng, values), np.zeros(values.shape, bool)):
                    scores = scorer.evaluate(values[:rows], included[:rows])
                    assert scores.shape == (rows,), f"evaluate() must return shape ({rows},), not {scores.shape}"
                    assert np.isfinite(scores).all(), "evaluate() must return finite numbers, whatever is excluded"

    def test_what_adds_up(self) -> None:
        for scorer, values, rng in self._scorers():
            typical = self._typical(rng, values)
            reference = scorer.evaluate(typical[None, :], np.ones((1, len(typical)), bool))[0]
            deltas = scorer.deltas(values, typical)
            assert deltas.shape == values.shape, "deltas() must return one number for each account and component"
            wrong = np.abs(reference + deltas.sum(axis=1) - scorer.evaluate(values, _all(values)))
            assert (wrong <= TOLERANCE).all(), f"evaluate(typical) + deltas misses the score by up to {wrong.max()}"

    def test_a_component_at_its_typical_self_adds_nothing(self) -> None:
        for scorer, values, rng in self._scorers():
            typical = self._typical(rng, values)
            at_typical = rng.random(values.shape) < 0.5
            deltas = scorer.deltas(np.where(at_typical, typical, values), typical)
            assert (np.abs(deltas[at_typical]) <= TOLERANCE).all(), "a component equal to the typical one must have delta 0"

    def test_an_excluded_component_does_not_matter(self) -> None:
        for scorer, values, rng in self._scorers():
            included = self._included(rng, values)
            scores = scorer.evaluate(values, included)
            for other in (rng.uniform(0, 100, values.shape), np.full(values.shape, np.nan)):
                changed = scorer.evaluate(np.where(included, values, other), included)
                assert (changed == scores).all(), "an excluded component must not change the score"

    def test_a_better_component_never_lowers_the_score(self) -> None:
        for scorer, values, rng in self._scorers():
            for included in (_all(values), self._included(rng, values)):
                scores = scorer.evaluate(values, included)
                for i in range(values.shape[1]):
                    better = values.copy()
                    better[:, i] += rng.uniform(0, 1, len(values)) * (100 - better[:, i])
                    rise = scorer.evaluate(better, included) - scores
                    assert (rise >= -TOLERANCE).all(), f"a better component {i} must not lower the score: {rise.min()}"

    def test_an_account_does_not_depend_on_the_others(self) -> None:
        for scorer, values, rng in self._scorers():
            included, typical = self._included(rng, values), self._typical(rng, values)
            scores, deltas = scorer.evaluate(values, included), scorer.deltas(values, typical)
            order = rng.permutation(len(values))
            message = "an account must get the same score, to the last bit, with others or alone, in any order"
            assert (scorer.evaluate(values[order], included[order]) == scores[order]).all(), message
            for i in rng.integers(0, len(values), 3):
                one = slice(i, i + 1)
                assert scorer.evaluate(values[one], included[one])[0] == scores[i], message
                assert (scorer.deltas(values[one], typical)[0] == deltas[i]).all(), message

    def test_neutral_is_a_component(self) -> None:
        for scorer, _, _ in self._scorers():
            neutral = scorer.neutral()
            assert neutral.shape == (len(scorer.components),), "neutral() must return one component for each metric"
            assert ((neutral >= 0) & (neutral <= 100)).all(), "neutral() must lie in 0..100"
            assert all(isinstance(scorer.worth(i, float(n)), str) for i, n in enumerate(neutral)), "worth() must return text"

    def test_inputs_are_left_alone(self) -> None:
        for scorer, values, rng in self._scorers():
            included, typical = self._included(rng, values), self._typical(rng, values)
            given = [values.copy(), included.copy(), typical.copy()]
            scorer.evaluate(values, included)
            scorer.deltas(values, typical)
            unchanged = all((a == b).all() for a, b in zip(given, (values, included, typical), strict=True))
            assert unchanged, "a scorer must not write into what it is given"

    # --- random inputs ------------------------------------------------------------------------------------------------

    def _scorers(self) -> Iterator[tuple[Scorer, Floats, np.random.Generator]]:
        rng = np.random.default_rng(20260101)
        for _ in range(self.models):
            scorer = self.make(self.components(rng))
            yield scorer, self._values(rng, scorer), rng

    def _values(self, rng: np.random.Generator, scorer: Scorer) -> Floats:
        shape = (ROWS, len(scorer.components))
        # The ends of the scale and what lies evenly between, where rounding and conditions go wrong first.
        return np.where(rng.random(shape) < 0.3, rng.choice([0.0, 50.0, 100.0], shape), rng.uniform(0, 100, shape))

    def _typical(self, rng: np.random.Generator, values: Floats) -> Floats:
        typical: Floats = rng.uniform(0, 100, (values.shape[1],))
        return typical

    def _included(self, rng: np.random.Generator, values: Floats) -> Mask:
        included: Mask = rng.random(values.shape) < 0.7
        return included


def _all(values: Floats) -> Mask:
    return np.ones(values.shape, dtype=bool)
