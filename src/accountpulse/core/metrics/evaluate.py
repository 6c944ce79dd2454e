"""Evaluates metrics: a value, a state and, where there is no value, a reason for each account and metric on one day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from accountpulse.core.clock import day_of
from accountpulse.core.metrics.asof import Mode
from accountpulse.core.metrics.coverage import coverage
from accountpulse.core.metrics.declare import Metric
from accountpulse.core.metrics.engine import STORE, Engine
from accountpulse.core.metrics.frame import MetricFrame
from accountpulse.core.metrics.measure import judged, measure, question_of
from accountpulse.core.metrics.population import Precedence

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
    engine: Engine = STORE,
) -> MetricFrame:
    """Evaluate metrics at the end of `day` in `zone`, for the accounts that exist then.

    mode: which versions of the facts count. precedence: attribute -> connection ids, first first. accounts: only these ids.
    now: the present; on its day, a source whose newest success is older than `stale_after` has state stale. engine: where
    the metrics run. Raises MetricError for a metric that can't be compiled. Amounts are converted at the store's rates in
    force on `day`.
    """
    facts = engine.facts(connection, accounts)
    question = question_of(
        connection,
        metrics,
        facts,
        day=day,
        zone=zone,
        mode=mode,
        reporting_currency=reporting_currency,
        precedence=precedence,
        accounts=accounts,
        include_churned=include_churned,
    )
    measured = measure(facts, question)
    covered = coverage(
        connection,
        records_of(measured.metrics),
        measured.population.account_ids,
        mode=mode,
        stale_before=now - stale_after if now is not None and day_of(now, zone) == day else None,
        accounts=accounts,
        facts=facts,
    )
    return judged(measured, covered)


def records_of(metrics: Sequence[Metric]) -> list[str]:
    """The record types that metrics read, each once."""
    return list(dict.fromkeys(source for metric in metrics for source in metric.sources))
