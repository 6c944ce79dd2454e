"""Score one segment's accounts with one model: a pure function over arrays.

For every account, to 1e-9:

    reference + sum(deltas) + sum(adjustments) == score

The reference is the scorer's value at the typical components. Adjustments come in one fixed order: `neutral` and `worst`, a
metric at a time in the model's order; `exclude`; `clip`. Later stages (caps, roll-ups, overrides) append their own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from accountpulse.core.errors import ModelError
from accountpulse.core.metrics.states import ComponentState
from accountpulse.core.scoring.bands import UNKNOWN, band_index
from accountpulse.core.scoring.model import ScoringModel
from accountpulse.core.scoring.peers import Peers, States, components_of
from accountpulse.core.scoring.scorer import Floats, Mask, Scorer

TOLERANCE = 1e-9
_ASSUMED = {"neutral": 50.0, "worst": 0.0}


@dataclass(frozen=True, slots=True)
class AdjustmentColumn:
    """A named adjustment and the points (n,) it adds to each account; 0 where it doesn't apply."""

    code: str
    label: str
    points: Floats


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything about one segment's scores. n accounts, k components in the model's order.

    components: (n, k) in 0..100, NaN where unknown. states, unknown: (n, k). values: (n, k) as given.
    typical: (k,) component scores; typical_value: (k,) median values, NaN where no peer is measured; no_peers: (k,).
    reference: the score at `typical`. deltas: (n, k), exactly 0 where unknown. adjustments: in order.
    score, low, high: (n,) in 0..100; low <= score <= high. coverage: (n,) share of the weight that applies to the account and
    is measured. band: (n,) index into the model's bands, -1 unknown. weights: (k,), summing to 1.
    """

    model: ScoringModel
    values: Floats
    components: Floats
    states: States
    unknown: Mask
    typical: Floats
    typical_value: Floats
    no_peers: Mask
    weights: Floats
    reference: float
    deltas: Floats
    adjustments: tuple[AdjustmentColumn, ...]
    score: Floats
    coverage: Floats
    low: Floats
    high: Floats
    band: NDArray[np.int64]


def evaluate(model: ScoringModel, scorer: Scorer, values: Floats, states: States, peers: Peers | None = None) -> Evaluation:
    """Score accounts: metric `values` (n, k) and `states` (n, k, `ComponentState` codes), against the segment's stored peers.

    With no peer for a component the model's own `typical` stands in. Raises ModelError for arrays that don't fit the model
    and for a scorer that breaks its contract.
    """
    k = len(model.lines)
    values, states = np.asarray(values, dtype=np.float64), np.asarray(states)
    peers = peers if peers is not None else (None,) * k
    if values.ndim != 2 or values.shape[1] != k or states.shape != values.shape or len(peers) != k:
        raise ModelError(
            f"model {model.name!r} has {k} metrics, so it needs values and states of shape (accounts, {k}) and {k} peers; "
            f"got {values.shape}, {states.shape} and {len(peers)}"
        )
    n = len(values)
    components, states = components_of(model, values, states, [peer.curve if peer else () for peer in peers])
    unknown = states != ComponentState.MEASURED
    everything = np.ones((n, k), dtype=bool)
    typical = np.array([peer.component if peer else line.typical for peer, line in zip(peers, model.lines, strict=True)])
    typical_value = np.array([peer.value if peer else np.nan for peer in peers])
    weights = scorer.weights()

    reference = float(_score(scorer, typical[None, :], np.ones((1, k), dtype=bool))[0])
    assumed = np.where(unknown, typical, components)
    deltas = np.where(unknown, 0.0, scorer.deltas(assumed, typical))
    running = _score(scorer, assumed, everything)
    broken = np.abs(reference + deltas.sum(axis=1) - running) > TOLERANCE
    if broken.any():
        raise ModelError(
            f"scorer {scorer.id!r} breaks its contract: reference + deltas is not its score for {int(broken.sum())} of "
            f"{n} accounts; test it with accountpulse.testing.ScorerSuite"
        )

    adjustments: list[AdjustmentColumn] = []
    assumed, running = _assume(model, scorer, assumed, running, states, adjustments)
    included = ~_excluded(model, states)
    after = running if included.all() else _score(scorer, assumed, included)
    adjustments.append(AdjustmentColumn("exclude", "Weight of unknown parts given to the others", after - running))
    score = np.clip(after, 0.0, 100.0)
    adjustments.append(AdjustmentColumn("clip", "Kept within 0 to 100", score - after))

    applies = states != ComponentState.NOT_APPLICABLE
    low = np.clip(_score(scorer, np.where(unknown, 0.0, components), applies), 0.0, 100.0)
    high = np.clip(_score(scorer, np.where(unknown, 100.0, components), applies), 0.0, 100.0)
    coverage = _coverage(weights, unknown, applies)
    band = band_index(model.bands, score)
    # An account of which nothing is measured is unknown even where the model sets no floor.
    band[(coverage < model.coverage_floor - TOLERANCE) | (coverage <= 0.0)] = UNKNOWN
    return Evaluation(
        model=model,
        values=values,
        components=components,
        states=states,
        unknown=unknown,
        typical=typical,
        typical_value=typical_value,
        no_peers=np.array([peer is None for peer in peers]),
        weights=weights,
        reference=reference,
        deltas=deltas,
        adjustments=tuple(adjustments),
        score=score,
        coverage=coverage,
        low=np.minimum(low, score),
        high=np.maximum(high, score),
        band=band,
    )


def _assume(
    model: ScoringModel,
    scorer: Scorer,
    assumed: Floats,
    running: Floats,
    states: States,
    adjustments: list[AdjustmentColumn],
) -> tuple[Floats, Floats]:
    """Put 50 (`neutral`), then 0 (`worst`), for the unknown parts of that policy, a metric at a time, into `assumed`."""
    everything = np.ones(assumed.shape, dtype=bool)
    for policy, stand_in in _ASSUMED.items():
        for i, line in enumerate(model.lines):
            if line.missing != policy:
                continue
            rows = (states[:, i] != ComponentState.MEASURED) & (states[:, i] != ComponentState.NOT_APPLICABLE)
            if not rows.any():
                continue
            assumed[rows, i] = stand_in
            after = _score(scorer, assumed, everything)
            label = f"{line.metric} is unknown: counted as {stand_in:g}"
            adjustments.append(AdjustmentColumn(f"{policy}:{line.metric}", label, np.where(rows, after - running, 0.0)))
            running = np.where(rows, after, running)
    return assumed, running


def _excluded(model: ScoringModel, states: States) -> Mask:
    by_policy = np.array([line.missing == "exclude" for line in model.lines])
    excluded: Mask = ((states != ComponentState.MEASURED) & by_policy) | (states == ComponentState.NOT_APPLICABLE)
    return excluded


def _coverage(weights: Floats, unknown: Mask, applies: Mask) -> Floats:
    """The measured share of the weight that applies, summed column by column so that it doesn't depend on the batch."""
    measured, whole = np.zeros(len(unknown)), np.zeros(len(unknown))
    for i, weight in enumerate(weights):
        measured += np.where(unknown[:, i], 0.0, weight)
        whole += np.where(applies[:, i], weight, 0.0)
    return np.clip(np.divide(measured, whole, out=np.zeros(len(unknown)), where=whole > 0), 0.0, 1.0)


def _score(scorer: Scorer, values: Floats, included: Mask) -> Floats:
    scores = np.asarray(scorer.evaluate(np.where(included, values, 0.0), included), dtype=np.float64)
    if scores.shape != (len(values),) or not np.isfinite(scores).all():
        raise ModelError(
            f"scorer {scorer.id!r} breaks its contract: evaluate must return one finite number for each account; "
            f"got shape {scores.shape} for {len(values)} accounts"
        )
    return scores
