"""Evaluates metrics: a value, a state and, where there is no value, a reason for each account and metric on one day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import sqlalchemy as sa

from accountpulse.core.clock import day_of
from accountpulse.core.metrics.asof import AsCorrected, Mode, Moment
from accountpulse.core.metrics.clocks import Days, local_days, whole_days
from accountpulse.core.metrics.compiler import Compiled, compile_metrics
from accountpulse.core.metrics.coverage import coverage
from accountpulse.core.metrics.declare import Metric
from accountpulse.core.metrics.dialects import dialect_of
from accountpulse.core.metrics.features import key_features
from accountpulse.core.metrics.frame import Floats, MetricFrame
from accountpulse.core.metrics.judge import Evidence, Sentences, judge
from accountpulse.core.metrics.money import conversion
from accountpulse.core.metrics.population import Precedence, decode, ordered
from accountpulse.core.metrics.rows import ACCOUNTS

STALE_AFTER = timedelta(days=3)


def evaluate(
    connection: sa.Connection,
    metrics: Sequence[Metric],
    *,
    day: date,
    zone: ZoneInfo,
    mode: Mode,
    reporting_currency: str,
    precedence: Precedence | None = None,
    accounts: Sequence[int] | None = None,
    now: datetime | None = None,
    stale_after: timedelta = STALE_AFTER,
    include_churned: bool = False,
) -> MetricFrame:
    """Evaluate metrics at the end of `day` in `zone`, for the accounts that exist then.

    mode: which versions of the facts count. precedence: attribute -> connection ids, first first. accounts: only these ids.
    now: the present; on its day, a source whose newest success is older than `stale_after` has state stale. Raises MetricError
    for a metric that can't be compiled. Amounts are converted at the store's rates in force on `day`.
    """
    dialect = dialect_of(connection)
    corrected = isinstance(mode, AsCorrected)
    asked = tuple(metrics)
    moment = Moment(day, zone, mode)
    worth = conversion(connection, moment, reporting_currency)
    compiled = compile_metrics(
        asked, dialect.name, corrected, accounts is not None, ordered(precedence or {}), include_churned, worth.currencies
    )
    parameters = moment.parameters(compiled.bounds, dialect) | dict(compiled.constants)
    if compiled.needs_rates:
        parameters |= worth.parameters()
    if compiled.needs_key_features:
        parameters |= key_features(connection, moment).parameters(dialect)
    if accounts is not None:
        parameters[ACCOUNTS] = dialect.ids(accounts)
    dialect.prepare(connection)
    rows = connection.execute(compiled.text, parameters).all()

    people = len(compiled.population)
    texts = people + compiled.numbers
    population = decode([row[:people] for row in rows], compiled.population)
    numbers = np.array([row[people:texts] for row in rows], dtype=np.float64).reshape(len(rows), compiled.numbers)
    covered = coverage(
        connection,
        dict.fromkeys(source for m in asked for source in m.sources),
        population.account_ids,
        mode=mode,
        stale_before=now - stale_after if now is not None and day_of(now, zone) == day else None,
        accounts=accounts,
    )
    values = np.full((len(rows), len(asked)), np.nan)
    states = np.zeros((len(rows), len(asked)), dtype=np.int8)
    reasons = np.zeros((len(rows), len(asked)), dtype=np.int32)
    anchors: dict[str, Days] = {}
    sentences = Sentences()
    for i, metric in enumerate(asked):
        given, anchor = _given(metric, compiled, numbers, day, zone)
        if anchor is not None:
            anchors[metric.name] = anchor
        evidence = Evidence(
            values=given,
            found={s: numbers[:, compiled.found[metric.name, s]] > 0 for s in metric.sources},
            covered={s: covered[s] for s in metric.sources},
            applies=numbers[:, compiled.applies[metric.name]] > 0 if metric.applies else None,
            foreign=[row[texts + compiled.foreign[metric.name]] for row in rows] if metric.name in compiled.foreign else None,
        )
        values[:, i], states[:, i], reasons[:, i] = judge(metric, evidence, worth, sentences)
    return MetricFrame(
        day=day,
        metrics=asked,
        population=population,
        values=values,
        states=states,
        anchors=anchors,
        fresh_at={record: c.fresh_at for record, c in covered.items()},
        reason_numbers=reasons,
        sentences=sentences.texts,
    )


def _given(metric: Metric, compiled: Compiled, numbers: Floats, day: date, zone: ZoneInfo) -> tuple[Floats, Days | None]:
    """What the query gave for a metric, and for a clock metric the days that its numbers count from."""
    column = numbers[:, compiled.value[metric.name]]
    if metric.clock is None:
        return (np.rint(column) + 0.0 if metric.money else column), None  # -0.0 would read as a debt
    anchors = local_days(column, compiled.clocks[metric.name], zone)
    return whole_days(anchors, day, metric.clock), anchors
