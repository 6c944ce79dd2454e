"""Adjustments: what moves a score after its components, each signed, named, and in one fixed order.

Scores are adjusted three at a time, in arrays (3, n): the score itself, and the lowest and the highest one that the unknown
parts allow. All three go the same way, so the bounds hold for what is published.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from accountpulse.core.scoring.conditions import Columns
from accountpulse.core.scoring.model import RollUp, ScoringModel, WorstOf
from accountpulse.core.scoring.scorer import ComponentSpec, Floats, Mask

ROLL_UP: Final = "roll_up"
ORDER: Final = ("neutral", "worst", "exclude", "worst_of", ROLL_UP, "cap", "clip", "rate_limit", "override")
"""The order of all adjustments, by what stands before the colon of their code: the missing policies other than `typical`, the
worst-of rule, the children of a parent, caps, the ends of the scale. The last two act on scores day by day and come later.
"""

SCORE, LOW, HIGH = 0, 1, 2
"""The rows of an array (3, n)."""

NO_LIMIT = np.inf


@dataclass(frozen=True, slots=True)
class AdjustmentColumn:
    """A named adjustment and the points (n,) it adds to each account; 0 where it doesn't apply.

    detail: for an account's row, what more there is to say, in a few words. holds: (n,) where it is said even if it adds 0.
    """

    code: str
    label: str
    points: Floats
    detail: Callable[[int], str] | None = None
    holds: Mask | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """How high each account may score, (3, n), infinite where nothing holds it, and which of several causes holds it.

    cause: (n,) the number of the cause that gives the score's own limit, -1 without one. One code, label and detail a cause.
    """

    at: Floats
    cause: NDArray[np.int64]
    codes: Sequence[str] = ()
    labels: Sequence[str] = ()
    details: Sequence[Callable[[int], str]] = ()

    def columns(self, taken: Floats) -> list[AdjustmentColumn]:
        """A column for each cause; `taken` (n,) are the points that the limit takes from the score."""
        return [
            AdjustmentColumn(code, label, np.where(self.cause == i, taken, 0.0), detail)
            for i, (code, label, detail) in enumerate(zip(self.codes, self.labels, self.details, strict=True))
        ]


@dataclass(frozen=True, slots=True)
class Children:
    """What the children of each account say together. score: (3, n). coverage: (n,). number: (n,) of children, 0 for none."""

    score: Floats
    coverage: Floats
    number: NDArray[np.int64]


# --- worst-of -----------------------------------------------------------------------------------------------------------


def worst_of(
    rule: WorstOf, specs: Sequence[ComponentSpec], weights: Floats, components: Floats, unknown: Mask, applies: Mask
) -> Limit:
    """The limit that the worst part sets: `components` (n, k) are NaN where `unknown`, `weights` (k,) the scorer's.

    What a part scores is the weighted mean of its components that are measured; a part without any sets no limit.
    """
    tracks = ((~unknown, 0.0), (applies, 0.0), (applies, 100.0))
    places = [[i for i, spec in enumerate(specs) if name in (spec.group, spec.metric)] for name in rule.parts]
    # (3, parts, n)
    scores = np.array([[_part_score(weights, components, unknown, *track, columns) for columns in places] for track in tracks])
    worst: Floats = scores.min(axis=1)
    cause = np.where(np.isfinite(worst[SCORE]), scores[SCORE].argmin(axis=0), -1)
    return Limit(
        at=worst + rule.margin,
        cause=cause,
        codes=[f"worst_of:{name}" for name in rule.parts],
        labels=[_worst_of_label(rule, name) for name in rule.parts],
        details=[_scored(part) for part in scores[SCORE]],
    )


def _part_score(
    weights: Floats, components: Floats, unknown: Mask, counted: Mask, extreme: float, columns: Sequence[int]
) -> Floats:
    """What a part scores with `extreme` for its unknown components, over those that are `counted`."""
    whole, score = np.zeros(len(components)), np.zeros(len(components))
    # A part that has no weight in the score may still hold it down: its components then count equally.
    own = weights if any(weights[i] for i in columns) else np.ones_like(weights)
    for i in columns:
        value = np.where(unknown[:, i], extreme, components[:, i])
        whole += counted[:, i] * own[i]
        score += np.where(counted[:, i], own[i] * value, 0.0)
    mean: Floats = np.divide(score, whole, out=np.full(len(components), NO_LIMIT), where=whole > 0)
    return mean


def _worst_of_label(rule: WorstOf, name: str) -> str:
    if rule.margin:
        return f"No more than {rule.margin:g} points above its worst part, {name}"
    return f"No better than its worst part, {name}"


def _scored(scores: Floats) -> Callable[[int], str]:
    return lambda i: f"at {scores[i]:.1f} of 100"


# --- children -----------------------------------------------------------------------------------------------------------


def blended(own: Floats, children: Floats, share: Floats) -> Floats:
    """A parent's scores (3, n) from its own and its children's; `share` (n,) of the latter, 0 where there are none."""
    blend: Floats = (1 - share) * own + share * children
    return blend


def roll_up_column(rule: RollUp, children: Children, points: Floats) -> AdjustmentColumn:
    """The adjustment of parents."""
    what = "their worst score" if rule.how == "worst" else "their mean score, weighted by revenue"

    def detail(i: int) -> str:
        number = int(children.number[i])
        who = "1 account" if number == 1 else f"{number} accounts"
        return f"{who} at {children.score[SCORE, i]:.1f}, {rule.share:.0%} of the score"

    return AdjustmentColumn(ROLL_UP, f"Rolled up from children: {what}", points, detail)


# --- caps ---------------------------------------------------------------------------------------------------------------


def caps(model: ScoringModel, columns: Columns, n: int) -> Limit:
    """The limit that the caps set: the lowest of those known to hold. One that may hold counts for the lowest score only."""
    at, cause = np.full((3, n), NO_LIMIT), np.full(n, -1)
    for number, cap in enumerate(model.caps):
        true, false = cap.condition.outcome(columns, n)
        lower = true & (cap.at < at[SCORE])
        cause[lower] = number
        at[SCORE, lower] = cap.at
        at[LOW, ~false & (cap.at < at[LOW])] = cap.at
    at[HIGH] = at[SCORE]
    return Limit(
        at=at,
        cause=cause,
        codes=[f"cap:{number}" for number in range(1, len(model.caps) + 1)],
        labels=[f"At most {cap.at:g}: {cap.because}" for cap in model.caps],
        details=[_why(model, number, columns) for number in range(len(model.caps))],
    )


def _why(model: ScoringModel, number: int, columns: Columns) -> Callable[[int], str]:
    return lambda i: model.caps[number].condition.why(columns, i)


# --- the ends of the scale ----------------------------------------------------------------------------------------------


def clipped(scores: Floats) -> Floats:
    """Scores within 0..100."""
    return np.clip(scores, 0.0, 100.0)


def clip_column(points: Floats) -> AdjustmentColumn:
    """The adjustment of scores that left the scale."""
    return AdjustmentColumn("clip", "Kept within 0 to 100", points)
