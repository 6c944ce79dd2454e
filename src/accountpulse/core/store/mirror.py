"""What the Parquet mirror asks of the store: one consistent view, the rows since the last one, and those that changed since.

New versions are found by their ascending ids. Versions that were closed or corrected in place are found in `fact_change`, which
is written where there is a mirror, and emptied as the mirror takes over what it says.

A *token* names one state of a mirror. The store knows the token of the last refresh, and during a refresh that of the next one
too; a mirror with any other token is not a mirror of this store as it is, such as after the store came back from a backup.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from accountpulse.core.model import Kind
from accountpulse.core.store import connections as store_connections
from accountpulse.core.store.chunks import chunked
from accountpulse.core.store.database import Store
from accountpulse.core.store.facts import FACTS
from accountpulse.core.store.settings import read_setting, write_setting
from accountpulse.core.store.tables import account, fact_change, link, source_account
from accountpulse.core.store.tables import connection as connection_table
from accountpulse.core.store.types import EPOCH_DAY, Day, Instant

BATCH = 50_000
_TOKENS = "mirror_tokens"
_STORE = "store_id"

LISTS: Mapping[str, sa.Table] = {t.name: t for t in (connection_table, source_account, account, link)}
"""The small tables that metrics read besides the facts; a mirror holds them whole."""


# --- is there a mirror? ---------------------------------------------------------------------------------------------------


def note_changes(connection: sa.Connection, record: str, fact_ids: Iterable[int]) -> None:
    """Remember that versions were closed or corrected in place, where there is a mirror. In the writer's transaction."""
    rows = [{"record": record, "fact_id": id} for id in fact_ids]
    if rows and read_setting(connection, _TOKENS) is not None:
        connection.execute(sa.insert(fact_change), rows)


def is_on(connection: sa.Connection) -> bool:
    """Whether changes are remembered for a mirror."""
    return read_setting(connection, _TOKENS) is not None


def switch_on(connection: sa.Connection) -> None:
    """Remember changes from now on. No mirror fits yet: what changed before now was not remembered."""
    store_connections.lock_all(connection)  # whoever is writing has not seen that there is a mirror
    if not is_on(connection):
        write_setting(connection, _TOKENS, [])
    if read_setting(connection, _STORE) is None:
        write_setting(connection, _STORE, uuid4().hex)


def switch_off(connection: sa.Connection) -> None:
    """Remember no changes any longer."""
    if is_on(connection):
        write_setting(connection, _TOKENS, None)
        connection.execute(sa.delete(fact_change))


def outdate(connection: sa.Connection) -> None:
    """Let no mirror fit any longer, because versions were removed: the next refresh makes it anew."""
    if is_on(connection):
        write_setting(connection, _TOKENS, [])


def store_id(connection: sa.Connection) -> str:
    """What tells this store from others."""
    return str(read_setting(connection, _STORE))


def tokens(connection: sa.Connection) -> list[str]:
    """The tokens of the mirrors that the remembered changes go on from."""
    return list(read_setting(connection, _TOKENS) or ())


def announce(connection: sa.Connection, before: str | None, token: str) -> None:
    """Note that a mirror is about to get a new token; its old one fits for as long as it has not."""
    write_setting(connection, _TOKENS, [t for t in (before, token) if t is not None])


def settle(connection: sa.Connection, token: str, changes_through: int) -> None:
    """Note that a mirror has its new token, and forget the changes it has taken over."""
    write_setting(connection, _TOKENS, [token])
    connection.execute(sa.delete(fact_change).where(fact_change.c.id <= changes_through))


# --- one view of everything -----------------------------------------------------------------------------------------------


@contextmanager
def consistent_view(store: Store) -> Iterator[sa.Connection]:
    """A transaction that sees one moment, at which nobody was in the middle of writing facts.

    So every id up to the largest one seen is seen, or never will be. PostgreSQL hands out ids in the order asked for, not in
    the order committed: the view is opened while every connection's lock is held, for that instant only.
    """
    if store.is_sqlite:
        with store.read() as connection:
            yield connection
        return
    while True:
        with ExitStack() as stack:
            view = stack.enter_context(store.engine.connect()).execution_options(isolation_level="REPEATABLE READ")
            with store.write() as gate:
                locked = store_connections.lock_all(gate)
                stack.enter_context(view.begin())
                seen = set(view.execute(sa.select(connection_table.c.id)).scalars())
            if seen <= locked:  # else a connection was added while we waited, and nobody kept it from writing
                yield view
                return


@dataclass(frozen=True, slots=True)
class Position:
    """How far the store is. facts: record type -> its largest id. changes: the largest id of `fact_change`.

    lists: small table -> what tells whether it changed.
    """

    facts: Mapping[str, int]
    changes: int
    lists: Mapping[str, list[int]]


def position(view: sa.Connection) -> Position:
    """How far the store is."""

    def largest(column: sa.Column[int]) -> int:
        return int(view.execute(sa.select(sa.func.max(column))).scalar() or 0)

    return Position(
        facts={record: largest(table.c.id) for record, table in FACTS.items()},
        changes=largest(fact_change.c.id),
        lists={name: _signature(view, table) for name, table in LISTS.items()},
    )


def _signature(view: sa.Connection, table: sa.Table) -> list[int]:
    """Numbers that differ when the mirrored columns of a small table do: rows are only added, and links closed."""
    if table is connection_table:
        rows = view.execute(sa.select(table.c.id, table.c.priority).order_by(table.c.id))
        return [int(value) for row in rows for value in row]
    counts = [sa.func.count(), sa.func.max(table.c.id)]
    if table is link:
        counts.append(sa.func.count(table.c.known_to))
    return [int(value or 0) for value in view.execute(sa.select(*counts).select_from(table)).one()]


def changed(view: sa.Connection, record: str, *, after: int, through: int) -> list[int]:
    """The ids up to `through` of a record type that `fact_change` names behind its id `after`, ascending, each once."""
    c = fact_change.c
    query = sa.select(c.fact_id).where(c.id > after, c.record == record, c.fact_id <= through)
    return list(view.execute(query.distinct().order_by(c.fact_id)).scalars())


# --- rows -----------------------------------------------------------------------------------------------------------------

Rows = Sequence[Sequence[Any]]


def rows_between(
    view: sa.Connection, table: sa.Table, columns: Mapping[str, Kind], after: int = 0, through: int | None = None
) -> Iterator[Rows]:
    """The rows with ids in (after, through], None for all, by ascending id in batches.

    Values are plain: times are microseconds or days since 1970, booleans 0 and 1, JSON is text.
    """
    query = sa.select(*_plain(view, table, columns)).where(table.c.id > after).order_by(table.c.id)
    if through is not None:
        query = query.where(table.c.id <= through)
    result = view.execute(query, execution_options={"stream_results": True, "yield_per": BATCH})
    yield from result.partitions()


def rows_with(view: sa.Connection, table: sa.Table, columns: Mapping[str, Kind], ids: Sequence[int]) -> Iterator[Rows]:
    """The rows with these ids, in batches, as `rows_between` gives them."""
    for chunk in chunked(ids):
        yield view.execute(sa.select(*_plain(view, table, columns)).where(table.c.id.in_(chunk))).all()


def _plain(view: sa.Connection, table: sa.Table, columns: Mapping[str, Kind]) -> list[sa.ColumnElement[Any]]:
    write = _plain_in_postgresql if view.dialect.name == "postgresql" else _plain_in_sqlite
    return [write(table.c[name], kind).label(name) for name, kind in columns.items()]


def _plain_in_sqlite(column: sa.Column[Any], kind: Kind) -> sa.ColumnElement[Any]:
    """Without a type, so that nothing is made of what the file holds."""
    return sa.type_coerce(column, sa.types.NullType()) if kind in _CONVERTED else column


def _plain_in_postgresql(column: sa.Column[Any], kind: Kind) -> sa.ColumnElement[Any]:
    if kind is Kind.INSTANT:
        return sa.cast(sa.extract("epoch", sa.type_coerce(column, sa.DateTime)) * 1_000_000, sa.BigInteger)
    if kind is Kind.DAY:
        return sa.type_coerce(column, sa.Date).op("-", return_type=sa.Integer())(sa.literal(EPOCH_DAY, sa.Date))
    if kind is Kind.BOOLEAN:
        return sa.cast(column, sa.Integer)
    if kind is Kind.JSON:
        return sa.cast(column, sa.Text)
    return column


_CONVERTED = frozenset({Kind.INSTANT, Kind.DAY, Kind.BOOLEAN, Kind.JSON})


def kind_of(column: sa.Column[Any]) -> Kind:
    """The kind of a column that is no field of a record."""
    if isinstance(column.type, Instant):
        return Kind.INSTANT
    if isinstance(column.type, Day):
        return Kind.DAY
    if isinstance(column.type, sa.Boolean):
        return Kind.BOOLEAN
    return Kind.INTEGER if isinstance(column.type, sa.Integer) else Kind.TEXT
