"""Peers: what is typical in a segment on a day. Computed once, from all accounts of the segment, and stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from accountpulse.core.metrics.states import ComponentState
from accountpulse.core.scoring.model import ScoringModel
from accountpulse.core.scoring.normalise import Percentile, Points, normalise
from accountpulse.core.scoring.scorer import Floats

States = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Peer:
    """One metric's typical self: mean component (0..100), median value, accounts measured, and the rank curve if it has one.

    The curve belongs to the day's peers like the mean does: without it an account scored alone would get another rank.
    """

    component: float
    value: float
    accounts: int
    curve: Points = ()


Peers = tuple[Peer | None, ...]
"""One for each line of the model; None where no account of the segment is measured."""


def typical_of(components: Floats, values: Floats, states: States) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Mean component (k,), median value (k,) and number (k,) of the accounts measured; NaN, NaN, 0 where there is none."""
    measured = (states == ComponentState.MEASURED) & np.isfinite(components) & np.isfinite(values)
    k = components.shape[1]
    means, medians = np.full(k, np.nan), np.full(k, np.nan)
    for i in range(k):
        rows = measured[:, i]
        if rows.any():
            means[i] = np.clip(components[rows, i].mean(), 0, 100)
            medians[i] = _median(values[rows, i])
    return means, medians, measured.sum(axis=0).astype(np.int64)


def peers_of(model: ScoringModel, values: Floats, states: States, usual: Floats | None = None) -> Peers:
    """The peers of a whole segment: `values` (n, k) and `states` (n, k) of every account in it; usual: see `components_of`."""
    curves = [
        line.normaliser.fit(values[states[:, i] == ComponentState.MEASURED, i])
        if isinstance(line.normaliser, Percentile)
        else ()
        for i, line in enumerate(model.lines)
    ]
    components, states = components_of(model, values, states, curves, usual)
    means, medians, numbers = typical_of(components, values, states)
    return tuple(
        Peer(float(means[i]), float(medians[i]), int(numbers[i]), curves[i]) if numbers[i] else None
        for i in range(len(model.lines))
    )


def components_of(
    model: ScoringModel, values: Floats, states: States, curves: Sequence[Points], usual: Floats | None = None
) -> tuple[Floats, States]:
    """Component scores (n, k), NaN where unknown, and the states put right.

    usual: (n, k) what each value is compared with by a `Baseline`, NaN where there is nothing. A value that is said to be
    measured but isn't a finite number is `failed`; one that its normaliser has no score for (a code without a category,
    nothing earlier to compare with) is `no_data`.
    """
    states = states.astype(np.int8, copy=True)
    measured = states == ComponentState.MEASURED
    states[measured & ~np.isfinite(values)] = ComponentState.FAILED
    components = np.full(values.shape, np.nan)
    for i, line in enumerate(model.lines):
        rows = states[:, i] == ComponentState.MEASURED
        components[rows, i] = normalise(line.normaliser, values[rows, i], curves[i], None if usual is None else usual[rows, i])
    states[(states == ComponentState.MEASURED) & np.isnan(components)] = ComponentState.NO_DATA
    return components, states


def _median(values: Floats) -> float:
    # Not np.median: the mean of two huge middle values would overflow.
    ordered = np.sort(values)
    low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    return float(low if low == high else low / 2 + high / 2)
