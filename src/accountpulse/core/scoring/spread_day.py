"""One day scored where the facts are, where the engine can: its scores and what a history keeps of them come back.

Metrics, attributes and reasons stay there, so what came back can be written, not explained.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import sqlalchemy as sa

from accountpulse.core.metrics.asof import AsCorrected
from accountpulse.core.metrics.coverage import links_query, providers_of
from accountpulse.core.metrics.declare import Metric
from accountpulse.core.metrics.engine import Facts
from accountpulse.core.metrics.frame import MetricFrame
from accountpulse.core.metrics.measure import Question, question_of
from accountpulse.core.metrics.population import ATTRIBUTES, Population
from accountpulse.core.scoring.day import DayScores, Scorecards, SegmentDay, Yardstick, names_read, stored_peers
from accountpulse.core.scoring.inputs import REVENUE, parents_of, revenue_of
from accountpulse.core.scoring.normalise import Baseline
from accountpulse.core.scoring.rollup import Part, rolled_up
from accountpulse.core.scoring.segments import Assignment

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from accountpulse.core.metrics.spark import SparkFacts
    from accountpulse.core.scoring.spread import Plan, Scored

log = logging.getLogger("accountpulse.scoring")
_MODE = AsCorrected()


def spread_day(connection: sa.Connection, cards: Scorecards, yardstick: Yardstick, day: date) -> DayScores | None:
    """The raw scores of a past day, of every account, learning what is typical where it is not stored yet.

    None where the engine scores nothing itself, or a metric is a function: its rows would have to come here.
    """
    if not yardstick.engine.spreads:
        return None
    asked = _asked(cards, yardstick)
    if functions := sorted(m.name for metrics in asked.values() for m in metrics if m.compute):
        log.info("scored here, not in the engine: %s are functions over rows", ", ".join(dict.fromkeys(functions)))
        return None
    facts = yardstick.engine.facts(connection)
    questions = {offset: _question(connection, yardstick, facts, day, offset, metrics) for offset, metrics in asked.items()}
    plan = _plan(connection, cards, yardstick, day, questions)
    stored = [stored_peers(connection, cards, rule.name, cards.model_of(rule), day) for rule in cards.rules]
    return _day_scores(cards, questions[0], plan, _scored(facts, plan, stored))  # type: ignore[arg-type]  # it spreads


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
    connection: sa.Connection, cards: Scorecards, yardstick: Yardstick, day: date, questions: Mapping[int, Question]
) -> Plan:
    from accountpulse.core.scoring.spread import Plan

    models = tuple(cards.model_of(rule) for rule in cards.rules)
    used = {model.scorer for model in models}
    return Plan(
        day=day,
        questions=questions,
        width={o: len(q.compiled.population) + q.compiled.numbers + len(q.compiled.foreign) for o, q in questions.items()},
        providers=providers_of(connection, _MODE),
        rules=cards.rules,
        models=models,
        fields=cards.fields,
        scorers={id: scorer for id, scorer in yardstick.scorers.items() if id in used},
    )


def _scored(facts: SparkFacts, plan: Plan, stored: Sequence[tuple[object, ...]]) -> Scored:
    from accountpulse.core.scoring.spread import spread

    with _explained(facts):
        return spread(plan, _side_by_side(facts, plan.questions), stored)  # type: ignore[arg-type]  # peers, as they were read


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
    grouped = links.groupBy("account_id").agg({"connection_id": "collect_list"}).toDF("linked_account", "connections")
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
