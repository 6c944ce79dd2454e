"""Peers: what is typical in a segment on a day. Computed once, from all accounts of the segment, and stored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from accountpulse.core.metrics.states import ComponentState
from accountpulse.core.scoring.model import MetricLine, ScoringModel
from accountpulse.core.scoring.normalise import EVERY_NUMBER, Percentile, Points, normalise
from accountpulse.core.scoring.scorer import Floats, Mask

States = NDArray[np.int8]

# Compared with arrays; an enumeration's member is asked several questions each time it meets one.
MEASURED, NOT_APPLICABLE, NO_DATA, FAILED = (
    np.int8(state)
    for state in (ComponentState.MEASURED, ComponentState.NOT_APPLICABLE, ComponentState.NO_DATA, ComponentState.FAILED)
)


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


def peers_of(model: ScoringModel, values: Floats, states: States, usual: Floats | None = None) -> Peers:
    """The peers of a whole segment: `values` (n, k) and `states` (n, k) of every account in it; usual: see `component_of`."""
    peers: list[Peer | None] = []
    for i, line in enumerate(model.lines):
        measured = is_measured(values[:, i], states[:, i])
        peers.append(peer_of(line, values[measured, i], None if usual is None else usual[measured, i]))
    return tuple(peers)


def is_measured(values: Floats, states: States) -> Mask:
    """Where there is a value that peers are made of."""
    measured: Mask = (states == MEASURED) & np.isfinite(values)
    return measured


def peer_of(line: MetricLine, known: Floats, usual: Floats | None = None) -> Peer | None:
    """The peer that measured values (n,) of one metric make; their order decides about the last digit of the mean."""
    curve = line.normaliser.fit(known) if isinstance(line.normaliser, Percentile) else ()
    return _peer(normalise(line.normaliser, known, curve, usual), known, curve)


def only_measured(values: Floats, states: States) -> Floats:
    """Metric values, of any shape, with NaN in place of all that is not measured; puts both right, in place.

    A value that is said to be measured but isn't a finite number is `failed`.
    """
    known = np.isfinite(values)
    measured = states == MEASURED
    failed = measured & ~known
    if failed.any():
        states[failed] = FAILED
        measured &= known
    strays = ~(measured | np.isnan(values))
    if strays.any():  # seldom: to write through a mask costs ten times what it costs to look
        values[strays] = np.nan
    return values


def component_of(line: MetricLine, values: Floats, states: States, curve: Points, usual: Floats | None = None) -> Floats:
    """One metric's component scores (n,) from values of `only_measured`, NaN where unknown.

    usual: (n,) what each value is compared with by a `Baseline`, NaN where there is nothing. Where its normaliser has no score
    for a value (a code without a category, nothing earlier to compare with) the state becomes `no_data`.
    """
    # All rows, not only the measured ones: picking them out costs more than what it saves.
    components = normalise(line.normaliser, values, curve, usual)
    if not isinstance(line.normaliser, EVERY_NUMBER):
        states[(states == MEASURED) & np.isnan(components)] = NO_DATA
    return components


def _peer(components: Floats, values: Floats, curve: Points) -> Peer | None:
    """The mean component and the median value of measured accounts; None where none of them has a component."""
    scored = np.isfinite(components)
    if not scored.all():
        components, values = components[scored], values[scored]
    if not len(components):
        return None
    # Without -0.0, which a store does not keep: the next to read the peer must read what was said.
    return Peer(float(np.clip(components.mean(), 0, 100)) + 0.0, _median(values) + 0.0, len(components), curve)


def _median(values: Floats) -> float:
    middle = (len(values) - 1) // 2, len(values) // 2
    # Not np.median: the mean of two huge middle values would overflow.
    low, high = np.partition(values, middle)[list(middle)]
    return float(low if low == high else low / 2 + high / 2)
