"""From the arrays of an `Evaluation` to readable `Score` objects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from accountpulse.core.metrics.declare import Metric
from accountpulse.core.metrics.states import ComponentState
from accountpulse.core.scoring.bands import band_name
from accountpulse.core.scoring.evaluate import Evaluation
from accountpulse.core.scoring.scorer import Floats
from accountpulse.core.scoring.types import Adjustment, Component, Matched, Score
from accountpulse.core.scoring.words import Wording

Cause = Callable[[int, str], str | None]

NEGLIGIBLE = 1e-12
"""Adjustments of fewer points are rounding, not facts, and are not shown."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What reasons need besides the numbers.

    metrics: declarations by name, at least those of the model. currency: the store's reporting currency. previous_days: how
    long ago the `previous` values were measured.
    """

    day: date
    segment: str
    metrics: Mapping[str, Metric]
    currency: str = ""
    previous_days: int = 30


def scores_of(
    evaluation: Evaluation,
    accounts: Sequence[int],
    setting: Setting,
    *,
    previous: Floats | None = None,
    matched: Sequence[Sequence[Matched]] | None = None,
    cause: Cause | None = None,
    steadiness: Callable[[int], str | None] | None = None,
    rows: Iterable[int] | None = None,
) -> list[Score]:
    """A `Score` for each account of the evaluation, in its order.

    previous: metric values (n, k) `previous_days` ago, NaN where unknown. matched: each account's `Assignment.reasons`.
    cause: why a metric has no value for an account, by its row and the metric's name. steadiness: why what is published of an
    account is not what is raw, by its row. rows: only these accounts.
    """
    version = evaluation.model.version
    return [
        Score(
            account_id=accounts[i],
            day=setting.day,
            segment=setting.segment,
            model_version=version,
            score=float(evaluation.score[i]),
            reference=evaluation.reference,
            band=band_name(evaluation.model.bands, int(evaluation.band[i])),
            raw_score=float(evaluation.raw_score[i]),
            raw_band=band_name(evaluation.model.bands, int(evaluation.raw_band[i])),
            coverage=float(evaluation.coverage[i]),
            low=float(evaluation.low[i]),
            high=float(evaluation.high[i]),
            components=_components(evaluation, i, setting, None if previous is None else previous[i], cause),
            adjustments=_adjustments(evaluation, i, setting),
            matched=tuple(matched[i]) if matched is not None else (),
            steadiness=steadiness(i) if steadiness else None,
        )
        for i in (range(len(accounts)) if rows is None else rows)
    ]


def _components(
    evaluation: Evaluation, i: int, setting: Setting, previous: Floats | None, cause: Cause | None
) -> tuple[Component, ...]:
    made = []
    for j, (line, spec) in enumerate(zip(evaluation.model.lines, evaluation.model.components, strict=True)):
        metric = setting.metrics[line.metric]
        state = ComponentState(int(evaluation.states[i, j]))
        measured = state == ComponentState.MEASURED
        wording = Wording(metric, setting.segment, setting.currency)
        value, delta = float(evaluation.values[i, j]), float(evaluation.deltas[i, j])
        typical_value = None if np.isnan(evaluation.typical_value[j]) else float(evaluation.typical_value[j])
        if measured:
            before = None if previous is None or not np.isfinite(previous[j]) else float(previous[j])
            usual = float(evaluation.usual[i, j]) if np.isfinite(evaluation.usual[i, j]) else None
            reason = wording.measured(
                value, delta, typical_value=typical_value, previous=before, days=setting.previous_days, usual=usual
            )
        else:
            told = cause(i, line.metric) if cause else None
            reason = wording.unknown(state, line.missing, told, evaluation.stand_ins.get(j))
        made.append(
            Component(
                metric=line.metric,
                title=metric.title,
                group=spec.group,
                unit=metric.unit,
                state=state,
                value=value if measured else None,
                typical_value=typical_value,
                component=float(evaluation.components[i, j]) if measured else None,
                typical_component=float(evaluation.typical[j]),
                weight=float(evaluation.weights[j]),
                delta=delta,
                reason=reason,
                sources=tuple(metric.sources),
            )
        )
    return tuple(made)


def _adjustments(evaluation: Evaluation, i: int, setting: Setting) -> tuple[Adjustment, ...]:
    made = []
    for column in evaluation.adjustments:
        points = float(column.points[i])
        if abs(points) > NEGLIGIBLE or (column.holds is not None and column.holds[i]):
            metric = setting.metrics.get(column.code.partition(":")[2])
            label = column.label.replace(metric.name, metric.title) if metric else column.label
            detail = column.detail(i) if column.detail else ""
            made.append(Adjustment(column.code, f"{label} ({detail})" if detail else label, points))
    return tuple(made)
