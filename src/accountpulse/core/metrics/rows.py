"""The rows of one source as metrics may see them: linked to accounts, of the right version, and with nothing after T.

This is the only place where facts are read, so this is where the as-of law is kept: an event at or after T is no row, and what
happens to a record at or after T (solved, paid) reads as null in every expression that mentions it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from accountpulse.core.metrics.asof import Bounds
from accountpulse.core.metrics.dialects import Dialect, quoted
from accountpulse.core.metrics.expressions import Literals
from accountpulse.core.metrics.money import converted, unconverted, without_rate
from accountpulse.core.metrics.sources import Source
from accountpulse.core.model import Kind

KNOWN_AT = ":known_at"
ACCOUNTS = "accounts"


@dataclass(slots=True)
class Scope:
    """What all parts of one query share: the engine, the mode, whether it is for some accounts only, and what it binds.

    currencies: those with a rate in force, in the order in which their rates are bound. pinned: in the corrected mode, the
    versions known at an instant count as the current ones.
    """

    dialect: Dialect
    corrected: bool
    some_accounts: bool
    currencies: tuple[str, ...] = ()
    pinned: bool = False
    bounds: Bounds = field(default_factory=Bounds)
    literals: Literals = field(default_factory=Literals)

    def version(self, alias: str) -> str:
        """The condition that a row of facts or of links is the version that the mode reads."""
        if self.corrected and not self.pinned:
            return f"{alias}.known_to is null"
        return f"{alias}.known_from <= {KNOWN_AT} and ({alias}.known_to is null or {alias}.known_to > {KNOWN_AT})"

    def wanted(self, column: str) -> list[str]:
        """The condition that an account is asked about; none when all are."""
        return [self.dialect.among(column, ACCOUNTS)] if self.some_accounts else []

    def value(self, source: Source, column: str) -> str:
        """A column of a fact as of T: null when it has not happened yet, of the version valid at T when it is undated."""
        if self.corrected and column in source.undated:
            return self._valid(column)
        value = f"f.{quoted(column)}"
        if (happened := source.happens_at(column)) is not None:
            return f"(case when f.{quoted(happened)} < {self.bounds(source.column(happened).kind)} then {value} end)"
        return value

    def columns(self, source: Source, column: str) -> list[str]:
        """What is selected for a column: its value; of an amount, that in the reporting currency, and whether it has a rate."""
        value = self.value(source, column)
        if not source.column(column).money or source.currency is None:
            return [f"{value} as {quoted(column)}"]
        # The amount and its currency are of one version: a deal may be moved from one currency to another.
        undated = self.corrected and column in source.undated
        currency = self._valid(source.currency) if undated else f"f.{quoted(source.currency)}"
        return [
            f"{converted(value, currency, self.currencies, self.dialect)} as {quoted(column)}",
            f"{without_rate(value, currency, self.currencies)} as {unconverted(column)}",
        ]

    def _valid(self, column: str) -> str:
        """A column of the version valid at T, which `_valid_version` has joined as `v`."""
        if self.dialect.seeks:
            return f"v.{quoted(column)}"
        column = quoted(column)
        return f"(case when f.known_from < {self.bounds(Kind.INSTANT)} then f.{column} else v.{column} end)"


def visible_rows(
    source: Source, columns: Collection[str], scope: Scope, reach: Mapping[str, int] = MappingProxyType({})
) -> str:
    """Select the rows visible as of T: `account_id`, the ids of their envelope, and `columns`.

    reach: times of the raw row `f`, and how many days before T. Every row that can matter has one of them since then; empty
    means all rows.
    """
    selected = ["l.account_id, f.source_id, f.connection_id, f.source_account_id", *_selected(source, columns, scope)]
    where = [scope.version("l"), *scope.wanted("l.account_id"), *_visible(source, scope)]
    if reach:
        since = [f"f.{quoted(c)} >= {scope.bounds(source.column(c).kind, days)}" for c, days in reach.items()]
        where.append(f"({' or '.join(since)})")
    return (
        f"select {', '.join(selected)}\nfrom {_joined(source, scope, reach)} on f.source_account_id = l.source_account_id"
        f"{_valid_version(source, columns, scope)}\nwhere {' and '.join(where)}"
    )


def _joined(source: Source, scope: Scope, reach: Mapping[str, int]) -> str:
    """Links and facts, in the order in which they are to be read.

    The index by account and event finds the rows of a window of events. Without one, all rows are read, and by that index this
    would be in no order at all: five times the work.
    """
    by_account = scope.some_accounts or set(reach) == {source.event}
    if scope.dialect.plans or by_account or not scope.corrected:  # only the current link is found by the source account
        return f"link l\njoin {source.table} f"
    return f"{source.table} f\ncross join link l"


def newest_event(source: Source, columns: Collection[str], condition: str, name: str, scope: Scope) -> str:
    """Select `account_id` and, as `name`, the newest event among the visible rows that meet a condition over `columns`.

    Reads the index backwards from T and stops at the first such row, instead of reading all there ever was.
    """
    event = quoted(source.event or "")
    where = ["f.source_account_id = l.source_account_id", *_visible(source, scope)]
    rows = (
        f"select {', '.join(_selected(source, columns, scope))}\nfrom {source.table} f"
        f"{_valid_version(source, columns, scope)}\nwhere {' and '.join(where)}"
    )
    newest = (
        f"select {event}\nfrom ({rows}) as visible{f' where {condition}' if condition else ''}\norder by {event} desc limit 1"
    )
    links = " and ".join([scope.version("l"), *scope.wanted("l.account_id")])
    return f"select l.account_id, max(({newest})) as {name}\nfrom link l\nwhere {links}\ngroup by l.account_id"


def _selected(source: Source, columns: Collection[str], scope: Scope) -> list[str]:
    return [selected for column in columns for selected in scope.columns(source, column)]


def _visible(source: Source, scope: Scope) -> list[str]:
    """The conditions that a fact is of the right version and had happened by T."""
    where = [scope.version("f")]
    if source.event is not None:
        where.append(f"f.{quoted(source.event)} < {scope.bounds(source.column(source.event).kind)}")
    return where


def _valid_version(source: Source, columns: Collection[str], scope: Scope) -> str:
    """The join to the version valid at T, where a column asks for one."""
    if not scope.corrected or not source.undated.intersection(columns):
        return ""
    if scope.dialect.seeks:
        return f"\njoin {source.table} v on v.id = {_valid_at_end(source, scope)}"
    rows = _valid_of_later_known(source, scope)
    return f"\nleft join (\n{rows}\n) v on v.connection_id = f.connection_id and v.source_id = f.source_id"


def _valid_at_end(source: Source, scope: Scope) -> str:
    """The id of the version of `f` valid at T. The earliest counts as valid since ever: nobody knows what was before."""
    end = scope.bounds(Kind.INSTANT)
    same = f"from {source.table} w where w.connection_id = f.connection_id and w.source_id = f.source_id"
    before = f"(select w.id {same} and w.known_from < {end} order by w.known_from desc, w.id desc limit 1)"
    first = f"(select w.id {same} order by w.known_from, w.id limit 1)"
    return f"(case when f.known_from < {end} then f.id else coalesce({before}, {first}) end)"


def _valid_of_later_known(source: Source, scope: Scope) -> str:
    """What `_valid_at_end` finds, for the records whose current version was not known at T; of the others it is valid itself.

    Those are few, so an engine without an index joins them once instead of ranking the versions of every record.
    """
    end = scope.bounds(Kind.INSTANT)
    before = f"w.known_from < {end}"
    order = (
        f"case when {before} then 0 else 1 end, case when {before} then w.known_from end desc, "
        f"case when {before} then w.id end desc, w.known_from, w.id"
    )
    kept = [quoted(c) for c in source.columns if c in source.undated or c == source.currency]
    ranked = (
        f"select w.connection_id, w.source_id, {', '.join(f'w.{c}' for c in kept)},"
        f" row_number() over (partition by w.connection_id, w.source_id order by {order}) as place\nfrom {source.table} w\n"
        f"join {source.table} c on c.connection_id = w.connection_id and c.source_id = w.source_id"
        f" and {scope.version('c')} and c.known_from >= {end}"
    )
    return f"select connection_id, source_id, {', '.join(kept)}\nfrom (\n{ranked}\n) as ranked\nwhere place = 1"
