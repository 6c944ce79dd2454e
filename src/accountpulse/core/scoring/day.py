"""Scores every account as of the end of one day: the pure function of the design, read from the store and not yet written.

raw score = f(facts known at K, as of T, model, peers of (segment, day, model))
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from accountpulse.core.errors import EngineError
from accountpulse.core.metrics.asof import AsCorrected, Mode
from accountpulse.core.metrics.declare import Metric
from accountpulse.core.metrics.engine import STORE, Engine
from accountpulse.core.metrics.evaluate import evaluate as evaluate_metrics
from accountpulse.core.metrics.frame import MetricFrame
from accountpulse.core.metrics.states import ComponentState
from accountpulse.core.scoring.blocks import Parts
from accountpulse.core.scoring.conditions import Columns
from accountpulse.core.scoring.evaluate import Evaluation, evaluate
from accountpulse.core.scoring.explain import Cause, Kept, Setting, kept_of, scores_of
from accountpulse.core.scoring.inputs import (
    REVENUE,
    EvaluateOn,
    UsualValues,
    columns_of,
    earlier_values,
    inputs_of,
    parents_of,
    revenue_of,
    usual_values,
)
from accountpulse.core.scoring.model import ScoringModel
from accountpulse.core.scoring.normalise import Baseline
from accountpulse.core.scoring.peers import Peer, Peers, peers_of
from accountpulse.core.scoring.rollup import Part, rolled_up
from accountpulse.core.scoring.scorer import Floats, Scorer
from accountpulse.core.scoring.segments import Assignment, Rule, assign, fields_read
from accountpulse.core.scoring.steadiness import Course
from accountpulse.core.scoring.types import Score
from accountpulse.core.store import scorecards as store_scorecards

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

    @property
    def fields(self) -> frozenset[str]:
        """The attributes and metrics that conditions read: the segments' rules and the models' caps."""
        return fields_read(self.rules).union(*(model.cap_fields for model in self.models.values()))


@dataclass(frozen=True)
class Yardstick:
    """What holds for the whole store: its zone and currency, the metrics and scorers installed, and whom to believe.

    precedence: for an attribute, connection ids in the order they are believed. stale_after: a source that has not been read
    for so long says nothing about today. engine: where the metrics run.
    """

    zone: ZoneInfo
    currency: str
    metrics: Mapping[str, Metric]
    scorers: Mapping[str, type[Scorer]]
    precedence: Mapping[str, Sequence[int]]
    stale_after: timedelta
    engine: Engine = STORE


@dataclass(frozen=True)
class SegmentDay:
    """One segment on one day: `rows` are its accounts' places in the frame.

    peers: what they are compared with, one for each line of the model; `new_peers` are those not stored yet. course: how they
    came to what is published; None while the scores are raw.
    """

    rule: Rule
    model: ScoringModel
    rows: NDArray[np.int64]
    evaluation: Evaluation
    peers: Peers
    new_peers: Mapping[str, Peer]
    course: Course | None = None

    @cached_property
    def _lies_in(self) -> NDArray[np.int64]:
        assert self.course is not None
        return self.course.lies_in(self.model, self.evaluation.raw_band)

    @cached_property
    def _held(self) -> list[bool]:
        assert self.course is not None
        held: list[bool] = self.course.differs(self.evaluation.raw_score, self._lies_in).tolist()
        return held

    def steadiness(self, i: int) -> str | None:
        """Why what is published of the i-th account is not what is raw, in words; None where it is."""
        if self.course is None or not self._held[i]:
            return None
        return self.course.words(self.model, float(self.evaluation.raw_score[i]), int(self._lies_in[i]), i)


@dataclass(frozen=True)
class ScoredThere:
    """What scorers on other machines made of a segment. accounts: by ascending id; new_peers: those not stored yet."""

    accounts: NDArray[np.int64]
    parts: Parts
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
        rows = [int(row) for row in segment.rows]
        accounts = [int(id) for id in self.frame.account_ids[segment.rows]]
        return scores_of(
            segment.evaluation,
            accounts,
            self._setting(segment, yardstick),
            previous=self._previous(segment, previous),
            matched=self.assignment.reasons(rows),
            cause=self._cause(segment),
            steadiness=segment.steadiness,
            rows=None if only is None else [accounts.index(only)],
        )

    def kept(self, segment: SegmentDay, yardstick: Yardstick, previous: MetricFrame | None) -> Kept:
        """What explains the segment's scores, as the store keeps it; see `explained`."""
        return kept_of(
            segment.evaluation,
            self._setting(segment, yardstick),
            previous=self._previous(segment, previous),
            matched=self.assignment.reasons(segment.rows.tolist()),
            cause=self._cause(segment),
            steadiness=segment.steadiness,
        )

    def _setting(self, segment: SegmentDay, yardstick: Yardstick) -> Setting:
        return Setting(day=self.day, segment=segment.rule.name, metrics=yardstick.metrics, currency=yardstick.currency)

    def _previous(self, segment: SegmentDay, previous: MetricFrame | None) -> Floats | None:
        if previous is None:
            return None
        return earlier_values(previous, self.frame, segment.rows, list(segment.model.metrics))

    def _cause(self, segment: SegmentDay) -> Cause:
        rows, columns = segment.rows.tolist(), {name: self.frame.index(name) for name in segment.model.metrics}

        def cause(i: int, name: str) -> str | None:
            return self.frame.reason_at(rows[i], columns[name]) or self._without_baseline(segment.model, name, rows[i])

        return cause

    def _without_baseline(self, model: ScoringModel, name: str, row: int) -> str | None:
        """Why a metric that has a value is unknown in the model; None unless it has nothing to be compared with."""
        normaliser = model.lines[model.metrics.index(name)].normaliser
        if not isinstance(normaliser, Baseline) or self.frame.state(row, name) != ComponentState.MEASURED:
            return None
        return f"too little of the {normaliser.days} days before was measured to say what is usual in this account"


def score_day(
    connection: sa.Connection,
    cards: Scorecards,
    yardstick: Yardstick,
    day: date,
    *,
    mode: Mode | None = None,
    now: datetime | None = None,
    accounts: Sequence[int] | None = None,
) -> DayScores:
    """Evaluate every account as of the end of `day`. now: given for the current day only, when staleness matters.

    accounts: only these, compared with the stored peers alone, as what is typical can't be learnt from a few. A parent among
    them takes in those of its children that are among them too.
    """
    return score_frame(
        connection,
        cards,
        yardstick,
        metrics_on(connection, cards, yardstick, day, mode=mode, now=now, accounts=accounts),
        lambda names, past: metrics_named(connection, names, yardstick, past, mode=mode, accounts=accounts),
        learn=accounts is None,
    )


def score_frame(
    connection: sa.Connection,
    cards: Scorecards,
    yardstick: Yardstick,
    frame: MetricFrame,
    evaluate_on: EvaluateOn,
    *,
    learn: bool,
    void: Collection[str] = (),
    published: DayScores | None = None,
    there: Sequence[ScoredThere] | None = None,
) -> DayScores:
    """Score accounts whose metrics are known. evaluate_on: gives metrics of the same accounts on days before.

    learn: whether what is typical and not stored yet is learnt from them. void: metrics of which what is stored does not hold.
    published: of a shadow, what is published that day: where both have the same segment and model, the published scores say
    what is typical, stored or not yet. there: what scorers on other machines made of each rule's accounts, where they have been
    asked. Raises EngineError where those machines see other segments.
    """
    learnt = {(s.rule.name, s.model.version): s.new_peers for s in published.segments} if published else {}
    columns = columns_of(frame, cards.fields)
    usual = usual_values(frame, cards.models.values(), evaluate_on)
    assignment = assign(cards.rules, columns, len(frame.account_ids))
    segments = [
        _score_segment(
            connection,
            cards,
            yardstick,
            frame,
            columns,
            usual,
            rule,
            np.flatnonzero(assignment.index == position),
            learnt.get((rule.name, cards.model_of(rule).version), {}),
            learn=learn,
            void=void,
            there=None if there is None else there[position],
        )
        for position, rule in enumerate(cards.rules)
    ]
    rolled = rolled_up([Part(s.rows, s.evaluation) for s in segments], parents_of(frame), revenue_of(frame))
    together = tuple(replace(segment, evaluation=found) for segment, found in zip(segments, rolled, strict=True))
    return DayScores(frame.day, frame, assignment, together)


def names_read(cards: Scorecards) -> set[str]:
    """The metrics, and attributes, that scorecards need on a day."""
    return {name for model in cards.models.values() for name in model.metrics} | cards.fields | {REVENUE}


def metrics_on(
    connection: sa.Connection,
    cards: Scorecards,
    yardstick: Yardstick,
    day: date,
    *,
    mode: Mode | None = None,
    now: datetime | None = None,
    accounts: Sequence[int] | None = None,
) -> MetricFrame:
    """The metrics that the scorecards need, of every account or of some, as of the end of `day`."""
    return metrics_named(connection, names_read(cards), yardstick, day, mode=mode, now=now, accounts=accounts)


def metrics_named(
    connection: sa.Connection,
    names: Iterable[str],
    yardstick: Yardstick,
    day: date,
    *,
    mode: Mode | None = None,
    now: datetime | None = None,
    accounts: Sequence[int] | None = None,
) -> MetricFrame:
    """Some metrics, by their names; names of attributes among them count for nothing. The rest as in `score_day`."""
    return evaluate_metrics(
        connection,
        [yardstick.metrics[name] for name in sorted(names) if name in yardstick.metrics],
        day=day,
        zone=yardstick.zone,
        mode=mode or AsCorrected(),
        reporting_currency=yardstick.currency,
        precedence=yardstick.precedence,
        accounts=accounts,
        now=now,
        stale_after=yardstick.stale_after,
        engine=yardstick.engine,
    )


def _score_segment(
    connection: sa.Connection,
    cards: Scorecards,
    yardstick: Yardstick,
    frame: MetricFrame,
    columns: Columns,
    usual: UsualValues,
    rule: Rule,
    rows: NDArray[np.int64],
    learnt: Mapping[str, Peer],
    *,
    learn: bool,
    void: Collection[str],
    there: ScoredThere | None,
) -> SegmentDay:
    model = cards.model_of(rule)
    values, states, own = inputs_of(frame, usual, model, rows)
    stored = stored_peers(connection, cards, rule.name, model, frame.day, void)
    if there is not None:
        _require_the_same(rule, frame.account_ids[rows], there.accounts)
    new = {} if there is None else dict(there.new_peers)
    peers = [peer or new.get(name) or learnt.get(name) for peer, name in zip(stored, model.metrics, strict=True)]
    if there is None and learn and any(peer is None for peer in peers):
        # What could not be measured when the day's peers were first taken may be measurable by now.
        for i, peer in enumerate(peers_of(model, values, states, own)):
            if peers[i] is None and peer is not None:
                peers[i] = new[model.metrics[i]] = peer
    evaluation = evaluate(
        model,
        model.make_scorer(yardstick.scorers),
        values,
        states,
        tuple(peers),
        columns={name: column[rows] for name, column in columns.items()},
        usual=own,
        parts=None if there is None else there.parts,
    )
    return SegmentDay(rule, model, rows, evaluation, tuple(peers), new)


def _require_the_same(rule: Rule, here: NDArray[np.int64], there: NDArray[np.int64]) -> None:
    if not np.array_equal(here, there):
        raise EngineError(
            f"segment {rule.name!r} holds {len(here)} accounts here and {len(there)} where it was scored, or others; "
            "install the same AccountPulse and the same plug-ins on the engine's machines"
        )


def stored_peers(
    connection: sa.Connection, cards: Scorecards, segment: str, model: ScoringModel, day: date, void: Collection[str] = ()
) -> Peers:
    """What was typical of a segment in a model on a day, as far as it is stored and not void; of a draft nothing is."""
    model_id, segment_id = cards.model_ids.get(model.version), cards.segment_ids.get(segment)
    if model_id is None or segment_id is None:
        return (None,) * len(model.lines)
    stored = store_scorecards.peers_of(connection, model_id, segment_id, day)
    return tuple(None if name in void else _stored_peer(stored.get(name)) for name in model.metrics)


def _stored_peer(row: sa.Row[Any] | None) -> Peer | None:
    if row is None:
        return None
    return Peer(row.component, row.value, row.accounts, tuple((float(x), float(y)) for x, y in row.curve))
