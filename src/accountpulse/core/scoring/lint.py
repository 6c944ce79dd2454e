"""What is allowed in a model and yet hardly meant: the linter, over a model alone and over the accounts it scores today."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from accountpulse.core.metrics.states import ComponentState
from accountpulse.core.scoring.bands import UNKNOWN, band_name
from accountpulse.core.scoring.evaluate import Evaluation
from accountpulse.core.scoring.model import ScoringModel
from accountpulse.core.scoring.scorer import Floats
from accountpulse.core.scoring.segments import Assignment

NEGLIGIBLE_SHARE: Final = 0.01
DOMINATING_SHARE: Final = 0.5
NO_SPREAD: Final = 1.0
"""Components that all lie within so many points of 100 are as good as the same."""
FEW_ACCOUNTS: Final = 5
"""With fewer accounts, that all are alike says nothing about the model."""

Code = Literal[
    "negligible_weight",
    "dominating_weight",
    "narrow_band",
    "no_data",
    "no_variance",
    "one_band",
    "nothing_known",
    "no_account",
    "default_only",
]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to look at. place: the metric, segment or key it is about. note: not a fault, only worth knowing."""

    code: Code
    place: str
    message: str
    note: bool = False


def lint_weights(model: ScoringModel, weights: Floats) -> list[Finding]:
    """Components whose share of the score, one of `weights` (k,), is next to nothing or more than all the others'."""
    found = []
    for line, share in zip(model.lines, weights, strict=True):
        if share < NEGLIGIBLE_SHARE:
            what = f"its weight is {share:.1%} of the score, so it hardly matters; give it more, or leave it out"
            found.append(Finding("negligible_weight", line.metric, what))
        if share > DOMINATING_SHARE and len(model.lines) > 1:
            what = f"its weight is {share:.0%} of the score, more than all the others together; is the score meant to be this?"
            found.append(Finding("dominating_weight", line.metric, what))
    return found


def lint_steadiness(model: ScoringModel) -> list[Finding]:
    """Bands of which the dead band would take more than half, so that it is narrower there."""
    asked = model.steadiness.dead_band
    found = []
    for band in model.bands:
        width = band.end - band.start
        if asked > width / 2:
            what = (
                f"the dead band of {asked:g} points is more than half of the band, which has {width:g}: "
                f"there it is {width / 2:g}; write steadiness: {{dead_band: {width / 2:g}}} or less, or widen the band"
            )
            found.append(Finding("narrow_band", band.name, what, note=True))
    return found


def lint_population(segment: str, evaluation: Evaluation) -> list[Finding]:
    """What the accounts of a segment, as they are today, say about the model they are scored with."""
    accounts = len(evaluation.score)
    if not accounts:
        return [Finding("no_account", segment, "no account is in this segment today", note=True)]
    found = []
    for i, line in enumerate(evaluation.model.lines):
        measured = evaluation.components[~evaluation.unknown[:, i], i]
        if not len(measured):
            states, counts = np.unique(evaluation.states[:, i], return_counts=True)
            label = ComponentState(int(states[counts.argmax()])).label
            what = f"it is measured for none of the {accounts} accounts of {segment} (mostly {label})"
            found.append(Finding("no_data", line.metric, what))
        elif len(measured) >= FEW_ACCOUNTS and np.ptp(measured) < NO_SPREAD:
            low, high = f"{measured.min():.3g}", f"{measured.max():.3g}"
            got = low if low == high else f"{low} to {high}"
            what = f"all {len(measured)} measured accounts of {segment} get {got} of 100, so it tells none from another"
            found.append(Finding("no_variance", line.metric, what))
    known = evaluation.band[evaluation.band != UNKNOWN]
    bands = np.unique(known)
    if accounts >= FEW_ACCOUNTS and not len(known):
        what = f"too little is measured for all {accounts} accounts; connect a source, or lower coverage_floor"
        found.append(Finding("nothing_known", segment, what))
    elif len(known) >= FEW_ACCOUNTS and len(bands) == 1:
        name = band_name(evaluation.model.bands, int(bands[0]))
        who = f"{accounts} accounts" if len(known) == accounts else f"{len(known)} accounts that have a band"
        what = f"all {who} are {name}; move the bands or the points, or nobody will look at them"
        found.append(Finding("one_band", segment, what))
    return found


def lint_segments(assignment: Assignment) -> list[Finding]:
    """Accounts that no segment but the default one catches; nothing where there is no other."""
    accounts, conditional = len(assignment.index), [rule for rule in assignment.rules if rule.condition is not None]
    default = next((i for i, rule in enumerate(assignment.rules) if rule.condition is None), None)
    caught = int((assignment.index == default).sum())
    if default is None or not conditional or not caught:
        return []
    what = f"{caught} of {accounts} accounts are caught by no other segment"
    return [Finding("default_only", assignment.rules[default].name, what, note=caught < accounts)]


def ordered(findings: Sequence[Finding]) -> list[Finding]:
    """Each once, faults before notes."""
    return sorted(dict.fromkeys(findings), key=lambda finding: finding.note)
