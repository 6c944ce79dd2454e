"""One day scored where the facts are, where the engine can.

Of a past day its scores and what a history keeps of them come back: metrics, attributes and reasons stay there, so it can be
written, not explained. Of the current day, which is explained, what scorers made of every component and the measurements do.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, cast

import numpy as np
import sqlalchemy as sa

from accountpulse.core.metrics.asof import AsCorrected
from accountpulse.core.metrics.coverage import links_query, providers_of
from accountpulse.core.metrics.declare import Metric
from accountpulse.core.metrics.engine import Facts, StoreFacts
from accountpulse.core.metrics.frame import MetricFrame
from accountpulse.core.metrics.measure import Question, question_of
from accountpulse.core.metrics.population import ATTRIBUTES, Population
from accountpulse.core.scoring.day import (
    DayScores,
    Scorecards,
    ScoredThere,
    SegmentDay,
    Yardstick,
    names_read,
    stored_peers,
)
from accountpulse.core.scoring.inputs import REVENUE, parents_of, revenue_of
from accountpulse.core.scoring.normalise import Baseline
from accountpulse.core.scoring.peers import Peers
from accountpulse.core.scoring.rollup import Part, rolled_up
from accountpulse.core.scoring.segments import Assignment
from accountpulse.core.scoring.stored_frame import StoredFrame

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from accountpulse.core.metrics.spark import SparkFacts
    from accountpulse.core.scoring.live_header import Live
    from accountpulse.core.scoring.spread import Plan, Scored

log = logging.getLogger("accountpulse.scoring")
_MODE = AsCorrected()


@dataclass(frozen=True)
class ScoredToday:
    """The current day as it came back: what is kept of all accounts, and what scorers made of each rule's."""

    frame: StoredFrame
    segments: tuple[ScoredThere, ...]


def spread_day(connection: sa.Connection, cards: Scorecards, yardstick: Yardstick, day: date) -> DayScores | None:
    """The raw scores of a past day, of every account, learning what is typical where it is not stored yet.

    None where the engine scores nothing itself, or a metric is a function: its rows would have to come here.
    """
    from accountpulse.core.scoring.spread import spread

    asked = _asked(cards, yardstick)
    facts = _spreading(connection, yardstick, asked)
    if facts is None:
        return None
    plan = _plan(connection, cards, yardstick, day, facts, asked)
    with _explained(facts):
        scored = spread(plan, _side_by_side(facts, plan.questions), _stored(connection, cards, day))
    return _day_scores(cards, plan.questions[0], plan, scored)


def spread_today(
    connection: sa.Connection, live: Live, asked: Mapping[int, Sequence[Metric]], void: Collection[str]
) -> ScoredToday | None:
    """What scorers make of every account on the current day, and its measurements; None as in `spread_day`.

    asked: the metrics by how many days before the current one, that first. void: as in `score_frame`.
    """
    from accountpulse.core.scoring.spread_parts import spread_parts

    facts = _spreading(connection, live.yardstick, asked)
    if facts is None:
        return None
    plan = _plan(
        connection, live.cards, live.yardstick, live.day, facts, asked, stale_before=live.now - live.yardstick.stale_after
    )
    with _explained(facts):
        return spread_parts(plan, _side_by_side(facts, plan.questions), _stored(connection, live.cards, live.day, void))


def _spreading(connection: sa.Connection, yardstick: Yardstick, asked: Mapping[int, Sequence[Metric]]) -> SparkFacts | None:
    """The facts that an engine scores where they are; None where it is to be done here."""
    if not yardstick.engine.spreads:
        return None
    if functions := sorted(m.name for metrics in asked.values() for m in metrics if m.compute):
        log.info("scored here, not in the engine: %s are functions over rows", ", ".join(dict.fromkeys(functions)))
        return None
    facts = yardstick.engine.facts(connection)
    # A transaction that writes reads its own facts.
    return None if isinstance(facts, StoreFacts) else cast("SparkFacts", facts)


def _stored(connection: sa.Connection, cards: Scorecards, day: date, void: Collection[str] = ()) -> list[Peers]:
    return [stored_peers(connection, cards, rule.name, cards.model_of(rule), day, void) for rule in cards.rules]


def _asked(cards: Scorecards, yardstick: Yardstick) -> dict[int, list[Metric]]:
    """The metrics by how many days before the day they are wanted, the day itself first."""
    wanted: dict[int, set[str]] = {0: names_read(cards)}
    for model in cards.models.values():
        for line in model.lines:
            if isinstance(line.normaliser, Baseline):
                for offset in line.normaliser.offsets:
                    wanted.setdefault(offset, set()).add(line.metric)
    return {o: [yardstick.metrics[n] for n in sorted(names) if n in yardstick.metrics] for o, names in wanted.items()}


def _question(
    connection: sa.Connection, yardstick: Yardstick, facts: Facts, day: date, offset: int, metrics: Sequence[Metric]
) -> Question:
    return question_of(
        connection,
        metrics,
        facts,
        day=day - timedelta(days=offset),
        zone=yardstick.zone,
        mode=_MODE,
        reporting_currency=yardstick.currency,
        precedence=yardstick.precedence,
    )


def _plan(
    connection: sa.Connection,
    cards: Scorecards,
    yardstick: Yardstick,
    day: date,
    facts: Facts,
    asked: Mapping[int, Sequence[Metric]],
    *,
    stale_before: datetime | None = None,
) -> Plan:
    from accountpulse.core.scoring.spread import Plan

    questions = {offset: _question(connection, yardstick, facts, day, offset, metrics) for offset, metrics in asked.items()}
    models = tuple(cards.model_of(rule) for rule in cards.rules)
    used = {model.scorer for model in models}
    return Plan(
        day=day,
        stale_before=stale_before,
        questions=questions,
        width={o: len(q.compiled.population) + q.compiled.numbers + len(q.compiled.foreign) for o, q in questions.items()},
        providers=providers_of(connection, _MODE),
        rules=cards.rules,
        models=models,
        fields=cards.fields,
        scorers={id: scorer for id, scorer in yardstick.scorers.items() if id in used},
    )


def _explained(facts: SparkFacts) -> AbstractContextManager[None]:
    return facts.explained()


def _side_by_side(facts: SparkFacts, questions: Mapping[int, Question]) -> DataFrame:
    """The answers, joined by account, and the connections that each account has a source account in."""
    frames = []
    for offset, question in questions.items():
        answer = facts.frame(question.compiled.text, question.parameters)
        frames.append(answer.toDF(*(f"o{offset}_{i}" for i in range(len(answer.columns)))))
    together, *others = frames
    account = together[together.columns[0]]
    for other in others:
        together = together.join(other, account == other[other.columns[0]], "left")
    links = facts.frame(links_query(facts.dialect, True, False, False, False), {})
    grouped = links.groupBy("account_id").agg({"connection_id": "collect_set"}).toDF("linked_account", "connections")
    joined = together.join(grouped, account == grouped["linked_account"], "left")
    return joined.drop("linked_account")


def _day_scores(cards: Scorecards, question: Question, plan: Plan, scored: Scored) -> DayScores:
    frame = _frame(question, scored)
    evaluations = rolled_up([Part(s.rows, s.evaluation) for s in scored.segments], parents_of(frame), revenue_of(frame))
    segments = tuple(
        SegmentDay(rule, model, segment.rows, evaluation, segment.peers, segment.new)
        for rule, model, segment, evaluation in zip(cards.rules, plan.models, scored.segments, evaluations, strict=True)
    )
    return DayScores(plan.day, frame, Assignment(cards.rules, scored.index, scored.matched, {}), segments)


def _frame(question: Question, scored: Scored) -> MetricFrame:
    """What is needed of the metrics to book and roll up: the revenue, owners and parents."""
    n = len(scored.accounts)
    nothing: list[object] = [None] * n
    attributes = dict.fromkeys(ATTRIBUTES, nothing) | {"owner": scored.owners, "parent": scored.parents}
    return MetricFrame(
        day=question.moment.day,
        metrics=tuple(metric for metric in question.metrics if metric.name == REVENUE),
        population=Population(scored.accounts, attributes, {}),
        values=scored.revenue.reshape(n, 1),
        states=scored.revenue_states.reshape(n, 1),
        anchors={},
        fresh_at={},
        reason_numbers=np.zeros((n, 1), dtype=np.int32),
        sentences=[""],
    )
