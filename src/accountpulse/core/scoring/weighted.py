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
        self._weights = self._shares(np.ones((1, len(components)), dtype=bool))[0]
        if not self._weights.any():
            raise ModelError("all weights are 0; give at least one metric, in a group with a weight, a weight above 0")

    def weights(self) -> Floats:
        weights: Floats = self._weights.copy()
        return weights

    def evaluate(self, values: Floats, included: Mask) -> Floats:
        shares = np.broadcast_to(self._weights, values.shape) if included.all() else self._shares(included)
        scores = np.zeros(len(values))
        for i in range(len(self.components)):
            scores += shares[:, i] * np.where(included[:, i], values[:, i], 0.0)
        return np.where(shares.any(axis=1), scores, self.base)

    def deltas(self, values: Floats, typical: Floats) -> Floats:
        deltas: Floats = (values - typical) * self._weights
        return deltas

    def _shares(self, included: Mask) -> Floats:
        """The weight of each component in each account's score, (n, k), each row summing to 1, or to 0 with nothing left.

        Sums run column by column, not through BLAS: an account's score must not depend, even in its last bit, on which
        other accounts are scored with it.
        """
        kept = included * self._own
        inside = np.zeros((len(included), len(self._group_weight)))
        for i, group in enumerate(self._group):
            inside[:, group] += kept[:, i]
        weights = np.where(inside > 0, self._group_weight, 0.0)
        whole = np.zeros(len(included))
        for group in range(len(self._group_weight)):
            whole += weights[:, group]
        share = np.divide(weights, whole[:, None], out=np.zeros_like(weights), where=whole[:, None] > 0)
        # Divided before it is multiplied: a tiny weight must not overflow.
        inside_share = np.divide(kept, inside[:, self._group], out=np.zeros_like(kept), where=inside[:, self._group] > 0)
        shares: Floats = inside_share * share[:, self._group]
        return shares
