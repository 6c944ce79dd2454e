"""Signed points: every metric adds to a base or takes from it, and says in the model how much it can."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from accountpulse.core.errors import ModelError
from accountpulse.core.scoring.scorer import DEFAULT_BASE, ComponentSpec, Floats, Mask, Scorer


class PointsScorer(Scorer):
    """Score = base + sum over components of: low + (high - low) x component / 100, where `points` is (low, high).

    So a component of 0 is worth its lowest points, one of 100 its highest, and those between lie on the line between. A
    component that is excluded is worth nothing, and its points go to nobody. Neutral is the component that is worth 0 points,
    or the nearest to it. A component's weight is its share of all the points between lowest and highest score.
    """

    id: ClassVar[str] = "points"
    title: ClassVar[str] = "Signed points from a base"
    exclusion: ClassVar[str] = "left out, worth no points"

    def __init__(self, components: Sequence[ComponentSpec], base: float = DEFAULT_BASE) -> None:
        super().__init__(components, base)
        for spec in components:
            if spec.points is None:
                raise ModelError(f"metric {spec.metric!r} has no points; give the lowest and the highest, such as [-20, 10]")
        self._low = np.array([spec.points[0] for spec in components if spec.points], dtype=np.float64)
        self._span = np.array([spec.points[1] - spec.points[0] for spec in components if spec.points], dtype=np.float64)
        if not np.isfinite([base, *self._low, *self._span]).all() or (self._span < 0).any():
            raise ModelError("the base and all points must be finite numbers, the lowest points of a metric first")
        if not self._span.any():
            raise ModelError("no metric can move the score; give at least one of them points, such as [-20, 10]")

    def weights(self) -> Floats:
        weights: Floats = self._span / self._span.sum()
        return weights

    def evaluate(self, values: Floats, included: Mask) -> Floats:
        scores = np.full(len(values), self.base)
        # Column by column: an account's score must not depend, even in its last bit, on which others are scored with it.
        for i, (low, span) in enumerate(zip(self._low, self._span, strict=True)):
            scores += np.where(included[:, i], low + span * (values[:, i] / 100), 0.0)
        return scores

    def deltas(self, values: Floats, typical: Floats) -> Floats:
        deltas: Floats = (values - typical) * (self._span / 100)
        return deltas

    def neutral(self) -> Floats:
        zero = np.divide(-self._low, self._span, out=np.full(len(self._span), 0.5), where=self._span > 0)
        neutral: Floats = np.clip(zero * 100, 0.0, 100.0)
        return neutral

    def worth(self, index: int, component: float) -> str:
        return f"{round(self._low[index] + self._span[index] * component / 100, 1) + 0.0:g} points"
