"""What scoring reads out of a day's metrics: columns for conditions, what is usual in an account, who is whose parent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accountpulse.core.metrics.frame import MetricFrame
from accountpulse.core.metrics.population import ATTRIBUTES
from accountpulse.core.model import Kind
from accountpulse.core.scoring.model import ScoringModel
from accountpulse.core.scoring.normalise import Baseline
from accountpulse.core.scoring.rollup import NOBODY
from accountpulse.core.scoring.scorer import Floats

REVENUE = "mrr"
"""The metric that portfolios and roll-ups weigh accounts by; computed whether or not a model uses it."""

UsualValues = Mapping[tuple[str, Baseline], Floats]
"""By metric and baseline: what is usual in each account of a frame, NaN where nothing is."""

EvaluateOn = Callable[[Iterable[str], date], MetricFrame]
"""Evaluates metrics, by their names, on a day."""


def columns_of(frame: MetricFrame, fields: Iterable[str]) -> dict[str, NDArray[Any]]:
    """What conditions read, a column each: metrics as numbers, attributes as they are."""
    columns: dict[str, NDArray[Any]] = {}
    measured = {metric.name for metric in frame.metrics}
    for name in fields:
        if name.startswith("custom."):
            key = name.removeprefix("custom.")
            columns[name] = _objects(
                [c.get(key) if isinstance(c, Mapping) else None for c in frame.population.values["custom"]]
            )
        elif name in ATTRIBUTES:
            found = frame.population.values[name]
            if ATTRIBUTES[name] in (Kind.INTEGER, Kind.FLOAT):
                columns[name] = np.array([np.nan if v is None else v for v in found], dtype=np.float64)
            else:
                columns[name] = _objects(found)
        elif name in measured:
            columns[name] = frame.values[:, frame.index(name)]
    return columns


def _objects(values: Sequence[object]) -> NDArray[Any]:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def usual_values(frame: MetricFrame, models: Iterable[ScoringModel], evaluate_on: EvaluateOn) -> UsualValues:
    """What is usual in each account of the frame, for every metric that some model compares with its own past.

    Each past day is evaluated once, for all the metrics that look back to it, from what is known at the frame's own moment
    of knowledge.
    """
    wanted = dict.fromkeys(
        (line.metric, line.normaliser) for model in models for line in model.lines if isinstance(line.normaliser, Baseline)
    )
    names: dict[int, set[str]] = {}
    for metric, baseline in wanted:
        for offset in baseline.offsets:
            names.setdefault(offset, set()).add(metric)
    found: dict[tuple[int, str], Floats] = {}
    for offset, metrics in names.items():
        past = evaluate_on(sorted(metrics), frame.day - timedelta(days=offset))
        known = [metric.name for metric in past.metrics]
        values = earlier_values(past, frame, np.arange(len(frame.account_ids)), known)
        found |= {(offset, name): values[:, i] for i, name in enumerate(known)}
    nothing = np.full(len(frame.account_ids), np.nan)
    return {
        (metric, baseline): baseline.usual(np.array([found.get((offset, metric), nothing) for offset in baseline.offsets]))
        for metric, baseline in wanted
    }


def inputs_of(
    frame: MetricFrame, usual: UsualValues, model: ScoringModel, rows: NDArray[np.int64]
) -> tuple[Floats, NDArray[np.int8], Floats]:
    """What a model scores accounts by, given their rows: values, states, and what baselines compare with, (n, k) each."""
    own = np.full((len(rows), len(model.lines)), np.nan)
    for i, line in enumerate(model.lines):
        if isinstance(line.normaliser, Baseline):
            own[:, i] = usual[line.metric, line.normaliser][rows]
    at = np.ix_(rows, np.array([frame.index(name) for name in model.metrics], dtype=np.int64))
    return frame.values[at], frame.states[at], own


def parents_of(frame: MetricFrame) -> NDArray[np.int64]:
    """The row of each account's parent, -1 where it has none among the accounts of the day."""
    place: dict[object, int] = {int(id): i for i, id in enumerate(frame.account_ids)}
    return np.array([place.get(id, NOBODY) for id in frame.population.values["parent"]], dtype=np.int64)


def revenue_of(frame: MetricFrame) -> Floats:
    """The recurring revenue of each account, NaN where it is not measured."""
    if REVENUE not in {metric.name for metric in frame.metrics}:
        return np.full(len(frame.account_ids), np.nan)
    column: Floats = frame.values[:, frame.index(REVENUE)]
    return column


def earlier_values(previous: MetricFrame, frame: MetricFrame, rows: NDArray[np.int64], names: Sequence[str]) -> Floats:
    """The metric values of the same accounts in an earlier frame, NaN where there were none."""
    columns = [previous.index(name) for name in names]
    accounts, there = frame.account_ids[rows], previous.account_ids
    values = np.full((len(rows), len(names)), np.nan)
    if len(there):
        place = np.minimum(np.searchsorted(there, accounts), len(there) - 1)
        known = there[place] == accounts
        values[known] = previous.values[np.ix_(place[known], columns)]
    return values
