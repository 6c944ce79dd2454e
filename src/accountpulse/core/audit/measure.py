"""The figures of a sample: what the pure functions say, put together as the report shows it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count

import numpy as np

from accountpulse.core.audit.calibration import Calibration, calibrate
from accountpulse.core.audit.figures import (
    REPEATS,
    Floats,
    Interval,
    Ints,
    Ranking,
    auc,
    clustered_interval,
    lift,
    rate_interval,
    recall,
    recall_at,
)
from accountpulse.core.audit.report import Figures
from accountpulse.core.audit.sample import Sample
from accountpulse.core.audit.verdict import Comparison

FITTED_EVENTS = 10
"""Departures that each half must hold before a probability is fitted on one and judged on the other."""

LEAK_AUC = 0.95
LEAK_COMPONENT_AUC = 0.90
_COMPONENT_EVENTS = 10
_DRAWN_ROWS = 50_000_000


def auc_interval(sample: Sample) -> Interval:
    """The AUC of a sample's scores, with its interval clustered by customer."""
    # Millions of weekly snapshots have narrow intervals, which fewer draws tell well enough.
    repeats = int(np.clip(_DRAWN_ROWS / max(len(sample), 1), 200, REPEATS))
    return clustered_interval(Ranking(sample.score, sample.event).auc, sample.account, repeats=repeats)


def figures_of(sample: Sample, capacity: int | None) -> Figures:
    """All figures of a sample."""
    health, event = sample.score, sample.event
    within = auc(health, event, sample.day)
    return Figures(
        snapshots=len(sample),
        customers=sample.customers,
        events=int(event.sum()),
        churned=sample.churned,
        rate=rate_interval(int(event.sum()), len(sample)),
        auc=auc_interval(sample),
        auc_within=within if np.isfinite(within) else None,
        lift_10=lift(health, event, 0.1),
        lift_20=lift(health, event, 0.2),
        recall_10=recall(health, event, 0.1),
        recall_20=recall(health, event, 0.2),
        recall_capacity=None if capacity is None else recall_at(health, event, sample.day, capacity),
    )


def halves(sample: Sample) -> tuple[Sample, Sample] | None:
    """The sample cut in two by day, at the day that makes the halves most alike in size; None of a single day."""
    days, sizes = np.unique(sample.day, return_counts=True)
    if len(days) < 2:
        return None
    middle = int(np.abs(np.cumsum(sizes)[:-1] - len(sample) / 2).argmin())
    early = sample.day <= days[middle]
    return sample.where(early), sample.where(~early)


def calibration_of(headline: Sample) -> Calibration | None:
    """How probabilities fitted on the early headline days came true on the later ones; None with too few departures.

    Headline days are a horizon apart, so the early labels were settled before the later days began.
    """
    cut = halves(headline)
    if cut is None or min(cut[0].event.sum(), cut[1].event.sum()) < FITTED_EVENTS:
        return None
    early, late = cut
    if early.event.all() or late.event.all():
        return None
    return calibrate(early.score, early.event, late.score, late.event)


def component_aucs(sample: Sample) -> dict[str, float]:
    """How well each component alone tells who leaves, best first, where it is measured for enough of them."""
    found: dict[str, float] = {}
    for name, values in sample.components.items():
        measured = np.isfinite(values)
        event = sample.event[measured]
        if _COMPONENT_EVENTS <= event.sum() < len(event):
            found[name] = auc(values[measured], event)
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def leaks_of(overall: float | None, components: Mapping[str, float]) -> tuple[str, ...]:
    """What is too good to be true."""
    warnings = []
    if overall is not None and overall > LEAK_AUC:
        warnings.append(
            f"AUC {overall:.3f} is above {LEAK_AUC}: hardly any honest score foretells so well. Look for a metric that is "
            "written when a customer leaves"
        )
    warnings += [
        f"{name} alone has AUC {value:.3f}, above {LEAK_COMPONENT_AUC}: it may be a consequence of leaving, not a sign of it"
        for name, value in components.items()
        if value > LEAK_COMPONENT_AUC
    ]
    return tuple(warnings)


def component_scores(sample: Sample, name: str) -> Floats:
    """One component as a score: what is unknown counts as what is usual on its day."""
    values = sample.components[name].copy()
    for day in np.unique(sample.day):
        here = sample.day == day
        known = values[here & np.isfinite(values)]
        values[here & ~np.isfinite(values)] = known.mean() if len(known) else 50.0
    return values


def compare(sample: Sample, incumbent: Floats, name: str) -> Comparison:
    """The sample's scores against other scores of the same snapshots (NaN where there are none), paired by customer."""
    both = sample.where(np.isfinite(incumbent))
    other = incumbent[np.isfinite(incumbent)]
    ours, theirs = Ranking(both.score, both.event), Ranking(other, both.event)
    a, b = ours.auc(), theirs.auc()
    return Comparison(
        incumbent=name,
        snapshots=len(both),
        churned=both.churned,
        auc=a if np.isfinite(a) else None,
        incumbent_auc=b if np.isfinite(b) else None,
        difference=clustered_interval(lambda weight: ours.auc(weight) - theirs.auc(weight), both.account),
    )


def matched(sample: Sample, account: Ints, day: Ints, score: Floats) -> Floats:
    """Another series' scores for the sample's snapshots, NaN where it has none."""
    known = dict(zip(zip(account.tolist(), day.tolist(), strict=True), count(), strict=False))
    places = [known.get(key, -1) for key in zip(sample.account.tolist(), sample.day.tolist(), strict=True)]
    at = np.array(places, dtype=np.int64)
    found = np.full(len(sample), np.nan)
    found[at >= 0] = score[at[at >= 0]]
    return found
