"""Scores every account as of the end of one day: the pure function of the design, read from the store and not yet written.

raw score = f(facts known at K, as of T, model, peers of (segment, day, model))
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from accountpulse.core.metrics.asof import AsCorrected, Mode
from accountpulse.core.metrics.declare import Metric
from accountpulse.core.metrics.evaluate import evaluate as evaluate_metrics
from accountpulse.core.metrics.frame import MetricFrame
from accountpulse.core.metrics.population import ATTRIBUTES
from accountpulse.core.model import Kind
from accountpulse.core.scoring.evaluate import Evaluation, evaluate
from accountpulse.core.scoring.explain import Setting, scores_of
from accountpulse.core.scoring.model import ScoringModel
from accountpulse.core.scoring.peers import Peer, Peers, peers_of
from accountpulse.core.scoring.scorer import Floats, Scorer
from accountpulse.core.scoring.segments import Assignment, Rule, assign, fields_read
from accountpulse.core.scoring.types import Score
from accountpulse.core.store import scorecards as store_scorecards

REVENUE = "mrr"
"""The metric that portfolios weigh accounts by; computed whether or not a model uses it."""

COMPARED_DAYS = 30
"""How far back a reason looks to say that something rose or fell."""


@dataclass(frozen=True)
class Scorecards:
    """What accounts are scored with: rules in order, the model each names, and the ids the store gave both."""

    rules: tuple[Rule, ...]
    models: Mapping[str, ScoringModel]
    segment_ids: Mapping[str, int]
    model_ids: Mapping[str, int]

    def model_of(self, rule: Rule) -> ScoringModel:
        return self.models[rule.model]


@dataclass(frozen=True)
class Yardstick:
    """What holds for the whole store: its zone and currency, the metrics and scorers installed, and whom to believe.

    precedence: for an attribute, connection ids in the order they are believed. stale_after: a source that has not been read
    for so long says nothing about today.
    """

    zone: ZoneInfo
    currency: str
    metrics: Mapping[str, Metric]
    scorers: Mapping[str, type[Scorer]]
    precedence: Mapping[str, Sequence[int]]
    stale_after: timedelta


@dataclass(frozen=True)
class SegmentDay:
    """One segment on one day: `rows` are its accounts' places in the frame; `new_peers` are those not stored yet."""

    rule: Rule
    model: ScoringModel
    rows: NDArray[np.int64]
    evaluation: Evaluation
    new_peers: Mapping[str, Peer]


@dataclass(frozen=True)
class DayScores:
    """All accounts on one day."""

    day: date
    frame: MetricFrame
    assignment: Assignment
    segments: tuple[SegmentDay, ...]

    def explained(
        self, segment: SegmentDay, yardstick: Yardstick, previous: MetricFrame | None, only: int | None = None
    ) -> list[Score]:
        """The segment's scores with reasons in words, of all its accounts or of one.

        previous: the metrics some time before, to say what rose or fell.
        """
        names = list(segment.model.metrics)
        rows = [int(row) for row in segment.rows]
        accounts = [int(id) for id in self.frame.account_ids[segment.rows]]
        return scores_of(
            segment.evaluation,
            accounts,
            Setting(day=self.day, segment=segment.rule.name, metrics=yardstick.metrics, currency=yardstick.currency),
            previous=_earlier_values(previous, self.frame, rows, names) if previous is not None else None,
            matched=[self.assignment.reasons(row) for row in rows],
            cause=lambda i, name: self.frame.reason(rows[i], name),
            rows=None if only is None else [accounts.index(only)],
        )


def score_day(
    connection: sa.Connection,
    cards: Scorecards,
    yardstick: Yardstick,
    day: date,
    *,
    mode: Mode | None = None,
    now: datetime | None = None,
) -> DayScores:
    """Evaluate every account as of the end of `day`. now: given for the current day only, when staleness matters."""
    frame = metrics_on(connection, cards, yardstick, day, mode=mode, now=now)
    assignment = assign(cards.rules, _columns(frame, cards.rules), len(frame.account_ids))
    segments = tuple(
        _score_segment(connection, cards, yardstick, day, frame, rule, np.flatnonzero(assignment.index == position))
        for position, rule in enumerate(cards.rules)
    )
    return DayScores(day, frame, assignment, segments)


def metrics_on(
    connection: sa.Connection,
    cards: Scorecards,
    yardstick: Yardstick,
    day: date,
    *,
    mode: Mode | None = None,
    now: datetime | None = None,
) -> MetricFrame:
    """The metrics that the scorecards need, of every account, as of the end of `day`."""
    names = {name for model in cards.models.values() for name in model.metrics} | fields_read(cards.rules) | {REVENUE}
    return evaluate_metrics(
        connection,
        [yardstick.metrics[name] for name in sorted(names & yardstick.metrics.keys())],
        day=day,
        zone=yardstick.zone,
        mode=mode or AsCorrected(),
        reporting_currency=yardstick.currency,
        precedence=yardstick.precedence,
        now=now,
        stale_after=yardstick.stale_after,
    )


def _score_segment(
    connection: sa.Connection,
    cards: Scorecards,
    yardstick: Yardstick,
    day: date,
    frame: MetricFrame,
    rule: Rule,
    rows: NDArray[np.int64],
) -> SegmentDay:
    model = cards.model_of(rule)
    places = np.array([frame.index(name) for name in model.metrics], dtype=np.int64)
    values, states = frame.values[np.ix_(rows, places)], frame.states[np.ix_(rows, places)]
    stored = store_scorecards.peers_of(connection, cards.model_ids[model.version], cards.segment_ids[rule.name], day)
    peers: list[Peer | None] = [_stored_peer(stored.get(name)) for name in model.metrics]
    new: dict[str, Peer] = {}
    if any(peer is None for peer in peers):
        # What could not be measured when the day's peers were first taken may be measurable by now.
        for i, peer in enumerate(peers_of(model, values, states)):
            if peers[i] is None and peer is not None:
                peers[i] = new[model.metrics[i]] = peer
    evaluation = evaluate(model, model.make_scorer(yardstick.scorers), values, states, _as_peers(peers))
    return SegmentDay(rule, model, rows, evaluation, new)


def _as_peers(peers: Sequence[Peer | None]) -> Peers:
    return tuple(peers)


def _stored_peer(row: sa.Row[Any] | None) -> Peer | None:
    if row is None:
        return None
    return Peer(row.component, row.value, row.accounts, tuple((float(x), float(y)) for x, y in row.curve))


def _columns(frame: MetricFrame, rules: Sequence[Rule]) -> dict[str, NDArray[Any]]:
    """What the rules read, a column each: metrics as numbers, attributes as they are."""
    columns: dict[str, NDArray[Any]] = {}
    measured = {metric.name for metric in frame.metrics}
    for name in fields_read(rules):
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


def _earlier_values(previous: MetricFrame, frame: MetricFrame, rows: Sequence[int], names: Sequence[str]) -> Floats:
    """The metric values of the same accounts in an earlier frame, NaN where there were none."""
    place = {int(id): i for i, id in enumerate(previous.account_ids)}
    columns = [previous.index(name) for name in names]
    values = np.full((len(rows), len(names)), np.nan)
    for i, row in enumerate(rows):
        earlier = place.get(int(frame.account_ids[row]))
        if earlier is not None:
            values[i] = previous.values[earlier, columns]
    return values
