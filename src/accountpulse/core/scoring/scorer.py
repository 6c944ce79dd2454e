"""The contract of scorers: what a scorer gets, what it must return, and what must add up.

A scorer sees one segment's accounts at once as float64 arrays. It never sees facts, history or policy: the pipeline around it
handles unknown parts, caps and bands as named adjustments. For every account, to 1e-9:

    evaluate(typical) + sum(deltas) == evaluate(components)

`accountpulse.testing.scorers.ScorerSuite` tests a scorer against all of this.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

DEFAULT_BASE = 50.0


@dataclass(frozen=True, slots=True)
class ComponentSpec:
    """One line of a model as a scorer sees it: the metric, its group, its own weight and its group's weight.

    points: what a component of 0 and one of 100 are worth, the lower first; None where the model gives weights instead.
    """

    metric: str
    group: str
    weight: float
    group_weight: float
    points: tuple[float, float] | None = None


class Scorer(ABC):
    """Base class of scorers: subclass it and return the class from `register_scorers`.

    id: what a model file writes as `scorer:`. title: for people.
    """

    id: ClassVar[str]
    title: ClassVar[str]
    exclusion: ClassVar[str] = "its weight goes to the other metrics"
    """What becomes of a component that is excluded, in words."""

    def __init__(self, components: Sequence[ComponentSpec], base: float = DEFAULT_BASE) -> None:
        """base: the model's `base`, the score before any component has its say, for scorers that have one."""
        self.components = tuple(components)
        self.base = float(base)

    @abstractmethod
    def weights(self) -> Floats:
        """The share of the score that each component can move, shape (k,), non-negative, summing to 1."""

    @abstractmethod
    def evaluate(self, values: Floats, included: Mask) -> Floats:
        """Score accounts: `values` (n, k) are normalised components in 0..100, without NaN where `included` (n, k) is true.

        Returns (n,) finite numbers. What lies beyond 0..100 is clipped afterwards, under its own name. Excluded components
        must not matter, a better component never lowers a score, and no account matters to another. An account with nothing
        included scores `base`.
        """

    @abstractmethod
    def deltas(self, values: Floats, typical: Floats) -> Floats:
        """How much each component adds or takes against its typical self: (n, k) for values (n, k), typical (k,)."""

    def neutral(self) -> Floats:
        """The component, (k,) in 0..100, that neither speaks for an account nor against it: `missing: neutral`."""
        return np.full(len(self.components), 50.0)

    def worth(self, index: int, component: float) -> str:  # noqa: ARG002 - other scorers need it
        """What this component, at that value, counts as in the scorer's own words: `50 of 100`, `-20 points`."""
        return f"{component:g} of 100"
