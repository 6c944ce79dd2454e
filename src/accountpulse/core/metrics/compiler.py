"""Turns a set of metrics into one query: the population, a pass for each source, and an expression for each metric.

The text is made once for each (metrics, engine, mode) and kept: what differs from day to day is bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from accountpulse.core.errors import MetricError
from accountpulse.core.metrics import features, money
from accountpulse.core.metrics.asof import Bound
from accountpulse.core.metrics.declare import Aggregate, Metric
from accountpulse.core.metrics.dialects import DIALECTS, Dialect, quoted
from accountpulse.core.metrics.expressions import Name, Part, translate, translate_condition
from accountpulse.core.metrics.passes import (
    Prepared,
    foreign_currency,
    group_into_passes,
    pass_sql,
    prepare,
    rows_read_once,
    table_query,
)
from accountpulse.core.metrics.population import ATTRIBUTES, SINGLE, Order, customers_query, population_query
from accountpulse.core.metrics.rows import FewOf, Scope
from accountpulse.core.metrics.tables import TableQuery
from accountpulse.core.model import Kind

_NUMBERS = (Kind.INTEGER, Kind.FLOAT, None)


@dataclass(frozen=True)
class Compiled:
    """A query over all metrics, and where in its rows to find what.

    text: with its parameters as `:name`. A row is the population's columns, then `numbers` columns of numbers, then texts.
    value, applies, foreign: metric -> column; found: (metric, source) -> column, 1 where one of the metric's aggregates over
    that source found a row. clocks: metric -> whether its value is an instant (microseconds) or a day. Columns of numbers are
    counted from the first of them, and the texts (foreign) from the first text. tables: queries of their own, with the same
    parameters, for the rows that functions of metrics read; those metrics have null for a value here.
    """

    text: str
    bounds: tuple[Bound, ...]
    constants: Mapping[str, object]
    needs_rates: bool
    needs_key_features: bool
    population: tuple[str, ...]
    numbers: int
    value: Mapping[str, int]
    found: Mapping[tuple[str, str], int]
    applies: Mapping[str, int]
    foreign: Mapping[str, int]
    clocks: Mapping[str, Kind]
    tables: Mapping[Aggregate, TableQuery]


@dataclass(slots=True)
class _Slot:
    """An aggregate's place in the query: the column that holds it and, for money, the one with a foreign currency.

    table: the query for its rows, where it is about them.
    """

    name: Name
    found: str
    foreign: str | None = None
    table: TableQuery | None = None


def check_metric(metric: Metric) -> None:
    """Raise MetricError when a metric can't be compiled, naming the metric, the part at fault and what is allowed."""
    for dialect in DIALECTS.values():
        compile_metrics((metric,), dialect)


@lru_cache(maxsize=64)
def compile_metrics(
    metrics: tuple[Metric, ...],
    dialect: Dialect,
    corrected: bool = True,
    some_accounts: bool = False,
    precedence: Order = (),
    include_churned: bool = False,
    currencies: tuple[str, ...] = (),
    pinned: bool = False,
    customers: bool = False,
    few: tuple[FewOf, ...] = (),
) -> Compiled:
    """Compile metrics for one engine and mode. Raises MetricError for the first one that can't be.

    currencies: those that amounts can be converted from, besides the reporting one. pinned: see `Scope`. customers: the
    accounts asked for are known to be customers then, so who they are is not read; no metric may read an attribute.
    few: the columns whose texts are bound, see `few_texts`.
    """
    scope = Scope(dialect, corrected, some_accounts, currencies, pinned, few)
    people = customers_query(scope) if customers else population_query(scope, precedence, include_churned)
    slots, rows, passes = _slots(metrics, scope)
    numbers: list[str] = []
    texts: list[str] = []
    value: dict[str, int] = {}
    found: dict[tuple[str, str], int] = {}
    applies: dict[str, int] = {}
    foreign: dict[str, int] = {}
    clocks: dict[str, Kind] = {}

    def number(sql: str) -> int:
        numbers.append(sql)
        return len(numbers) - 1

    for metric in metrics:
        names = {name: slots[aggregate].name for name, aggregate in metric.aggregates.items()}
        expression = "null" if metric.compute else metric.expression
        part = translate(expression, names, scope.dialect, scope.literals, f"metric {metric.name!r}")
        value[metric.name] = number(_result(metric, part, scope))
        if metric.clock is not None and part.kind is not None:
            clocks[metric.name] = part.kind
        for source in metric.sources:
            anything = [slots[a].found for a in metric.aggregates.values() if a.source == source]
            found[metric.name, source] = number(f"case when {' or '.join(anything)} then 1 else 0 end")
        if metric.applies:
            condition = translate_condition(
                metric.applies, names, scope.dialect, scope.literals, f"metric {metric.name!r}, applies"
            )
            applies[metric.name] = number(f"case when {condition.sql} then 1 else 0 end")
        if problems := [c for a in metric.aggregates.values() if (c := slots[a].foreign)]:
            foreign[metric.name] = len(texts)
            texts.append(_first_of(problems))

    selected = [*(f"population.{quoted(c)}" for c in people.columns), *numbers, *texts]
    joins = "".join(f"\nleft join {name} on {name}.account_id = population.account_id" for name, _ in passes)
    ctes = [*people.ctes, *(f"{name} as materialized (\n{sql}\n)" for name, sql in rows)]
    ctes += [f"{name} as {scope.dialect.apart}(\n{sql}\n)" for name, sql in passes]
    statement = "with " + ",\n".join(ctes) + "\nselect " + ",\n".join(selected)
    statement += f"\nfrom population{joins}\norder by population.account_id"
    return Compiled(
        text=scope.dialect.finished(statement),
        bounds=tuple(scope.bounds.used),
        constants={**scope.literals.values, **people.constants},
        needs_rates=f":{money.REPORTING}" in statement,
        needs_key_features=f":{features.NAMES}" in statement or f":{features.COUNT}" in statement,
        population=tuple(people.columns),
        numbers=len(numbers),
        value=value,
        found=found,
        applies=applies,
        foreign=foreign,
        clocks=clocks,
        tables={aggregate: slot.table for aggregate, slot in slots.items() if slot.table},
    )


def _slots(
    metrics: Iterable[Metric], scope: Scope
) -> tuple[dict[Aggregate, _Slot], list[tuple[str, str]], list[tuple[str, str]]]:
    """Where each aggregate is found, the rows that several passes read, and the passes, both as (name, text).

    Equal aggregates are computed once.
    """
    slots: dict[Aggregate, _Slot] = {}
    prepared: list[Prepared] = []
    columns: dict[int, str] = {}
    for metric in metrics:
        for name, aggregate in metric.aggregates.items():
            if aggregate in slots:
                continue
            place = f"metric {metric.name!r}, aggregate {name!r}"
            if aggregate.function == "attribute":
                slots[aggregate] = _attribute(aggregate, place)
                continue
            if aggregate.function == "key_features":
                # How many there are is no row of the account's.
                slots[aggregate] = _Slot(Name(f"cast(:{features.COUNT} as bigint)", Kind.INTEGER), "1 = 0")
                continue
            one = prepare(aggregate, scope, place)
            columns[len(prepared)] = f"g{len(columns)}"
            prepared.append(one)
            slots[aggregate] = _Slot(Name("", one.kind), "")
            if one.function == "rows":
                slots[aggregate].table = table_query(one, scope)
            if one.money:
                columns[len(prepared)] = f"g{len(columns)}"
                prepared.append(foreign_currency(one))
    number_of = {id(p): i for i, p in enumerate(prepared)}
    passes = []
    groups = group_into_passes(prepared, scope)
    rows = {source: (f"rows_{source}", sql) for source, sql in rows_read_once(groups, scope).items()}
    for i, members in enumerate(groups):
        name = f"p{i}"
        table, _ = rows.get(members[0].source.name, (None, ""))
        passes.append((name, pass_sql(members, [columns[number_of[id(m)]] for m in members], scope, table)))
        for m in members:
            _place(slots[m.aggregate], m, f"{name}.{columns[number_of[id(m)]]}")
    return slots, list(rows.values()), passes


def _place(slot: _Slot, member: Prepared, column: str) -> None:
    if member.function == "foreign":
        slot.foreign = column
    elif member.is_total:
        slot.name = Name(f"coalesce({column}, 0)", member.kind)
        slot.found = f"{column} is not null" if member.function == "sum" else f"{column} > 0"
    else:
        slot.name = Name(column, member.kind)
        slot.found = f"{column} is not null"


def _attribute(aggregate: Aggregate, place: str) -> _Slot:
    if aggregate.value not in SINGLE:
        raise MetricError(f"{place}: there is no attribute {aggregate.value!r}; there are {', '.join(SINGLE)}")
    column = f"population.{quoted(aggregate.value)}"
    return _Slot(Name(column, ATTRIBUTES[aggregate.value]), f"{column} is not null")


def _result(metric: Metric, part: Part, scope: Scope) -> str:
    """The metric's value as a number: of a clock metric, the time it counts from or to."""
    if metric.clock is None:
        if part.kind not in _NUMBERS:
            raise MetricError(
                f"metric {metric.name!r}: {metric.expression!r} is {part.kind.value if part.kind else 'null'}, not a number; "
                "for a time, add clock='since' or clock='until'"
            )
        return scope.dialect.number(part.sql)
    if part.kind is Kind.INSTANT:
        return scope.dialect.instant_number(part.sql)
    if part.kind is Kind.DAY:
        return scope.dialect.day_number(part.sql)
    raise MetricError(f"metric {metric.name!r}: a clock needs a time, and {metric.expression!r} is none")


def _first_of(columns: Sequence[str]) -> str:
    return columns[0] if len(columns) == 1 else f"coalesce({', '.join(columns)})"
