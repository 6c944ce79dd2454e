"""The accounts that exist as of T, with their attributes merged over the source accounts linked to them.

When sources disagree, the first one that says anything decides: by the attribute's configured order of connections, else by
the connections' priority. The merge is a few common table expressions, which the metric query begins with as well, so that an
attribute is the same in a segment rule, in a metric and in the API.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from accountpulse.core.errors import MetricError
from accountpulse.core.metrics.asof import AsCorrected, Mode, Moment
from accountpulse.core.metrics.dialects import Dialect, quoted
from accountpulse.core.metrics.engine import Answer, StoreFacts
from accountpulse.core.metrics.rows import ACCOUNTS, Scope, visible_rows
from accountpulse.core.metrics.sources import sources
from accountpulse.core.model import Kind
from accountpulse.core.store.types import from_micros

Precedence = Mapping[str, Sequence[int]]
Order = tuple[tuple[str, tuple[int, ...]], ...]

# Evidence for linking accounts, not attributes of one; `domains` and `parent` are reduced to one value.
_EVIDENCE = frozenset({"emails", "references"})
_REDUCED = {"domains": ("domain", Kind.TEXT), "parent": ("parent", Kind.INTEGER)}


def _attributes() -> dict[str, Kind]:
    columns = sources()["account"].columns
    kept = [(name, field.kind) for name, field in columns.items() if name not in _EVIDENCE]
    return dict(_REDUCED.get(name, (name, kind)) for name, kind in kept)


ATTRIBUTES: Mapping[str, Kind] = _attributes()
"""The attributes of an account and their kinds. `domain` is the first one, `parent` an account id, `custom` a mapping."""

SINGLE: tuple[str, ...] = tuple(name for name, kind in ATTRIBUTES.items() if kind is not Kind.JSON)
_CUSTOM = "custom"
_PLACE = 1 << 50
"""More than there are source accounts, and so few that thousands of connections have a place in 64 bits."""


@dataclass(frozen=True)
class Population:
    """The accounts that exist as of T, by ascending id. Every sequence has one entry an account, in that order.

    values: attribute -> its values; instants are aware UTC datetimes. origins: attribute -> the connection each value is from
    (None where there is none); for `custom`, a mapping from key to connection. Only `population` tells origins: metrics ask for
    everybody every day, and nobody asks them where a name is from.
    """

    account_ids: NDArray[np.int64]
    values: Mapping[str, Sequence[object]]
    origins: Mapping[str, Sequence[object]]

    def __len__(self) -> int:
        return len(self.account_ids)

    def account(self, index: int) -> dict[str, object]:
        """All attributes of one account."""
        return {name: values[index] for name, values in self.values.items()}


@dataclass(slots=True)
class PopulationQuery:
    """The common table expressions that end in `population`, its columns in order, and the connection ids they bind."""

    ctes: list[str]
    columns: list[str]
    constants: dict[str, int] = field(default_factory=dict)


def ordered(precedence: Precedence) -> Order:
    """The precedence in a form that queries can be cached by. Raises MetricError for an attribute that doesn't exist."""
    for name in precedence:
        if name not in ATTRIBUTES:
            raise MetricError(f"precedence: there is no attribute {name!r}; there are {', '.join(ATTRIBUTES)}")
    return tuple(sorted((name, tuple(ids)) for name, ids in precedence.items() if ids))


def population_query(scope: Scope, precedence: Order, include_churned: bool, *, origins: bool = False) -> PopulationQuery:
    """Write the population for one engine and mode. origins: say which connection each value is from, too."""
    account = sources()["account"]
    columns = [name for name in account.columns if name not in _EVIDENCE]
    query = PopulationQuery([], [])
    orders: dict[tuple[int, ...], int] = {(): 0}
    for _, ids in precedence:
        orders.setdefault(ids, len(orders))
    position = {name: f"position_{orders[dict(precedence).get(name, ())]}" for name in ATTRIBUTES}

    query.ctes.append(f"account_row as (\n{visible_rows(account, columns, scope)}\n)")
    query.ctes.append(f"connection_ordered as (\n{_ordered_connections(orders, query)}\n)")
    query.ctes.append(f"account_ordered as (\n{_ordered_rows(scope, orders.values())}\n)")
    wanted = [(n, what, alias) for n in SINGLE for what, alias in _columns_of(n, origins)]
    if scope.dialect.first:
        rows = "account_ordered"
        merged = [
            f"{_earliest(scope, f'case when {quoted(n)} is not null then {what} end', position[n])} as {quoted(alias)}"
            for n, what, alias in wanted
        ]
    else:
        rows = "account_first"
        firsts = [
            f"min(case when {quoted(n)} is not null then {position[n]} end) over (partition by account_id) as first_{n}"
            for n in SINGLE
        ]
        query.ctes.append(f"{rows} as (\nselect o.*, {', '.join(firsts)}\nfrom account_ordered o\n)")
        merged = [f"max(case when {position[n]} = first_{n} then {what} end) as {quoted(alias)}" for n, what, alias in wanted]
    for what, alias in _columns_of(_CUSTOM, origins):
        merged.append(f"{scope.dialect.json_by_number(position[_CUSTOM], what)} as {quoted(alias)}")
    query.ctes.append(f"account_merged as (\nselect account_id, {', '.join(merged)}\nfrom {rows}\ngroup by account_id\n)")
    # An account that no source dates exists since we know it.
    exists = f"coalesce(m.customer_since, m.created_at, a.created_at) < {scope.bounds(Kind.INSTANT)}"
    staying = "" if include_churned else " and m.churned_at is null"
    query.ctes.append(
        f"population as (\nselect m.*\nfrom account_merged m\njoin account a on a.id = m.account_id\nwhere {exists}{staying}\n)"
    )
    query.columns = ["account_id", *(alias for n in ATTRIBUTES for _, alias in _columns_of(n, origins))]
    return query


def customers_query(scope: Scope) -> PopulationQuery:
    """The same for accounts that are known to be customers then, without what is known of them: only their ids."""
    chosen = " and ".join(scope.wanted("a.id"))
    return PopulationQuery([f"population as (\nselect a.id as account_id from account a where {chosen}\n)"], ["account_id"])


def _earliest(scope: Scope, value: str, place: str) -> str:
    return scope.dialect.first.format(value=value, place=place)


def _columns_of(attribute: str, origins: bool) -> list[tuple[str, str]]:
    """What an attribute is merged from, and the names of what comes of it."""
    return [(quoted(attribute), attribute), *([("connection_id", _origin(attribute))] * origins)]


def _origin(attribute: str) -> str:
    return f"{attribute}_origin"


def _ordered_connections(orders: Mapping[tuple[int, ...], int], query: PopulationQuery) -> str:
    """The connections, with the place of each in each order; those of the same priority share one."""
    places = []
    for ids, number in orders.items():
        rank = ""
        if ids:
            names = [f"c_{number}_{i}" for i in range(len(ids))]
            query.constants.update(zip(names, ids, strict=True))
            branches = " ".join(f"when cast(:{name} as integer) then {i}" for i, name in enumerate(names))
            rank = f"case c.id {branches} else {len(ids)} end, "
        places.append(f"dense_rank() over (order by {rank}c.priority) as place_{number}")
    return f"select c.id, {', '.join(places)}\nfrom connection c"  # names of ours


def _ordered_rows(scope: Scope, orders: Collection[int]) -> str:
    """The account rows, with the parent's account, the first domain, and the rows' position in each order of connections.

    A position is one number made of the connection's place and the source account, which has one row: nothing is sorted for it.
    """
    positions = [f"c.place_{n} * cast({_PLACE} as bigint) + r.source_account_id as position_{n}" for n in orders]
    plain = [f"r.{quoted(name)}" for name in (*SINGLE, _CUSTOM) if name not in ("domain", "parent")]
    domain = f"{scope.dialect.first_item('r.domains')} as domain"
    parent = "nullif(lp.account_id, r.account_id) as parent"
    return (
        f"select r.account_id, r.connection_id, {', '.join([*plain, domain, parent, *positions])}\nfrom account_row r\n"
        "join connection_ordered c on c.id = r.connection_id\n"
        'left join source_account sp on sp.connection_id = r.connection_id and sp."key" = r.parent\n'
        f"left join link lp on lp.source_account_id = sp.id and {scope.version('lp')}"
    )


@lru_cache(maxsize=32)
def _compiled(
    dialect: Dialect, corrected: bool, some_accounts: bool, precedence: Order, include_churned: bool, pinned: bool
) -> tuple[str, Scope, PopulationQuery]:
    scope = Scope(dialect, corrected, some_accounts, pinned=pinned)
    query = population_query(scope, precedence, include_churned, origins=True)
    select = f"select {', '.join(quoted(c) for c in query.columns)} from population order by account_id"  # noqa: S608  # ours
    return dialect.finished("with " + ",\n".join(query.ctes) + "\n" + select), scope, query


def population(
    connection: sa.Connection,
    *,
    day: date,
    zone: ZoneInfo,
    mode: Mode,
    precedence: Precedence | None = None,
    accounts: Sequence[int] | None = None,
    include_churned: bool = False,
) -> Population:
    """The accounts that exist at the end of `day`: customers by then, and not churned unless `include_churned`.

    Always read from the store: linking asks for it within the transaction that has just moved the links. accounts: only these
    ids. Raises MetricError for a precedence of an unknown attribute.
    """
    facts = StoreFacts(connection)
    text, scope, query = _compiled(
        facts.dialect,
        isinstance(mode, AsCorrected),
        accounts is not None,
        ordered(precedence or {}),
        include_churned,
        mode.at is not None,
    )
    parameters = Moment(day, zone, mode).parameters(scope.bounds.used, facts.dialect) | query.constants
    if accounts is not None:
        parameters[ACCOUNTS] = facts.dialect.ids(accounts)
    return decode(facts.ask(text, parameters), query.columns)


def decode(answer: Answer, columns: Sequence[str]) -> Population:
    """Turn an answer that begins with the population's columns into a Population."""
    place = {name: i for i, name in enumerate(columns)}
    ids = np.array(answer.objects(place["account_id"]), dtype=np.int64)
    return Population(ids, _Values(answer, place), _Origins(answer, place) if _origin(_CUSTOM) in place else {})


class _Read(Mapping[str, Sequence[object]]):
    """What an answer says by attribute. A column becomes Python values when it is first asked for: most are never."""

    def __init__(self, answer: Answer, place: Mapping[str, int]) -> None:
        self._answer = answer
        self._place = place
        self._known: dict[str, Sequence[object]] = {}

    def __getitem__(self, attribute: str) -> Sequence[object]:
        if attribute not in self._known:
            self._known[attribute] = self._read(attribute, ATTRIBUTES[attribute])
        return self._known[attribute]

    def __iter__(self) -> Iterator[str]:
        return iter(ATTRIBUTES)

    def __len__(self) -> int:
        return len(ATTRIBUTES)

    def _read(self, attribute: str, kind: Kind) -> Sequence[object]:
        raise NotImplementedError

    def _column(self, name: str) -> Sequence[object]:
        return self._answer.objects(self._place[name])


class _Values(_Read):
    def _read(self, attribute: str, kind: Kind) -> Sequence[object]:
        found = self._column(attribute)
        if kind is Kind.JSON:
            return [_merged(_by_position(one)) for one in found]
        return [_instant(v) for v in found] if kind is Kind.INSTANT else found


class _Origins(_Read):
    def _read(self, attribute: str, kind: Kind) -> Sequence[object]:
        found = self._column(_origin(attribute))
        if kind is not Kind.JSON:
            return found
        custom = [_by_position(one) for one in self._column(attribute)]
        return [_merged(_named(c, _by_position(at))) for c, at in zip(custom, found, strict=True)]


def _instant(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    return from_micros(value) if isinstance(value, int) else None


def _by_position(text: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(str(text))
    return found


def _merged(custom: Mapping[str, Mapping[str, object]]) -> dict[str, object]:
    """Custom attributes merged key by key: the lowest position that has a value decides."""
    merged: dict[str, object] = {}
    for position in sorted(custom, key=int):
        for key, value in custom[position].items():
            if value is not None:
                merged.setdefault(key, value)
    return merged


def _named(custom: Mapping[str, Mapping[str, object]], connections: Mapping[str, object]) -> dict[str, dict[str, object]]:
    """The connection in place of each value there is."""
    return {
        position: {key: connections[position] for key, value in found.items() if value is not None}
        for position, found in custom.items()
    }
