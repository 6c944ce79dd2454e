"""The contract of scorers: what a scorer gets, what it must return, and what must add up.

A scorer sees one segment's accounts at once as float64 arrays. It never sees facts, history or policy: the pipeline around it
handles unknown parts, caps and bands as named adjustments. For every account, to 1e-9:

    evaluate(typical) + sum(deltas) == evaluate(components)
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


@dataclass(frozen=True, slots=True)
class ComponentSpec:
    """One line of a model as a scorer sees it: the metric, its group, its own weight and its group's weight."""

    metric: str
    group: str
    weight: float
    group_weight: float


class Scorer(ABC):
    """Base class of scorers: subclass it and return the class from `register_scorers`.

    id: what a model file writes as `scorer:`. title: for people.
    """

    id: ClassVar[str]
    title: ClassVar[str]

    def __init__(self, components: Sequence[ComponentSpec]) -> None:
        self.components = tuple(components)

    @abstractmethod
    def weights(self) -> Floats:
        """The share of the score that each component can move, shape (k,), non-negative, summing to 1."""

    @abstractmethod
    def evaluate(self, values: Floats, included: Mask) -> Floats:
        """Score accounts: `values` (n, k) are normalised components in 0..100, without NaN where `included` (n, k) is true.

        Returns (n,) in 0..100. Excluded components must not matter. An account with nothing included scores 50.
        """

    @abstractmethod
    def deltas(self, values: Floats, typical: Floats) -> Floats:
        """How much each component adds or takes against its typical self: (n, k) for values (n, k), typical (k,)."""
