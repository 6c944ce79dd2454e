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
FewOf = tuple[str, str]
"""A record type and a column of it that holds few different texts, see `few`."""
RECENT = 90
"""Days in which most source accounts have an event, where they have any."""
Envelope = tuple[tuple[str, str], ...]
_ENVELOPE: Envelope = (("l", "account_id"), ("f", "source_id"), ("f", "connection_id"), ("f", "source_account_id"))


@dataclass(slots=True)
class Scope:
    """What all parts of one query share: the engine, the mode, whether it is for some accounts only, and what it binds.

    currencies: those with a rate in force, in the order in which their rates are bound. pinned: in the corrected mode, the
    versions known at an instant count as the current ones. few: the columns whose texts are bound, see `few_parameter`.
    """

    dialect: Dialect
    corrected: bool
    some_accounts: bool
    currencies: tuple[str, ...] = ()
    pinned: bool = False
    few: tuple[FewOf, ...] = ()
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

    def value(self, source: Source, column: str, valid: str) -> str:
        """A column of a fact as of T: null when it has not happened yet, of the version valid at T when it is undated.

        valid: the alias of that version.
        """
        if self.corrected and column in source.undated:
            return f"{valid}.{quoted(column)}"
        value = f"f.{quoted(column)}"
        if (happened := source.happens_at(column)) is not None:
            return f"(case when f.{quoted(happened)} < {self.bounds(source.column(happened).kind)} then {value} end)"
        return value

    def columns(self, source: Source, column: str, valid: str) -> list[str]:
        """What is selected for a column: its value; of an amount, that in the reporting currency, and whether it has a rate."""
        value = self.value(source, column, valid)
        if not source.column(column).money or source.currency is None:
            return [f"{value} as {quoted(column)}"]
        # The amount and its currency are of one version: a deal may be moved from one currency to another.
        version = valid if self.corrected and column in source.undated else "f"
        currency = f"{version}.{quoted(source.currency)}"
        return [
            f"{converted(value, currency, self.currencies, self.dialect)} as {quoted(column)}",
            f"{without_rate(value, currency, self.currencies)} as {unconverted(column)}",
        ]


def few_parameter(of: FewOf) -> str:
    """What all texts of a column are bound as."""
    return "texts_{}_{}".format(*of)


def visible_rows(
    source: Source,
    columns: Collection[str],
    scope: Scope,
    reach: Mapping[str, int] = MappingProxyType({}),
    *,
    ids: bool = True,
) -> str:
    """Select the rows visible as of T: `account_id`, the other ids of their envelope, and `columns`.

    reach: times of the raw row `f`, and how many days before T. Every row that can matter has one of them since then; empty
    means all rows. ids: whether those others are wanted.
    """
    envelope = _ENVELOPE if ids else _ENVELOPE[:1]
    where = [scope.version("l"), *scope.wanted("l.account_id"), *_visible(source, scope)]
    if reach:
        since = [f"f.{quoted(c)} >= {scope.bounds(source.column(c).kind, days)}" for c, days in reach.items()]
        where.append(f"({' or '.join(since)})")
    linked = f"from {_joined(source, scope, reach)} on f.source_account_id = l.source_account_id"
    conditions = " and ".join(where)
    if not asks_for_the_valid_version(source, columns, scope):
        return f"select {_with(envelope, source, columns, scope, 'f')}\n{linked}\nwhere {conditions}"
    if scope.dialect.seeks:
        selected = _with(envelope, source, columns, scope, "v")
        return f"select {selected}\n{linked}{_valid_version(source, scope)}\nwhere {conditions}"
    end = scope.bounds(Kind.INSTANT)
    later = _valid_of_later_known(envelope, source, columns, scope, linked, f"{conditions} and f.known_from >= {end}")
    return (
        f"select {_with(envelope, source, columns, scope, 'f')}\n{linked}\nwhere {conditions} and f.known_from < {end}"
        f"\nunion all\n{later}"
    )


def _with(envelope: Envelope, source: Source, columns: Collection[str], scope: Scope, valid: str) -> str:
    return ", ".join([*(f"{alias}.{name}" for alias, name in envelope), *_selected(source, columns, scope, valid)])


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

    Reads the index backwards from T and stops at the first such row, instead of reading all there ever was. Without an index,
    every row is read, but only one of each source account is linked, and rows from before `RECENT` are grouped only of source
    accounts that have none since: most have one, and grouping is what takes the time.
    """
    event = quoted(source.event or "")
    links = " and ".join([scope.version("l"), *scope.wanted("l.account_id")])
    chosen = f" where {condition}" if condition else ""
    if not scope.dialect.seeks:
        rows = ", ".join(["f.source_account_id", *_selected(source, columns, scope, "f")])

        def newest_of(*conditions: str) -> str:
            where = " and ".join([*_visible(source, scope), *conditions])
            visible = f"(select {rows}\nfrom {source.table} f\nwhere {where}) as visible"
            return f"select source_account_id, max({event}) as happened\nfrom {visible}{chosen}\ngroup by source_account_id"

        begin, found = "", newest_of()
        if not scope.dialect.gathers:
            since = scope.bounds(source.column(source.event or "").kind, RECENT)
            heard = "select source_account_id\nfrom recent\nwhere source_account_id is not null"
            others = f"select l.source_account_id\nfrom link l\nwhere {links} and l.source_account_id not in ({heard})"
            silent = f"f.source_account_id in ({others})"
            begin = f"with recent as ({newest_of(f'f.{event} >= {since}')})\n"
            before = newest_of(f"f.{event} < {since}", silent)
            found = f"select source_account_id, happened\nfrom recent\nunion all\n{before}"
        return (
            f"{begin}select l.account_id, max(n.happened) as {name}\nfrom link l\njoin ({found}) n"
            f" on n.source_account_id = l.source_account_id\nwhere {links}\ngroup by l.account_id"
        )
    where = ["f.source_account_id = l.source_account_id", *_visible(source, scope)]
    asks = asks_for_the_valid_version(source, columns, scope)
    rows = (
        f"select {', '.join(_selected(source, columns, scope, 'v' if asks else 'f'))}\nfrom {source.table} f"
        f"{_valid_version(source, scope) if asks else ''}\nwhere {' and '.join(where)}"
    )
    newest = f"select {event}\nfrom ({rows}) as visible{chosen}\norder by {event} desc limit 1"
    return f"select l.account_id, max(({newest})) as {name}\nfrom link l\nwhere {links}\ngroup by l.account_id"


def _selected(source: Source, columns: Collection[str], scope: Scope, valid: str) -> list[str]:
    return [selected for column in columns for selected in scope.columns(source, column, valid)]


def _visible(source: Source, scope: Scope) -> list[str]:
    """The conditions that a fact is of the right version and had happened by T."""
    where = [scope.version("f")]
    if source.event is not None:
        where.append(f"f.{quoted(source.event)} < {scope.bounds(source.column(source.event).kind)}")
    return where


def asks_for_the_valid_version(source: Source, columns: Collection[str], scope: Scope) -> bool:
    """Whether one of the columns is that of another version than the current one."""
    return scope.corrected and not source.undated.isdisjoint(columns)


def _valid_version(source: Source, scope: Scope) -> str:
    """The join to the version valid at T, where single rows are found by an index."""
    return f"\njoin {source.table} v on v.id = {_valid_at_end(source, scope)}"


def _valid_at_end(source: Source, scope: Scope) -> str:
    """The id of the version of `f` valid at T. The earliest counts as valid since ever: nobody knows what was before."""
    end = scope.bounds(Kind.INSTANT)
    same = f"from {source.table} w where w.connection_id = f.connection_id and w.source_id = f.source_id"
    before = f"(select w.id {same} and w.known_from < {end} order by w.known_from desc, w.id desc limit 1)"
    first = f"(select w.id {same} order by w.known_from, w.id limit 1)"
    return f"(case when f.known_from < {end} then f.id else coalesce({before}, {first}) end)"


def _valid_of_later_known(
    envelope: Envelope, source: Source, columns: Collection[str], scope: Scope, linked: str, conditions: str
) -> str:
    """The rows whose current version was not known at T, with what `_valid_at_end` finds for them.

    Those are few, so an engine without an index ranks their versions alone. They are rows of their own and no join to all: of
    every other record the current version is the valid one, and its key, a text, need not be read. Nor need it of other
    records' current versions: those that matter were followed by another, or are known as late as `f`.
    """
    end = scope.bounds(Kind.INSTANT)
    before = f"v.known_from < {end}"
    order = (
        f"case when {before} then 0 else 1 end, case when {before} then v.known_from end desc, "
        f"case when {before} then v.id end desc, v.known_from, v.id"
    )
    names = [*(name for _, name in envelope), *(name for c in columns for name in _names(source, c))]
    ranked = (
        f"select {_with(envelope, source, columns, scope, 'v')},"
        f" row_number() over (partition by l.account_id, f.id order by {order}) as place\n{linked}\n"
        f"join {source.table} v on v.connection_id = f.connection_id and v.source_id = f.source_id\n"
        f"where {conditions} and (v.known_to is not null or v.known_from >= {end})"
    )
    return f"select {', '.join(names)}\nfrom (\n{ranked}\n) as ranked\nwhere place = 1"


def _names(source: Source, column: str) -> list[str]:
    """The names under which `Scope.columns` selects a column."""
    return [quoted(column), *([unconverted(column)] * (source.column(column).money and source.currency is not None))]
