"""Made-up scorecards with values for them, and made-up days of scores, shaped as those that were measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from tests.benchmarks.world import AS_OF, T

from accountpulse.core.metrics.states import ComponentState
from accountpulse.core.scoring.bands import PRESETS, band_index
from accountpulse.core.scoring.conditions import Columns, Comparison
from accountpulse.core.scoring.model import Cap, MetricGroup, MetricLine, MissingPolicy, ScoringModel
from accountpulse.core.scoring.normalise import Linear, Normaliser, Percentile, Steps
from accountpulse.core.scoring.packing import pack
from accountpulse.core.scoring.peers import States
from accountpulse.core.scoring.scorer import Floats
from accountpulse.core.store import tables
from accountpulse.core.store.scores import HistoryPoint

SEED = 4
SEGMENTS = 5
GROUPS = (5, 4, 3, 3)
METRICS = sum(GROUPS)
_BANDS = PRESETS["red-yellow-green"]

# Three segments as in the models that come with AccountPulse, one that re-weights, one that counts the unknown as the worst.
_POLICIES: tuple[MissingPolicy, ...] = ("typical", "typical", "typical", "exclude", "worst")


@dataclass(frozen=True)
class Segment:
    """A model, and what its accounts are scored from."""

    model: ScoringModel
    values: Floats
    states: States
    columns: Columns


def segments(accounts: int, seed: int) -> list[Segment]:
    """5 segments of equal size: 15 metrics in 4 groups, 2 caps, bands; one value in ten is missing."""
    rng = np.random.default_rng(seed)
    return [_segment(number, accounts // SEGMENTS, rng) for number in range(SEGMENTS)]


def _segment(number: int, n: int, rng: np.random.Generator) -> Segment:
    values = rng.gamma(2.0, 20.0, (n, METRICS)).round(1)
    states = np.where(rng.random((n, METRICS)) < 0.1, ComponentState.NO_DATA, ComponentState.MEASURED).astype(np.int8)
    values[states != ComponentState.MEASURED] = np.nan
    columns = {
        "overdue_days": np.where(rng.random(n) < 0.1, rng.uniform(0, 120, n), 0.0),
        "open_urgent_tickets": rng.poisson(0.2, n).astype(np.float64),
    }
    return Segment(_model(number, rng), values, states, columns)


def _model(number: int, rng: np.random.Generator) -> ScoringModel:
    lines = [
        MetricLine(f"metric_{i}", float(rng.integers(1, 4)), _normaliser(i, rng), 50.0, _POLICIES[number])
        for i in range(METRICS)
    ]
    ends = np.cumsum(GROUPS)
    groups = tuple(
        MetricGroup(f"group_{g}", float(rng.integers(10, 40)), tuple(lines[end - size : end]))
        for g, (size, end) in enumerate(zip(GROUPS, ends, strict=True))
    )
    caps = (
        Cap(Comparison("overdue_days", "gt", 60.0), 40.0, "an invoice is overdue for more than 60 days"),
        Cap(Comparison("open_urgent_tickets", "gte", 2.0), 60.0, "two urgent tickets are open"),
    )
    return ScoringModel(f"segment {number}", "churn", "weighted", 0.4, _BANDS, groups, caps=caps)


def _normaliser(i: int, rng: np.random.Generator) -> Normaliser:
    """Of 15: 10 linear, 3 in steps, 2 percentiles, as in the models that come with AccountPulse."""
    if i % 7 == 6:
        return Percentile("higher")
    edges, scores = np.sort(rng.uniform(0, 100, 4)).tolist(), np.sort(rng.uniform(0, 100, 4)).tolist()
    points = tuple(zip(edges, scores if i % 2 else scores[::-1], strict=True))
    return Steps(points) if i % 5 == 2 else Linear(points)


# --- history --------------------------------------------------------------------------------------------------------------


def prepare_history(connection: sa.Connection, accounts: int) -> list[int]:
    """Put in what history rows refer to; returns the accounts' ids."""
    ids = list(range(1, accounts + 1))
    connection.execute(sa.insert(tables.account), [{"id": id, "created_at": T} for id in ids])
    connection.execute(sa.insert(tables.segment), [{"id": i + 1, "name": f"segment {i}"} for i in range(SEGMENTS)])
    model = {"version": "0" * 12, "name": "model", "content": {}, "created_at": T}
    connection.execute(sa.insert(tables.scoring_model), [{"id": 1, **model}])
    return ids


def days(ids: list[int], number: int, seed: int) -> Iterator[tuple[date, list[HistoryPoint]]]:
    """Days of scores that move as real ones did: 95 % of them a little, 46 % past a whole point, 24 % by a point since the
    last that was written; and with a score, its components."""
    rng = np.random.default_rng(seed)
    n = len(ids)
    components: Floats = rng.uniform(0, 100, (n, METRICS))
    states = np.where(rng.random((n, METRICS)) < 0.1, ComponentState.NO_DATA, ComponentState.MEASURED).astype(np.int8)
    scores: Floats = np.clip(rng.normal(62, 15, n), 0, 100)
    for i in range(number):
        if i:
            moving = rng.random(n) < 0.95
            scores = np.clip(scores + np.where(moving, rng.normal(0, DAILY_MOVE, n), 0.0), 0, 100)
            cells = rng.random((n, METRICS)) < 0.073
            components = np.where(cells, np.clip(components + rng.normal(0, 10, (n, METRICS)), 0, 100), components)
        yield AS_OF - timedelta(days=number - 1 - i), _points(ids, scores, components, states)


DAILY_MOVE = 0.7
"""The standard deviation of a day's move, in points: with it the rates above come out."""


def _points(ids: list[int], scores: Floats, components: Floats, states: NDArray[np.int8]) -> list[HistoryPoint]:
    packed = pack(components, states)
    bands = band_index(_BANDS, scores).tolist()
    coverage = np.rint((states == ComponentState.MEASURED).mean(axis=1) * 100).astype(int).tolist()
    centi = np.rint(scores * 100).astype(int).tolist()
    return [
        HistoryPoint(id, 1, id % SEGMENTS + 1, centi[i], bands[i], coverage[i], packed[i].tobytes()) for i, id in enumerate(ids)
    ]
