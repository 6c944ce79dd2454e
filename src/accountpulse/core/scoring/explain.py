"""From the arrays of an `Evaluation` to readable `Score` objects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from accountpulse.core.metrics.declare import Metric
from accountpulse.core.metrics.states import ComponentState
from accountpulse.core.scoring.adjust import AdjustmentColumn
from accountpulse.core.scoring.backdrop import Backdrop, Line, Numbers, told_components
from accountpulse.core.scoring.bands import band_name
from accountpulse.core.scoring.evaluate import Evaluation
from accountpulse.core.scoring.scorer import Floats
from accountpulse.core.scoring.types import Adjustment, AdjustmentJson, Matched, MatchedJson, Score
from accountpulse.core.scoring.words import unknown

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
    backdrop, numbers = backdrop_of(evaluation, setting), numbers_of(evaluation, previous)
    told = Teller(evaluation, setting, cause)
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
            components=told_components(backdrop, numbers, i, told.reasons(i)),
            adjustments=told.adjustments(i),
            matched=tuple(matched[i]) if matched is not None else (),
            steadiness=steadiness(i) if steadiness else None,
        )
        for i in (range(len(accounts)) if rows is None else rows)
    ]


@dataclass(frozen=True, slots=True)
class Kept:
    """What explains an evaluation's scores as the store keeps it. rows: for each account, columns of `score_detail`."""

    backdrop: Backdrop
    rows: list[dict[str, Any]]


def kept_of(
    evaluation: Evaluation,
    setting: Setting,
    *,
    previous: Floats | None = None,
    matched: Sequence[Sequence[Matched]],
    cause: Cause,
    steadiness: Callable[[int], str | None],
) -> Kept:
    """What explains the scores of an evaluation, without the sentences that are made when it is read; see `scores_of`."""
    told = Teller(evaluation, setting, cause)
    # Equal ones are one object, which is written as JSON once.
    told_as: dict[tuple[tuple[int, str], ...], dict[str, str] | None] = {}
    adjusted_as: dict[tuple[Adjustment, ...], list[AdjustmentJson]] = {}
    matched_as: dict[tuple[Matched, ...], list[MatchedJson]] = {}
    rows: list[dict[str, Any]] = []
    for i, numbers in enumerate(numbers_of(evaluation, previous).pack()):
        reasons, adjustments, rules = tuple(told.reasons(i).items()), told.adjustments(i), tuple(matched[i])
        if reasons not in told_as:
            told_as[reasons] = {str(place): reason for place, reason in reasons} or None
        if adjustments not in adjusted_as:
            adjusted_as[adjustments] = [adjustment.to_json() for adjustment in adjustments]
        if rules not in matched_as:
            matched_as[rules] = [rule.to_json() for rule in rules]
        said = {"told": told_as[reasons], "adjustments": adjusted_as[adjustments], "matched": matched_as[rules]}
        rows.append({"numbers": numbers, **said, "steadiness": steadiness(i)})
    return Kept(backdrop_of(evaluation, setting), rows)


def backdrop_of(evaluation: Evaluation, setting: Setting) -> Backdrop:
    """What all accounts of an evaluation are set against."""
    lines = []
    for j, (line, spec) in enumerate(zip(evaluation.model.lines, evaluation.model.components, strict=True)):
        metric = setting.metrics[line.metric]
        typical_value = float(evaluation.typical_value[j])
        lines.append(
            Line(
                name=line.metric,
                title=metric.title,
                group=spec.group,
                unit=metric.unit,
                money=metric.money,
                better=metric.better,
                sources=tuple(metric.sources),
                weight=float(evaluation.weights[j]),
                typical_component=float(evaluation.typical[j]),
                typical_value=None if np.isnan(typical_value) else typical_value,
            )
        )
    return Backdrop(setting.segment, setting.currency, setting.previous_days, tuple(lines))


def numbers_of(evaluation: Evaluation, previous: Floats | None = None) -> Numbers:
    """An evaluation's numbers; of what is not measured only what is unknown. previous: as in `scores_of`."""
    measured = evaluation.states == ComponentState.MEASURED
    return Numbers(
        value=np.where(measured, evaluation.values, np.nan),
        component=np.where(measured, evaluation.components, np.nan),
        delta=evaluation.deltas,
        previous=np.full(measured.shape, np.nan) if previous is None else np.where(measured, previous, np.nan),
        usual=np.where(measured, evaluation.usual, np.nan),
        states=evaluation.states,
    )


class Teller:
    """Says of an evaluation's accounts, by their rows, what no number says. cause: as in `scores_of`."""

    def __init__(self, evaluation: Evaluation, setting: Setting, cause: Cause | None) -> None:
        self._evaluation = evaluation
        self._setting = setting
        self._cause = cause
        self._said: dict[tuple[int, int, str | None], str] = {}
        unknown = evaluation.states != ComponentState.MEASURED
        self._unknown: dict[int, list[int]] = {}
        for i, j in zip(*(places.tolist() for places in np.nonzero(unknown)), strict=True):
            self._unknown.setdefault(i, []).append(j)
        self._moved: dict[int, list[AdjustmentColumn]] = {}
        for column in evaluation.adjustments:
            counts = np.abs(column.points) > NEGLIGIBLE
            for i in np.flatnonzero(counts if column.holds is None else counts | column.holds).tolist():
                self._moved.setdefault(i, []).append(column)

    def reasons(self, i: int) -> dict[int, str]:
        """Why components have no value, and what the model does about it, by their place."""
        return {j: self._reason(i, j) for j in self._unknown.get(i, ())}

    def _reason(self, i: int, j: int) -> str:
        line = self._evaluation.model.lines[j]
        cause = self._cause(i, line.metric) if self._cause else None
        code = int(self._evaluation.states[i, j])
        if (j, code, cause) not in self._said:
            metric, stand_in = self._setting.metrics[line.metric], self._evaluation.stand_ins.get(j)
            self._said[j, code, cause] = unknown(metric, ComponentState(code), line.missing, cause, stand_in)
        return self._said[j, code, cause]

    def adjustments(self, i: int) -> tuple[Adjustment, ...]:
        """What moved the score besides its components, in the order in which it was applied."""
        return tuple(self._adjustment(column, i) for column in self._moved.get(i, ()))

    def _adjustment(self, column: AdjustmentColumn, i: int) -> Adjustment:
        metric = self._setting.metrics.get(column.code.partition(":")[2])
        label = column.label.replace(metric.name, metric.title) if metric else column.label
        detail = column.detail(i) if column.detail else ""
        return Adjustment(column.code, f"{label} ({detail})" if detail else label, float(column.points[i]))
