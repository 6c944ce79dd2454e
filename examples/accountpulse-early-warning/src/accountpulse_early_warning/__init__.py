"""Early warning: a scorer for AccountPulse by which bad news counts for more than good news.

In a weighted mean, one disaster hides among nine good metrics. Here each component is bent before it is weighed: steep where it
is low, flat where it is high. So a fall from 70 to 20 costs six times what a rise from 70 to 100 gains.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from accountpulse import plugins as ap


class EarlyWarning(ap.Scorer):
    """Score = sum over components of share x bent(component), where bent(c) = 100 x (1 - (1 - c/100)^2).

    A component's share is its weight within its group, times its group's weight among the groups. Components that are excluded
    hand their share to all others in proportion; with none left, the score is the base.
    """

    id, title = "early_warning", "Early warning"
    exclusion = "its weight goes to all other metrics"

    def __init__(self, components: Sequence[ap.ComponentSpec], base: float = 50.0) -> None:
        super().__init__(components, base)
        own = np.array([spec.weight for spec in components], dtype=np.float64)
        groups = np.array([spec.group_weight for spec in components], dtype=np.float64)
        if not np.isfinite([*own, *groups]).all() or (own < 0).any() or (groups < 0).any():
            raise ap.ModelError("a weight is negative or not a finite number; weights are numbers of at least 0")
        inside = np.array([sum(other.weight for other in components if other.group == spec.group) for spec in components])
        weights = np.divide(own, inside, out=np.zeros(len(own)), where=inside > 0) * groups
        if not weights.any():
            raise ap.ModelError("all weights are 0; give at least one metric, in a group with a weight, a weight above 0")
        self._shares = weights / weights.sum()

    def weights(self) -> ap.Floats:
        shares: ap.Floats = self._shares.copy()
        return shares

    def evaluate(self, values: ap.Floats, included: ap.Mask) -> ap.Floats:
        points, kept = np.zeros(len(values)), np.zeros(len(values))
        # Column by column: a score must not depend, even in its last bit, on which other accounts are scored with it.
        for i, share in enumerate(self._shares):
            points += np.where(included[:, i], share * bent(values[:, i]), 0.0)
            kept += included[:, i] * share
        return np.where(kept > 0, points / np.where(kept > 0, kept, 1.0), self.base)

    def deltas(self, values: ap.Floats, typical: ap.Floats) -> ap.Floats:
        deltas: ap.Floats = (bent(values) - bent(typical)) * self._shares
        return deltas

    def neutral(self) -> ap.Floats:
        """The component that counts as 50, which is lower than 50."""
        return np.full(len(self.components), 100 * (1 - 0.5**0.5))

    def worth(self, index: int, component: float) -> str:  # noqa: ARG002 - every component is bent alike
        return f"{component:g} of 100, which counts as {float(bent(np.array([component]))[0]):.0f}"


def bent(components: ap.Floats) -> ap.Floats:
    """What components count as: 0 and 100 are themselves, 20 is 36, 50 is 75, 70 is 91."""
    counted: ap.Floats = 100.0 - (100.0 - components) ** 2 / 100.0
    return counted


@ap.hookimpl
def register_scorers() -> list[type[ap.Scorer]]:
    return [EarlyWarning]
