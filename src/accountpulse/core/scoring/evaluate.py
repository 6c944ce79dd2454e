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
from accountpulse.core.scoring.blocks import STAND_INS, TOLERANCE, Parts, Setup, score, score_parts
from accountpulse.core.scoring.conditions import Columns
from accountpulse.core.scoring.model import ScoringModel
from accountpulse.core.scoring.peers import Peers, States
from accountpulse.core.scoring.scorer import Floats, Mask, Scorer


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
    raw_score, raw_band: (n,) the same before the days before and people have their say (`steady.py`); equal until then.
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
    raw_score: Floats
    raw_band: NDArray[np.int64]


def evaluate(
    model: ScoringModel,
    scorer: Scorer,
    values: Floats,
    states: States,
    peers: Peers | None = None,
    *,
    columns: Columns | None = None,
    usual: Floats | None = None,
    parts: Parts | None = None,
) -> Evaluation:
    """Score accounts: metric `values` (n, k) and `states` (n, k, `ComponentState` codes), against the segment's stored peers.

    columns: what caps read, a column (n,) each; an absent one is unknown for all. usual: (n, k) for baselines. With no peer
    for a component the model's own `typical` stands in. parts: what the scorer made of them, where it has been asked, as on
    other machines. Raises ModelError for arrays that don't fit the model and for a scorer that breaks its contract.
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
    setup = setup_of(model, scorer, peers)
    stand_ins = {i: scorer.worth(i, value) for i, value in setup.stand_ins.items()}
    if parts is None:
        parts = score_parts(setup, values, states, usual)
    adjustments = [_stand_in_column(model, i, stand_ins[i], points) for i, points in parts.stood_in.items()]
    adjustments.append(AdjustmentColumn("exclude", "Unknown parts left out", parts.excluded))
    unknown = parts.states != ComponentState.MEASURED
    limited = parts.own
    if model.worst_of is not None:
        applies = parts.states != ComponentState.NOT_APPLICABLE
        worst = adjust.worst_of(model.worst_of, model.components, setup.weights, parts.components, unknown, applies)
        limited = np.minimum(parts.own, worst.at)
        adjustments += worst.columns(limited[SCORE] - parts.own[SCORE])
    later, unsettled = np.broadcast_to(0.0, n), np.broadcast_to(UNKNOWN, n)
    return concluded(
        Evaluation(
            model=model,
            values=values,
            usual=np.broadcast_to(np.nan, (n, k)) if usual is None else usual,
            components=parts.components,
            states=parts.states,
            unknown=unknown,
            typical=setup.typical,
            typical_value=np.array([peer.value if peer else np.nan for peer in peers]),
            no_peers=np.array([peer is None for peer in peers]),
            weights=setup.weights,
            reference=setup.reference,
            deltas=parts.deltas,
            stand_ins=stand_ins | {i: scorer.exclusion for i, line in enumerate(model.lines) if line.missing == "exclude"},
            own=limited,
            own_coverage=parts.coverage,
            own_adjustments=tuple(adjustments),
            caps=adjust.caps(model, columns or {}, n),
            adjustments=(),
            score=later,
            coverage=parts.coverage,
            low=later,
            high=later,
            band=unsettled,
            raw_score=later,
            raw_band=unsettled,
        )
    )


def setup_of(model: ScoringModel, scorer: Scorer, peers: Peers) -> Setup:
    """What the accounts of a segment are scored with."""
    typical = np.array([peer.component if peer else line.typical for peer, line in zip(peers, model.lines, strict=True)])
    return Setup(
        model=model,
        scorer=scorer,
        typical=typical,
        reference=float(score(scorer, typical[None, :], np.ones((1, len(model.lines)), dtype=bool))[0]),
        weights=scorer.weights(),
        stand_ins=_stand_ins(model, scorer),
        curves=[peer.curve if peer else () for peer in peers],
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
        raw_score=final[SCORE],
        raw_band=settled.band,
    )


def _stand_ins(model: ScoringModel, scorer: Scorer) -> dict[int, float]:
    """What an unknown component counts as, by column; only for the policies `neutral` and `worst`.

    In the order in which they are applied.
    """
    neutral = scorer.neutral()
    return {
        i: float(neutral[i]) if policy == "neutral" else 0.0
        for policy in STAND_INS
        for i, line in enumerate(model.lines)
        if line.missing == policy
    }


def _stand_in_column(model: ScoringModel, i: int, words: str, points: Floats) -> AdjustmentColumn:
    line = model.lines[i]
    return AdjustmentColumn(f"{line.missing}:{line.metric}", f"{line.metric} is unknown: counted as {words}", points)
