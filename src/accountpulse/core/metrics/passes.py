"""Aggregates as SQL: as many as possible in one pass over a source, order statistics in a pass of their own."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from accountpulse.core.errors import MetricError
from accountpulse.core.metrics.declare import Aggregate, Function
from accountpulse.core.metrics.dialects import BITS, quoted
from accountpulse.core.metrics.expressions import Name, Part, translate, translate_condition
from accountpulse.core.metrics.money import exact_sum, too_large, unconverted
from accountpulse.core.metrics.rows import Scope, asks_for_the_valid_version, few_parameter, newest_event, visible_rows
from accountpulse.core.metrics.sources import Source, source_of
from accountpulse.core.metrics.tables import TableQuery
from accountpulse.core.model import Kind

_NUMBERS = (Kind.INTEGER, Kind.FLOAT)
_TIMES = (Kind.INSTANT, Kind.DAY)

# In front of the columns of a composite key, where no text of a vendor's holds it.
_SEPARATOR = "' \x1f '"


@dataclass(frozen=True, slots=True)
class Prepared:
    """An aggregate whose texts have been checked: its value, the condition on its rows, and the columns both mention.

    function: the aggregate's own, or `foreign` for the companion that looks for amounts without a rate. window_column: what its
    window is about. kind: of the result. money: the columns with amounts that it mentions. exact: it adds up amounts.
    suspects: the condition on the rows whose amounts must have a rate. newest: it is the newest event ever, which is one row
    of each source account. place: what numbers the values that are counted, and how many there can be, where they can be bits
    of one number.
    """

    aggregate: Aggregate
    function: Function | Literal["foreign"]
    source: Source
    value: str
    condition: str
    columns: tuple[str, ...]
    window_column: str
    kind: Kind | None
    money: tuple[str, ...]
    exact: bool
    suspects: str
    newest: bool
    place: tuple[str, int] | None

    @property
    def is_total(self) -> bool:
        """Whether it is 0, and not null, where no row matches."""
        return self.function in ("count", "sum", "distinct", "open", "rows")

    def alone(self, scope: Scope) -> bool:
        """Whether it needs a pass of its own."""
        if self.function == "median":
            return not scope.dialect.median
        if self.function == "last":
            return not scope.dialect.gathers
        return self.function == "top" or self.newest


def window_of(aggregate: Aggregate) -> tuple[int | None, int]:
    """The window as (first day, last day) before T; None for no first day."""
    window = aggregate.window
    return window if isinstance(window, tuple) else (window, 0)


def prepare(aggregate: Aggregate, scope: Scope, place: str) -> Prepared:
    """Check an aggregate over facts. Raises MetricError, beginning with `place`, for what can't be compiled."""
    source = source_of(aggregate.source, place)
    if source.event is None:
        raise MetricError(f"{place}: {source.name} has no event to count by; read it with attribute('plan')")
    names = {n: Name(quoted(n), Kind.FLOAT if f.money else f.kind, f.allowed) for n, f in source.readable.items()}
    column = aggregate.at or source.event
    if column not in source.times:
        raise MetricError(f"{place}: {column!r} is not a time of {source.name}; there are {', '.join(source.times)}")
    value = _value(aggregate, names, scope, place)
    conditions = [translate_condition(aggregate.where, names, scope.dialect, scope.literals, place)] if aggregate.where else []
    # Whether a row meets a condition on its amount is unknown without a rate, so there every row of the window is suspect.
    settled = [c for c in conditions if not any(source.column(name).money for name in c.names)]
    if aggregate.function == "open":
        if aggregate.until not in source.lifecycle:
            raise MetricError(
                f"{place}: 'until' names when a {source.name} ends: {', '.join(source.lifecycle) or 'it has no such column'}"
            )
        ongoing = Part(f"{quoted(aggregate.until)} is null", Kind.BOOLEAN, frozenset({aggregate.until}))
        conditions.append(ongoing)
        settled.append(ongoing)
    if aggregate.function == "top" and aggregate.by not in names:
        raise MetricError(f"{place}: 'by' names a column of {source.name}: {', '.join(names)}")
    window = _window_conditions(aggregate, source, column, scope, place)
    mentioned = value.names.union({column}, {aggregate.by} - {""}, *(c.names for c in conditions))
    money = tuple(name for name in source.columns if name in mentioned and source.column(name).money)
    exact = aggregate.function in ("sum", "avg", "top") and not value.names.isdisjoint(money)
    columns = tuple(c for c in source.columns if c in mentioned)
    newest = aggregate.function == "max" and aggregate.value == column == source.event and aggregate.window is None
    if not scope.dialect.seeks:
        newest = newest and not asks_for_the_valid_version(source, columns, scope)
    return Prepared(
        aggregate=aggregate,
        function=aggregate.function,
        source=source,
        value=value.sql,
        condition=" and ".join([c.sql for c in conditions] + window),
        columns=columns,
        window_column=column,
        kind=_result_kind(aggregate, value, place) if not exact else Kind.FLOAT,
        money=money,
        exact=exact,
        suspects=" and ".join([c.sql for c in settled] + window),
        newest=newest,
        place=_place(aggregate, source, column, scope),
    )


def foreign_currency(prepared: Prepared) -> Prepared:
    """The companion of an aggregate over money: why an amount among the rows it reads can't be added up, else null."""
    marks = [unconverted(column) for column in prepared.money]
    if prepared.exact:
        marks.append(too_large(prepared.value))
    return replace(
        prepared,
        function="foreign",
        value=marks[0] if len(marks) == 1 else f"coalesce({', '.join(marks)})",
        condition=prepared.suspects,
        kind=Kind.TEXT,
        exact=False,
        newest=False,
        place=None,
    )


def _place(aggregate: Aggregate, source: Source, column: str, scope: Scope) -> tuple[str, int] | None:
    first, end = window_of(aggregate)
    name = aggregate.value.strip()
    if aggregate.function != "distinct" or first is None or not scope.dialect.bits:
        return None
    if (source.name, name) in scope.few:
        return scope.dialect.place_among(quoted(name), few_parameter((source.name, name))), BITS
    if name == column and source.column(name).kind is Kind.DAY and first - end <= BITS:
        return scope.dialect.days(scope.bounds(Kind.DAY, first), quoted(name)), first - end
    return None


def _value(aggregate: Aggregate, names: dict[str, Name], scope: Scope, place: str) -> Part:
    if aggregate.function == "rows":
        return Part("1", Kind.INTEGER, frozenset(_columns_of_rows(aggregate, names, place)))
    if aggregate.function != "distinct" or not all(p.strip() in names for p in aggregate.value.split(",")):
        return translate(aggregate.value, names, scope.dialect, scope.literals, place)
    parts = [translate(p, names, scope.dialect, scope.literals, place) for p in aggregate.value.split(",")]
    if len(parts) == 1:
        return parts[0]
    key = f" || {_SEPARATOR} || ".join(f"cast({p.sql} as text)" for p in parts)
    return Part(f"({key})", Kind.TEXT, frozenset().union(*(p.names for p in parts)))


def _columns_of_rows(aggregate: Aggregate, names: Collection[str], place: str) -> tuple[str, ...]:
    columns = tuple(dict.fromkeys(column.strip() for column in aggregate.value.split(",")))
    for column in columns:
        if column not in names:
            raise MetricError(f"{place}: {aggregate.source} has no column {column!r} to read; there are {', '.join(names)}")
    return columns


def _window_conditions(aggregate: Aggregate, source: Source, column: str, scope: Scope, place: str) -> list[str]:
    first, end = window_of(aggregate)
    if (first is not None and first <= end) or end < 0:
        raise MetricError(f"{place}: the window {aggregate.window!r} is empty; write days back from T, as in 30 or (60, 30)")
    kind = source.column(column).kind
    conditions = []
    if first is not None:
        conditions.append(f"{quoted(column)} >= {scope.bounds(kind, first)}")
    # The rows themselves end at T; a window about a planned time has to end there too.
    if end or column != source.event:
        conditions.append(f"{quoted(column)} < {scope.bounds(kind, end)}")
    return conditions


def _result_kind(aggregate: Aggregate, value: Part, place: str) -> Kind | None:
    function = aggregate.function
    if function in ("count", "distinct", "open", "rows"):
        return Kind.INTEGER
    if function in ("sum", "avg", "median", "top"):
        if value.kind not in _NUMBERS:
            raise MetricError(f"{place}: {aggregate.value!r} is not a number, so it has no {function}")
        return value.kind if function in ("sum", "top") else Kind.FLOAT
    if function in ("min", "max") and value.kind not in (*_NUMBERS, *_TIMES):
        raise MetricError(f"{place}: {aggregate.value!r} has no smallest or largest value; that needs a number or a time")
    return value.kind


def group_into_passes(prepared: Sequence[Prepared], scope: Scope) -> list[list[Prepared]]:
    """Which aggregates share a pass: those of one source, but not those that read a window with those that read everything.

    An engine that reads by column keeps what is distinct in every row of a pass, so there such aggregates share one only where
    their windows begin on the same day, unless it gathers or has bits for them.
    """
    passes: dict[object, list[Prepared]] = {}
    for p in prepared:
        first, _ = window_of(p.aggregate)
        apart = p.function == "distinct" and not (p.place or scope.dialect.seeks or scope.dialect.gathers)
        shared = (p.source.name, first is None, (first, apart) if apart else ())
        key: object = (p.aggregate, p.function) if p.alone(scope) else shared
        passes.setdefault(key, []).append(p)
    return list(passes.values())


def rows_read_once(passes: Iterable[Sequence[Prepared]], scope: Scope) -> dict[str, str]:
    """The rows of sources that several passes read, by source, where it pays to read them once for all of these.

    It does of some accounts, whose rows an index finds all over a table: fetching one takes longer than counting it. Of
    everybody there would be as many to keep meanwhile as there are to read.
    """
    if not (scope.some_accounts and scope.dialect.seeks):
        return {}
    members: dict[str, list[Sequence[Prepared]]] = {}
    for each in passes:
        if not each[0].newest:
            members.setdefault(each[0].source.name, []).append(each)
    several = {name: [m for each in found for m in each] for name, found in members.items() if len(found) > 1}
    return {name: _rows(found, scope) for name, found in several.items()}


def _rows(members: Sequence[Prepared], scope: Scope) -> str:
    ordered = any(m.function == "last" for m in members)
    return visible_rows(members[0].source, _columns(members), scope, reach(members), ids=ordered)


def _columns(members: Sequence[Prepared]) -> tuple[str, ...]:
    return tuple(c for c in members[0].source.columns if any(c in m.columns for m in members))


def pass_sql(members: Sequence[Prepared], names: Sequence[str], scope: Scope, table: str | None = None) -> str:
    """One pass: select `account_id` and each member under its name. table: where its rows are, if they were read before."""
    if members[0].newest:
        return newest_event(members[0].source, _columns(members), members[0].condition, names[0], scope)
    rows = f"select * from {table}" if table else _rows(members, scope)  # noqa: S608  # ours
    if members[0].alone(scope):
        (member,), (name,) = members, names
        write = {"median": _median, "last": _last, "top": _top}[member.function]
        return write(member, name, rows, scope)
    met = None if table else _met_by_all(members, scope)
    counted = [replace(m, condition="") if m.condition == met else m for m in members]
    selected = [f"{_fused(m, scope)} as {name}" for m, name in zip(counted, names, strict=True)]
    wanted = list(dict.fromkeys(m.condition for m in counted))
    # What no member counts need not be grouped.
    every = "" in wanted or (met is not None and _each_is_counted(members))
    where = "" if every else f"\nwhere {wanted[0]}" if len(wanted) == 1 else f"\nwhere ({') or ('.join(wanted)})"
    return f"select account_id, {', '.join(selected)}\nfrom ({rows}) as visible{where}\ngroup by account_id"


def _met_by_all(members: Sequence[Prepared], scope: Scope) -> str | None:
    """The condition that all rows of a pass meet by having been read: of their event, that the longest window holds it."""
    source, since = members[0].source, reach(members)
    if source.event is None or since.keys() != {source.event}:
        return None
    return f"{quoted(source.event)} >= {scope.bounds(source.column(source.event).kind, since[source.event])}"


def _each_is_counted(members: Sequence[Prepared]) -> bool:
    """Whether windows without any other condition, put together, hold all that the longest of all holds."""
    plain = [window_of(m.aggregate) for m in members if not m.aggregate.where and m.aggregate.function != "open"]
    held = 0
    for first, end in sorted(plain, key=lambda window: window[1]):
        if end <= held:
            held = max(held, first or 0)
    return held >= max(reach(members).values())


def reach(members: Sequence[Prepared]) -> dict[str, int]:
    """By time column, how many days before T the members read. Empty when one reads everything."""
    furthest: dict[str, int] = {}
    for m in members:
        first, _ = window_of(m.aggregate)
        if first is None or m.window_column in m.source.undated:
            return {}
        furthest[m.window_column] = max(first, furthest.get(m.window_column, 0))
    return furthest


def _fused(member: Prepared, scope: Scope) -> str:
    if member.exact:
        total = exact_sum(member.value, member.condition, scope.dialect)
        if member.function == "sum":
            return total
        counted = f"case when {member.condition} then {member.value} end" if member.condition else member.value
        return f"({total} / nullif(count({counted}), 0))"
    place, most = member.place or (member.value, 0)
    value = scope.dialect.number(member.value) if member.function in ("avg", "median") else place
    chosen = f"case when {member.condition} then {value} end" if member.condition else value
    if member.function in ("count", "open", "rows"):
        return f"count({chosen})"
    if member.function == "distinct":
        return scope.dialect.places(chosen, most) if most else scope.dialect.distinct.format(value=chosen)
    if member.function == "foreign":
        return scope.dialect.largest_text.format(value=scope.dialect.binary(chosen))
    if member.function == "median":
        return f"{scope.dialect.median}({chosen})"
    if member.function == "last":
        columns, condition = ", ".join(_newest_last(member, scope)), member.condition or "true"
        return scope.dialect.last.format(value=value, columns=columns, condition=condition)
    return f"{member.function}({chosen})"


def table_query(member: Prepared, scope: Scope) -> TableQuery:
    """The query for the rows that a `rows` aggregate reads."""
    source, dialect = member.source, scope.dialect
    numbers: list[tuple[str, str, Kind]] = []
    texts: list[str] = []
    for name in _columns_of_rows(member.aggregate, source.readable, ""):
        column, field = quoted(name), source.column(name)
        if field.kind is Kind.TEXT:
            texts.append(name)
        elif field.kind is Kind.BOOLEAN:
            numbers.append((name, f"case when {column} then 1 when not {column} then 0 end", field.kind))
        elif field.kind in _TIMES:
            number = dialect.instant_number if field.kind is Kind.INSTANT else dialect.day_number
            numbers.append((name, number(column), field.kind))
        else:
            numbers.append((name, column, field.kind))
    selected = ["account_id", *(dialect.number(sql) for _, sql, _ in numbers), *(quoted(name) for name in texts)]
    where = f"\nwhere {member.condition}" if member.condition else ""
    rows = visible_rows(source, member.columns, scope, reach([member]))
    order = f"account_id, {quoted(member.window_column)}, {dialect.binary('source_id')}, connection_id"
    text = f"select {', '.join(selected)}\nfrom ({rows}) as visible{where}\norder by {order}"  # names and texts of ours
    return TableQuery(dialect.finished(text), tuple((name, kind) for name, _, kind in numbers), tuple(texts))


def _median(member: Prepared, name: str, rows: str, scope: Scope) -> str:
    condition = f"{member.condition} and " if member.condition else ""
    ranked = (
        f"select account_id, {scope.dialect.number(member.value)} as value,"
        f" row_number() over (partition by account_id order by {member.value}) as position,"
        f" count(*) over (partition by account_id) as size\nfrom ({rows}) as visible"
        f"\nwhere {condition}{member.value} is not null"
    )
    return (
        f"select account_id, avg(value) as {name}\nfrom ({ranked}) as ranked\n"
        "where 2 * position between size and size + 2\ngroup by account_id"
    )


def _last(member: Prepared, name: str, rows: str, scope: Scope) -> str:
    order = ", ".join(f"{column} desc" for column in _newest_last(member, scope))
    where = f"\nwhere {member.condition}" if member.condition else ""
    ranked = (
        f"select account_id, {member.value} as value, row_number() over (partition by account_id order by {order}) as position"
        f"\nfrom ({rows}) as visible{where}"
    )
    return f"select account_id, value as {name}\nfrom ({ranked}) as ranked\nwhere position = 1"


def _newest_last(member: Prepared, scope: Scope) -> tuple[str, ...]:
    """What rows are ordered by, so that it is the same one everywhere that is the last."""
    return quoted(member.window_column), scope.dialect.binary("source_id"), "connection_id"


def _top(member: Prepared, name: str, rows: str, scope: Scope) -> str:
    where = f"\nwhere {member.condition}" if member.condition else ""
    total = exact_sum(member.value, "", scope.dialect) if member.exact else f"sum({member.value})"
    group = quoted(member.aggregate.by)
    grouped = f"select account_id, {total} as value\nfrom ({rows}) as visible{where}\ngroup by account_id, {group}"
    return f"select account_id, max(value) as {name}\nfrom ({grouped}) as grouped\ngroup by account_id"
