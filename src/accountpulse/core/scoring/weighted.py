"""The weighted scorecard: a weighted mean of groups, each a weighted mean of its components."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from accountpulse.core.errors import ModelError
from accountpulse.core.scoring.scorer import DEFAULT_BASE, ComponentSpec, Floats, Mask, Scorer


class WeightedScorer(Scorer):
    """Score = sum over groups of group weight x (weighted mean of the group's components), over the sum of group weights.

    When components are excluded, the weights that remain are re-normalised twice: first inside each group, so that the group
    keeps its say, then over the groups, so that a group with nothing left hands its weight to the others in proportion. A
    group whose components have no weight is treated as one with nothing left. With nothing left anywhere the score is the base,
    50.
    """

    id: ClassVar[str] = "weighted"
    title: ClassVar[str] = "Weighted scorecard"

    def __init__(self, components: Sequence[ComponentSpec], base: float = DEFAULT_BASE) -> None:
        super().__init__(components, base)
        names = list(dict.fromkeys(spec.group for spec in components))
        self._own = np.array([spec.weight for spec in components], dtype=np.float64)
        self._group = [names.index(spec.group) for spec in components]
        self._group_weight = np.zeros(len(names))
        for group, spec in zip(self._group, components, strict=True):
            self._group_weight[group] = spec.group_weight
        given = np.concatenate([self._own, self._group_weight])
        if not np.isfinite(given).all() or (given < 0).any():
            raise ModelError("a weight is negative or not a finite number; weights are numbers of at least 0")
        shares, _ = self._shares(np.ones((1, len(components)), dtype=bool))
        self._weights = np.array([share[0] for share in shares])
        if not self._weights.any():
            raise ModelError("all weights are 0; give at least one metric, in a group with a weight, a weight above 0")

    def weights(self) -> Floats:
        weights: Floats = self._weights.copy()
        return weights

    def evaluate(self, values: Floats, included: Mask) -> Floats:
        scores = np.zeros(len(values))
        if included.all():
            for column in (values * self._weights).T:
                scores += column
            return scores
        shares, anything = self._shares(included)
        for i, share in enumerate(shares):
            scores += share * np.where(included[:, i], values[:, i], 0.0)
        return np.where(anything, scores, self.base)

    def deltas(self, values: Floats, typical: Floats) -> Floats:
        deltas: Floats = (values - typical) * self._weights
        return deltas

    def _shares(self, included: Mask) -> tuple[list[Floats], Mask]:
        """The weight of each component in each account's score, k columns (n,), and whether anything is left (n,).

        An account's weights sum to 1, or to 0 with nothing left. Sums run column by column, not through BLAS: an account's
        score must not depend, even in its last bit, on which other accounts are scored with it.
        """
        n = len(included)
        kept = [included[:, i] * weight for i, weight in enumerate(self._own)]
        inside = [np.zeros(n) for _ in self._group_weight]
        for group, column in zip(self._group, kept, strict=True):
            inside[group] += column
        left = [np.where(sums > 0, weight, 0.0) for sums, weight in zip(inside, self._group_weight, strict=True)]
        whole = np.zeros(n)
        for weight in left:
            whole += weight
        # Where a sum is 0, all that is divided by it is 0.
        share = [weight / _divisor(whole) for weight in left]
        divisors = [_divisor(sums) for sums in inside]
        # Divided before it is multiplied: a tiny weight must not overflow.
        shares = [column / divisors[group] * share[group] for group, column in zip(self._group, kept, strict=True)]
        return shares, whole > 0


def _divisor(sums: Floats) -> Floats:
    return np.where(sums > 0, sums, 1.0)
