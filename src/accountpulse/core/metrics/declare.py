"""Metrics are declarations: aggregates over fact sources with windows and conditions, and one scalar expression over them.

Windows are data, so one declaration yields the SQL of every engine, the as-of guards, the look-back to read, which accounts
change when a day passes, and the documentation.

    metric("urgent_share_90d", "u * 1.0 / nullif(n, 0)", group="support", unit="share", better="lower",
           u=count("ticket", where="priority >= 4", window=90), n=count("ticket", window=90))
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from accountpulse.core.errors import MetricError

Function = Literal["count", "sum", "avg", "min", "max", "last", "distinct", "median", "open", "attribute"]
Group = Literal["usage", "support", "billing", "feedback", "relationship"]
Better = Literal["higher", "lower"]
Clock = Literal["since", "until"]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One aggregate over one fact source, for each account.

    source: a record type's name. value: a scalar expression over its columns. where: a condition over them.
    window: `n` reads `[T - n days, T)`; `(a, b)` reads `[T - a, T - b)`; None reads everything before T.
    at: the column that the window is about, when not the record's own event time (an average over solved tickets is filtered
    by `solved_at`). The as-of predicate is always added by the compiler; authors never write it.
    """

    source: str
    function: Function
    value: str = "1"
    where: str = ""
    window: int | tuple[int, int] | None = None
    at: str = ""
    until: str = ""


def count(source: str, *, where: str = "", window: int | tuple[int, int] | None = None, at: str = "") -> Aggregate:
    """How many rows."""
    return Aggregate(source, "count", where=where, window=window, at=at)


def total(source: str, value: str, *, where: str = "", window: int | tuple[int, int] | None = None, at: str = "") -> Aggregate:
    """The sum of a value."""
    return Aggregate(source, "sum", value, where, window, at)


def mean(source: str, value: str, *, where: str = "", window: int | tuple[int, int] | None = None, at: str = "") -> Aggregate:
    """The arithmetic mean of a value."""
    return Aggregate(source, "avg", value, where, window, at)


def median(source: str, value: str, *, where: str = "", window: int | tuple[int, int] | None = None, at: str = "") -> Aggregate:
    """The median of a value. It can't share a pass with other aggregates, so it costs a query of its own."""
    return Aggregate(source, "median", value, where, window, at)


def earliest(
    source: str, value: str, *, where: str = "", window: int | tuple[int, int] | None = None, at: str = ""
) -> Aggregate:
    """The smallest value."""
    return Aggregate(source, "min", value, where, window, at)


def latest(source: str, value: str, *, where: str = "", window: int | tuple[int, int] | None = None, at: str = "") -> Aggregate:
    """The largest value."""
    return Aggregate(source, "max", value, where, window, at)


def last(source: str, value: str, *, where: str = "", window: int | tuple[int, int] | None = None, at: str = "") -> Aggregate:
    """The value of the most recent row; ties are broken by source id."""
    return Aggregate(source, "last", value, where, window, at)


def distinct(
    source: str, value: str, *, where: str = "", window: int | tuple[int, int] | None = None, at: str = ""
) -> Aggregate:
    """How many different values."""
    return Aggregate(source, "distinct", value, where, window, at)


def ongoing(source: str, *, until: str, since: str = "", where: str = "") -> Aggregate:
    """How many rows had begun (`since`, else the event time) but not ended (`until`) at T."""
    return Aggregate(source, "open", where=where, at=since, until=until)


def attribute(name: str) -> Aggregate:
    """An attribute of the account itself, as it stood at T."""
    return Aggregate("account", "attribute", name)


@dataclass(frozen=True, slots=True)
class Metric:
    """A declared metric.

    name: snake case, with its window (`logins_30d`). expression: scalar SQL over the aggregates' names. unit: of the value.
    better: which direction is good; None for neither. clock: the expression yields a time, and the metric's value is the
    whole days since it or until it, derived when scoring. empty: the value of an account whose source is connected and
    answered, but has no row (0 for counts); None means there is no value then. phrase: the value in words, `{value}` stands
    for it.
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

    @property
    def sources(self) -> frozenset[str]:
        """The record types it reads."""
        return frozenset(a.source for a in self.aggregates.values())


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
    **aggregates: Aggregate,
) -> Metric:
    """Declare a metric; see `Metric`. Raises MetricError when the declaration contradicts itself."""
    if not name.isidentifier() or name != name.lower():
        raise MetricError(f"metric {name!r}: a name is lower-case letters, digits and underscores, such as logins_30d")
    if not aggregates:
        raise MetricError(f"metric {name!r}: give at least one aggregate, such as n=count('ticket', window=30)")
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
    )
