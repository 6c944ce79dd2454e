"""What the facts say, before anybody asks who would know: the first half of an evaluation.

Measurements depend on the facts of their own account, on the day, and on what all accounts share (rates, key features). Which
connections answer for an account, and how fresh they are, comes in later (`judge.py`), so measurements can be kept while that
changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from accountpulse.core.metrics.asof import AsCorrected, Mode, Moment
from accountpulse.core.metrics.clocks import Days, local_days, whole_days
from accountpulse.core.metrics.compiler import Compiled, compile_metrics
from accountpulse.core.metrics.coverage import Coverage
from accountpulse.core.metrics.declare import Aggregate, Metric
from accountpulse.core.metrics.engine import Answer, Facts, Floats
from accountpulse.core.metrics.features import KeyFeatures, key_features
from accountpulse.core.metrics.few import few_texts, parameters_of
from accountpulse.core.metrics.frame import MetricFrame
from accountpulse.core.metrics.judge import Evidence, Sentences, judge
from accountpulse.core.metrics.money import Conversion, conversion
from accountpulse.core.metrics.population import Population, Precedence, decode, ordered
from accountpulse.core.metrics.rows import ACCOUNTS
from accountpulse.core.metrics.tables import Table, Tables, table_of
from accountpulse.core.model import Kind

Flag = tuple[str, str]
"""A metric and a source, or a metric and `APPLIES`."""
APPLIES = "applies"


@dataclass(frozen=True)
class Measurements:
    """What the facts say about metrics on one day. Rows are accounts by ascending id, columns as `metrics`.

    values: (n, m) what the expressions give, NaN for null; of a clock metric the time it counts from or to, as `clocks` says
    (microseconds or days since 1970). flags: (n, f) in the order of `flags_of`: whether the metric found a row in the source,
    whether it makes sense for the account. problems: by metric, what is wrong with an amount, see `Conversion.problem`, or with
    what a function computed, see `tables.SAID`; None where nothing is. worth: what amounts were converted with. features: the
    key features, None where no metric asks for them.
    """

    day: date
    zone: ZoneInfo
    metrics: tuple[Metric, ...]
    population: Population
    values: Floats
    flags: NDArray[np.bool_]
    problems: Mapping[str, Sequence[object]]
    clocks: Mapping[str, Kind]
    worth: Conversion
    features: KeyFeatures | None


@dataclass(frozen=True)
class Question:
    """The metrics' query on one day, and what it binds: all that is needed to read its answer, of all accounts or of some."""

    metrics: tuple[Metric, ...]
    moment: Moment
    compiled: Compiled
    parameters: Mapping[str, object]
    worth: Conversion
    features: KeyFeatures | None


def flags_of(metrics: Sequence[Metric]) -> list[Flag]:
    """The columns of `Measurements.flags`."""
    return [
        flag
        for m in metrics
        for flag in [*((m.name, source) for source in m.sources), *([(m.name, APPLIES)] * bool(m.applies))]
    ]


def measure(facts: Facts, question: Question) -> Measurements:
    """Run a question's query over the facts it was made for."""
    compiled, parameters = question.compiled, question.parameters
    answer = facts.ask(compiled.text, parameters)
    ids = np.array(answer.objects(0), dtype=np.int64)
    tables = {read: table_of(facts.ask(query.text, parameters), query, ids) for read, query in compiled.tables.items()}
    return measurements_of(question, answer, tables)


def question_of(
    connection: sa.Connection,
    metrics: Sequence[Metric],
    facts: Facts,
    *,
    day: date,
    zone: ZoneInfo,
    mode: Mode,
    reporting_currency: str,
    precedence: Precedence | None = None,
    accounts: Sequence[int] | None = None,
    include_churned: bool = False,
    features: KeyFeatures | None = None,
    customers: bool = False,
) -> Question:
    """The question that metrics put to facts; the arguments as in `evaluate`. features: the key features, where they are known.

    customers: `accounts` are known to be customers that day, and no metric reads an attribute: the population is then nothing
    but their ids. Merging what sources say of an account takes as long as most metrics.
    """
    dialect = facts.dialect
    asked = tuple(metrics)
    moment = Moment(day, zone, mode)
    worth = conversion(connection, moment, reporting_currency)
    few = few_texts(asked, moment, facts)
    compiled = compile_metrics(
        asked,
        dialect,
        isinstance(mode, AsCorrected),
        accounts is not None,
        ordered(precedence or {}),
        include_churned,
        worth.currencies,
        mode.at is not None,
        customers,
        tuple(few),
    )
    parameters = moment.parameters(compiled.bounds, dialect) | dict(compiled.constants) | parameters_of(few, dialect)
    if compiled.needs_rates:
        parameters |= worth.parameters()
    if not compiled.needs_key_features:
        features = None
    else:
        features = features or key_features(connection, moment, facts)
        parameters |= features.parameters(dialect)
    if accounts is not None:
        parameters[ACCOUNTS] = dialect.ids(accounts)
    return Question(asked, moment, compiled, parameters, worth, features)


def measurements_of(question: Question, answer: Answer, tables: Mapping[Aggregate, Table]) -> Measurements:
    """Read an answer to the question, of the accounts in it. tables: of the same accounts, for the functions of metrics."""
    asked, compiled = question.metrics, question.compiled
    people = len(compiled.population)
    numbers = answer.floats(people, compiled.numbers)
    values = numbers[:, [compiled.value[m.name] for m in asked]]
    flags = numbers[:, [_place(compiled, flag) for flag in flags_of(asked)]] > 0
    problems = _foreign(answer, compiled, people + compiled.numbers)
    population = decode(answer, compiled.population)
    ids = population.account_ids
    for i, metric in enumerate(asked):
        if metric.compute:
            given = {name: tables[aggregate] for name, aggregate in metric.aggregates.items()}
            values[:, i], wrong = metric.compute.values(Tables(question.moment.day, len(ids), given))
            if wrong:
                known = problems.get(metric.name, [None] * len(ids))
                problems[metric.name] = [wrong.get(row) if problem is None else problem for row, problem in enumerate(known)]
    moment = question.moment
    return Measurements(
        day=moment.day,
        zone=moment.zone,
        metrics=asked,
        population=population,
        values=values,
        flags=flags,
        problems=problems,
        clocks=compiled.clocks,
        worth=question.worth,
        features=question.features,
    )


def judged(measured: Measurements, covered: Mapping[str, Coverage]) -> MetricFrame:
    """Decide where there is a value, and where not, why. covered: by record type, for the same accounts in the same order."""
    values = np.full(measured.values.shape, np.nan)
    states = np.zeros(measured.values.shape, dtype=np.int8)
    reasons = np.zeros(measured.values.shape, dtype=np.int32)
    anchors: dict[str, Days] = {}
    sentences = Sentences()
    flag_at = {flag: i for i, flag in enumerate(flags_of(measured.metrics))}
    for i, metric in enumerate(measured.metrics):
        given, anchor = _given(metric, measured, measured.values[:, i])
        if anchor is not None:
            anchors[metric.name] = anchor
        evidence = Evidence(
            values=given,
            found={s: measured.flags[:, flag_at[metric.name, s]] for s in metric.sources},
            covered={s: covered[s] for s in metric.sources},
            applies=measured.flags[:, flag_at[metric.name, APPLIES]] if metric.applies else None,
            problems=measured.problems.get(metric.name),
        )
        values[:, i], states[:, i], reasons[:, i] = judge(metric, evidence, measured.worth, sentences)
    return MetricFrame(
        day=measured.day,
        metrics=measured.metrics,
        population=measured.population,
        values=values,
        states=states,
        anchors=anchors,
        fresh_at={record: c.fresh_at for record, c in covered.items()},
        reason_numbers=reasons,
        sentences=sentences.texts,
    )


def _place(compiled: Compiled, flag: Flag) -> int:
    metric, what = flag
    return compiled.applies[metric] if what == APPLIES else compiled.found[flag]


def _foreign(answer: Answer, compiled: Compiled, texts: int) -> dict[str, Sequence[object]]:
    found = {metric: answer.objects(texts + place) for metric, place in compiled.foreign.items()}
    return {metric: column for metric, column in found.items() if any(problem is not None for problem in column)}


def _given(metric: Metric, measured: Measurements, column: Floats) -> tuple[Floats, Days | None]:
    """What the query gave for a metric, and for a clock metric the days that its numbers count from."""
    if metric.clock is None:
        return (np.rint(column) + 0.0 if metric.money else column), None  # -0.0 would read as a debt
    anchors = local_days(column, measured.clocks[metric.name], measured.zone)
    return whole_days(anchors, measured.day, metric.clock), anchors
