"""Score one segment's accounts with one model: a pure function over arrays.

For every account, to 1e-9:

    reference + sum(deltas) + sum(adjustments) == score

The reference is the scorer's value at the typical components. Adjustments come in the order of `adjust.ORDER`; the missing
policies a metric at a time, in the model's order. What a parent takes from its children is known only when all segments have
been evaluated: `rollup.py` then concludes the evaluations of parents once more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from accountpulse.core.errors import ModelError
from accountpulse.core.metrics.states import ComponentState
from accountpulse.core.scoring import adjust
from accountpulse.core.scoring.adjust import HIGH, LOW, SCORE, AdjustmentColumn, Children, Limit
from accountpulse.core.scoring.bands import UNKNOWN, band_index
from accountpulse.core.scoring.conditions import Columns
from accountpulse.core.scoring.model import ScoringModel
from accountpulse.core.scoring.peers import Peers, States, components_of
from accountpulse.core.scoring.scorer import Floats, Mask, Scorer

TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything about one segment's scores. n accounts, k components in the model's order.

    components: (n, k) in 0..100, NaN where unknown. states, unknown: (n, k). values: (n, k) as given; usual: (n, k) what a
    baseline compares them with, NaN where nothing does.
    typical: (k,) component scores; typical_value: (k,) median values, NaN where no peer is measured; no_peers: (k,).
    reference: the score at `typical`. deltas: (n, k), exactly 0 where unknown. adjustments: in order. stand_ins: what the
    scorer makes of an unknown component, in words, by its column; not under the policy `typical`, where it is nothing.
    score, low, high: (n,) in 0..100; low <= score <= high. coverage: (n,) share of the weight that applies to the account and
    is measured. band: (n,) index into the model's bands, -1 unknown. weights: (k,), summing to 1.
    own, own_coverage, caps: the scores (3, n) and coverage (n,) before what children say, and the limits that come after it.
    """

    model: ScoringModel
    values: Floats
    usual: Floats
    components: Floats
    states: States
    unknown: Mask
    typical: Floats
    typical_value: Floats
    no_peers: Mask
    weights: Floats
    reference: float
    deltas: Floats
    stand_ins: dict[int, str]
    own: Floats
    own_coverage: Floats
    own_adjustments: tuple[AdjustmentColumn, ...]
    caps: Limit
    adjustments: tuple[AdjustmentColumn, ...]
    score: Floats
    coverage: Floats
    low: Floats
    high: Floats
    band: NDArray[np.int64]


def evaluate(
    model: ScoringModel,
    scorer: Scorer,
    values: Floats,
    states: States,
    peers: Peers | None = None,
    *,
    columns: Columns | None = None,
    usual: Floats | None = None,
) -> Evaluation:
    """Score accounts: metric `values` (n, k) and `states` (n, k, `ComponentState` codes), against the segment's stored peers.

    columns: what caps read, a column (n,) each; an absent one is unknown for all. usual: (n, k) for baselines. With no peer
    for a component the model's own `typical` stands in. Raises ModelError for arrays that don't fit the model and for a
    scorer that breaks its contract.
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
    usual = np.full((n, k), np.nan) if usual is None else usual
    components, states = components_of(model, values, states, [peer.curve if peer else () for peer in peers], usual)
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
            f"{n} accounts; test it with accountpulse.testing.scorers.ScorerSuite"
        )

    adjustments: list[AdjustmentColumn] = []
    stand_ins = _stand_ins(model, scorer)
    assumed, running = _assume(model, scorer, assumed, running, states, adjustments, stand_ins)
    included = ~_excluded(model, states)
    after = running if included.all() else _score(scorer, assumed, included)
    adjustments.append(AdjustmentColumn("exclude", "Unknown parts left out", after - running))

    applies = states != ComponentState.NOT_APPLICABLE
    least = _score(scorer, np.where(unknown, 0.0, components), applies)
    most = _score(scorer, np.where(unknown, 100.0, components), applies)
    scores = np.array([after, least, most])
    worst = adjust.worst_of(model, weights, components, unknown, applies)
    limited = np.minimum(scores, worst.at)
    adjustments += worst.columns(limited[SCORE] - scores[SCORE])
    coverage = _coverage(weights, unknown, applies)
    zero = np.zeros(n)
    return concluded(
        Evaluation(
            model=model,
            values=values,
            usual=usual,
            components=components,
            states=states,
            unknown=unknown,
            typical=typical,
            typical_value=typical_value,
            no_peers=np.array([peer is None for peer in peers]),
            weights=weights,
            reference=reference,
            deltas=deltas,
            stand_ins={i: words for i, (_, words) in stand_ins.items()}
            | {i: scorer.exclusion for i, line in enumerate(model.lines) if line.missing == "exclude"},
            own=limited,
            own_coverage=coverage,
            own_adjustments=tuple(adjustments),
            caps=adjust.caps(model, columns or {}, n),
            adjustments=(),
            score=zero,
            coverage=coverage,
            low=zero,
            high=zero,
            band=np.full(n, UNKNOWN),
        )
    )


@dataclass(frozen=True, slots=True)
class Settled:
    """Scores (3, n) after children, after caps, and within the scale; what follows from them, (n,) each."""

    rolled: Floats
    capped: Floats
    final: Floats
    coverage: Floats
    band: NDArray[np.int64]


def settle(model: ScoringModel, own: Floats, own_coverage: Floats, cap: Floats, children: Children | None) -> Settled:
    """What comes last: the children of parents, caps, the ends of the scale, and the band."""
    coverage, rolled, share = own_coverage, own, np.zeros(own.shape[1])
    if children is not None and model.roll_up is not None:
        share = np.where(children.number > 0, model.roll_up.share, 0.0)
        rolled = adjust.blended(own, children.score, share)
        coverage = np.where(share > 0, (1 - share) * own_coverage + share * children.coverage, own_coverage)
    capped = np.minimum(rolled, cap)
    final = adjust.clipped(capped)
    band = band_index(model.bands, final[SCORE])
    # An account of which nothing is measured is unknown even where the model sets no floor, unless others speak for all of it.
    silent = (own_coverage <= 0.0) & (share < 1)
    band[silent | (coverage <= 0.0) | (coverage < model.coverage_floor - TOLERANCE)] = UNKNOWN
    return Settled(rolled, capped, final, coverage, band)


def concluded(evaluation: Evaluation, children: Children | None = None) -> Evaluation:
    """The evaluation with what comes last, given what the children of its accounts say."""
    model, own, caps = evaluation.model, evaluation.own, evaluation.caps
    settled = settle(model, own, evaluation.own_coverage, caps.at, children)
    final = settled.final
    adjustments = list(evaluation.own_adjustments)
    if children is not None and model.roll_up is not None:
        adjustments.append(adjust.roll_up_column(model.roll_up, children, settled.rolled[SCORE] - own[SCORE]))
    adjustments += caps.columns(settled.capped[SCORE] - settled.rolled[SCORE])
    adjustments.append(adjust.clip_column(final[SCORE] - settled.capped[SCORE]))
    return replace(
        evaluation,
        adjustments=tuple(adjustments),
        score=final[SCORE],
        coverage=settled.coverage,
        low=np.minimum(final[LOW], final[SCORE]),
        high=np.maximum(final[HIGH], final[SCORE]),
        band=settled.band,
    )


def _stand_ins(model: ScoringModel, scorer: Scorer) -> dict[int, tuple[float, str]]:
    """What an unknown component counts as, and that in words, by column; only for the policies `neutral` and `worst`."""
    neutral = scorer.neutral()
    values = {
        i: float(neutral[i]) if line.missing == "neutral" else 0.0
        for i, line in enumerate(model.lines)
        if line.missing in ("neutral", "worst")
    }
    return {i: (value, scorer.worth(i, value)) for i, value in values.items()}


def _assume(
    model: ScoringModel,
    scorer: Scorer,
    assumed: Floats,
    running: Floats,
    states: States,
    adjustments: list[AdjustmentColumn],
    stand_ins: dict[int, tuple[float, str]],
) -> tuple[Floats, Floats]:
    """Put what stands in for unknown parts into `assumed`, a metric at a time: those that are `neutral`, then the `worst`."""
    everything = np.ones(assumed.shape, dtype=bool)
    for policy in ("neutral", "worst"):
        for i, line in enumerate(model.lines):
            if line.missing != policy:
                continue
            rows = (states[:, i] != ComponentState.MEASURED) & (states[:, i] != ComponentState.NOT_APPLICABLE)
            if not rows.any():
                continue
            assumed[rows, i], words = stand_ins[i]
            after = _score(scorer, assumed, everything)
            label = f"{line.metric} is unknown: counted as {words}"
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
