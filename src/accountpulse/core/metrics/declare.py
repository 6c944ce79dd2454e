"""Metrics are declarations: aggregates over fact sources with windows and conditions, and one scalar expression over them.

Windows are data, so one declaration yields the SQL of every engine, the as-of guards, the look-back to read, which accounts
change when a day passes, and the documentation.

    metric("urgent_share_90d", "urgent / tickets", title="Urgent tickets", group="support", unit="share", better="lower",
           urgent=count("ticket", where="priority >= 4", window=90), tickets=count("ticket", window=90))

In an expression `/` never truncates, and a division by zero has no value. Counts and totals are 0 where no row matches;
every other aggregate has no value there. An account none of whose aggregates found a row has no value at all, or `empty`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypedDict, Unpack

from accountpulse.core.errors import MetricError
from accountpulse.core.metrics.engine import Floats
from accountpulse.core.metrics.tables import TableFunction, Tables

Function = Literal[
    "count", "sum", "avg", "min", "max", "last", "distinct", "median", "open", "top", "attribute", "key_features", "rows"
]
Group = Literal["usage", "support", "billing", "feedback", "relationship"]
Better = Literal["higher", "lower"]
Clock = Literal["since", "until"]
Window = int | tuple[int, int] | None

KEY_FEATURE_DAYS = 90
"""Where the configuration names no key features, those that any customer used in so many days before T."""


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One aggregate over one fact source, for each account.

    source: a record type's name. value: a scalar expression over its columns. where: a condition over them.
    window: `n` reads `[T - n days, T)`; `(a, b)` reads `[T - a, T - b)`; None reads everything before T.
    at: the column that the window is about, when not the record's own event time (an average over solved tickets is filtered
    by `solved_at`). The as-of predicate is always added by the compiler; authors never write it.
    until: for `open` only, the column that says when it ended. by: for `top` only, the column whose values are the groups.

    A column that holds an amount reads as its worth in the reporting currency, in minor units, at the rate in force at T; the
    compiler sees to that too.
    """

    source: str
    function: Function
    value: str = "1"
    where: str = ""
    window: Window = None
    at: str = ""
    until: str = ""
    by: str = ""


class Rows(TypedDict, total=False):
    """Which rows an aggregate reads: see `Aggregate`."""

    where: str
    window: Window
    at: str


def count(source: str, **rows: Unpack[Rows]) -> Aggregate:
    """How many rows."""
    return Aggregate(source, "count", **rows)


def total(source: str, value: str, **rows: Unpack[Rows]) -> Aggregate:
    """The sum of a value."""
    return Aggregate(source, "sum", value, **rows)


def mean(source: str, value: str, **rows: Unpack[Rows]) -> Aggregate:
    """The arithmetic mean of a value."""
    return Aggregate(source, "avg", value, **rows)


def median(source: str, value: str, **rows: Unpack[Rows]) -> Aggregate:
    """The median of a value. It can't share a pass with other aggregates, so it costs a query of its own."""
    return Aggregate(source, "median", value, **rows)


def earliest(source: str, value: str, **rows: Unpack[Rows]) -> Aggregate:
    """The smallest value: a number, an instant or a day."""
    return Aggregate(source, "min", value, **rows)


def latest(source: str, value: str, **rows: Unpack[Rows]) -> Aggregate:
    """The largest value: a number, an instant or a day."""
    return Aggregate(source, "max", value, **rows)


def last(source: str, value: str, **rows: Unpack[Rows]) -> Aggregate:
    """The value of the most recent row; ties are broken by source id. It costs a query of its own, like a median."""
    return Aggregate(source, "last", value, **rows)


def distinct(source: str, value: str, **rows: Unpack[Rows]) -> Aggregate:
    """How many different values; `value` may name several columns, as in `"user, day"`."""
    return Aggregate(source, "distinct", value, **rows)


def largest_total(source: str, value: str, *, by: str, **rows: Unpack[Rows]) -> Aggregate:
    """The largest of the sums of a value by the column `by`: what the most active user did. It costs a query of its own."""
    return Aggregate(source, "top", value, by=by, **rows)


def ongoing(source: str, *, until: str, since: str = "", where: str = "") -> Aggregate:
    """How many rows had begun (`since`, else the event time) but not ended (`until`) at T."""
    return Aggregate(source, "open", where=where, at=since, until=until)


def attribute(name: str) -> Aggregate:
    """An attribute of the account itself, merged over its sources, as it stood at T."""
    return Aggregate("account", "attribute", name)


def key_features() -> Aggregate:
    """How many key features there are: those of the configuration, else those any customer used in the last 90 days.

    The same for every account. `is_key(feature)` says in a condition over `usage_day` whether a feature is one of them.
    """
    return Aggregate("usage_day", "key_features", window=KEY_FEATURE_DAYS)


def rows(source: str, columns: str, **chosen: Unpack[Rows]) -> Aggregate:
    """The rows themselves, for a `table_metric`; `columns` names what is read of them, as in `"day, user"`.

    It costs a query of its own, and memory for all of them.
    """
    return Aggregate(source, "rows", columns, **chosen)


@dataclass(frozen=True, slots=True)
class Metric:
    """A declared metric.

    name: snake case, with its window (`logins_30d`). expression: scalar SQL over the aggregates' names. unit: of the value.
    better: which direction is good; None for neither. clock: the expression yields a time, and the metric's value is the
    whole days since it or until it, derived when scoring. empty: the value of an account whose source is connected and
    answered, but has no row (0 for counts); None means there is no value then. money: the value is an amount in whole minor
    units of the store's reporting currency, rounded once, half to even. applies: a condition over the aggregates; where it
    does not hold, the metric is not applicable to the account. compute: what gives the value where there is no expression, see
    `table_metric`.
    """

    name: str
    expression: str
    title: str
    group: Group
    unit: str
    better: Better | None
    description: str
    aggregates: dict[str, Aggregate] = field(hash=False)
    clock: Clock | None = None
    empty: float | None = None
    money: bool = False
    applies: str = ""
    compute: TableFunction | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """The record types it reads, each once, in the order of the declaration."""
        return tuple(dict.fromkeys(a.source for a in self.aggregates.values()))

    @property
    def window(self) -> int | None:
        """Its longest window, in days; None where it has none: it reads everything so far, or attributes of the account."""
        first = (a.window[0] if isinstance(a.window, tuple) else a.window for a in self.aggregates.values())
        return max((n for n in first if n is not None), default=None)


def metric(
    name: str,
    expression: str,
    *,
    title: str,
    group: Group,
    unit: str,
    better: Better | None,
    description: str = "",
    clock: Clock | None = None,
    empty: float | None = None,
    money: bool = False,
    applies: str = "",
    **aggregates: Aggregate,
) -> Metric:
    """Declare a metric; see `Metric`. Raises MetricError when a name is not one; `check_metric` says whether it compiles."""
    _check_names(name, aggregates, "count('ticket', window=30)")
    for given, aggregate in aggregates.items():
        if aggregate.function == "rows":
            raise MetricError(f"metric {name!r}, aggregate {given!r}: no expression can use rows; declare it with table_metric")
    return Metric(
        name=name,
        expression=expression,
        title=title,
        group=group,
        unit=unit,
        better=better,
        description=description or title,
        aggregates=aggregates,
        clock=clock,
        empty=empty,
        money=money,
        applies=applies,
    )


def table_metric(
    name: str,
    *,
    title: str,
    group: Group,
    unit: str,
    better: Better | None,
    description: str = "",
    empty: float | None = None,
    money: bool = False,
    applies: str = "",
    **tables: Aggregate,
) -> Callable[[Callable[[Tables], Floats]], Metric]:
    """Declare a metric that the decorated function computes from tables, for what no expression over aggregates says.

        @table_metric("longest_gap_90d", title="Longest pause", group="usage", unit="days", better="lower",
                      uses=rows("usage_day", "day", where="count > 0", window=90))
        def longest_gap_90d(tables: Tables) -> Floats:
            return tables["uses"].apply(lambda uses: np.diff(uses["day"]).max(initial=0).astype(float))

    The tables hold what was visible at T, and what the function says of an account may rest on that account's rows and the
    day alone: see `Table` and `TableFunction`. Where it raises for an account, or gives an infinite value, the state there is
    `failed`. In `applies` a table's name is the number of its rows. Raises MetricError when a name is not one, or a table is
    not declared with `rows`.
    """
    _check_names(name, tables, "rows('ticket', 'priority', window=30)")
    for given, table in tables.items():
        if table.function != "rows":
            raise MetricError(
                f"metric {name!r}, table {given!r}: give the rows that the function reads, such as "
                "rows('ticket', 'priority', window=30)"
            )

    def declared(function: Callable[[Tables], Floats]) -> Metric:
        return Metric(
            name=name,
            expression="",
            title=title,
            group=group,
            unit=unit,
            better=better,
            description=description or title,
            aggregates=tables,
            empty=empty,
            money=money,
            applies=applies,
            compute=TableFunction(function),
        )

    return declared


def _check_names(metric: str, aggregates: Mapping[str, Aggregate], example: str) -> None:
    for kind, given in (("metric", metric), *(("aggregate", a) for a in aggregates)):
        if not given.isidentifier() or not given.isascii() or given != given.lower():
            raise MetricError(
                f"metric {metric!r}: {kind} {given!r} is not a name; write lower-case letters, digits and underscores, "
                "such as logins_30d"
            )
    if not aggregates:
        raise MetricError(f"metric {metric!r}: give at least one aggregate, such as n={example}")
