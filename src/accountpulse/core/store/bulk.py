"""Many rows into a table: each value is prepared once, past what SQLAlchemy does for each row; PostgreSQL gets them by COPY."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache, partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeEngine

from accountpulse.core.store.upsert import insert_into

Prepare = Callable[[Iterable[Any]], Iterable[Any]]
"""Of a column's values, the driver's."""


def insert_rows(connection: sa.Connection, table: sa.Table, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows, of each the values of the columns called `names`. A row that is there already is an error."""
    if not rows:
        return
    statement, order, prepares = _prepared(table, tuple(names), connection.dialect)
    prepared = _by_place(rows, order, prepares)
    if connection.dialect.name == "postgresql":
        _copy(connection, statement, [_name_of(table.c[name].type, connection.dialect) for name in names], prepared)
    else:
        connection.exec_driver_sql(statement, list(prepared))


def upsert_rows(connection: sa.Connection, table: sa.Table, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows, or replace what those of the same keys say. Names and rows as in `insert_rows`, the key among them."""
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        connection.execute(_upsert(table, names, connection.dialect), [dict(zip(names, row, strict=True)) for row in rows])
        return
    statement, order, prepares = _prepared(table, tuple(names), connection.dialect, upsert=True)
    connection.exec_driver_sql(statement, list(_by_place(rows, order, prepares)))


def _by_place(
    rows: Sequence[Sequence[Any]], order: Sequence[int], prepares: Sequence[tuple[int, Prepare]]
) -> Iterator[tuple[Any, ...]]:
    columns: list[Iterable[Any]] = list(zip(*rows, strict=True))
    for index, prepare in prepares:
        columns[index] = prepare(columns[index])
    return zip(*(columns[index] for index in order), strict=True)


def _each_once(prepare: Callable[[Any], Any], values: Iterable[Any]) -> Iterator[Any]:
    """Writing JSON takes as long as all else of a row, and many rows may have one and the same object."""
    known: dict[int, tuple[Any, Any]] = {}
    for value in values:
        # With the object itself, which so outlives its number here.
        if id(value) not in known:
            known[id(value)] = (value, prepare(value))
        yield known[id(value)][1]


def _upsert(table: sa.Table, names: Sequence[str], dialect: sa.Dialect) -> sqlite.Insert | postgresql.Insert:
    statement = insert_into(dialect, table)
    key = [column.name for column in table.primary_key]
    said = {name: statement.excluded[name] for name in names if name not in key}
    return statement.on_conflict_do_update(index_elements=key, set_=said)


@lru_cache(maxsize=256)
def _prepared(
    table: sa.Table, names: tuple[str, ...], dialect: sa.Dialect, *, upsert: bool = False
) -> tuple[str, tuple[int, ...], tuple[tuple[int, Prepare], ...]]:
    """The statement, the order in which it takes the columns, and how values of some of them are prepared for the driver."""
    prepares = [table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names]
    changed = tuple(
        (index, partial(_each_once, prepare) if isinstance(table.c[names[index]].type, sa.JSON) else partial(map, prepare))
        for index, prepare in enumerate(prepares)
        if prepare is not None and not isinstance(table.c[names[index]].type, sa.LargeBinary)  # drivers take bytes as they are
    )
    if dialect.name == "postgresql":
        quote = dialect.identifier_preparer
        columns = ", ".join(quote.quote(name) for name in names)
        return f"copy {quote.format_table(table)} ({columns}) from stdin (format binary)", tuple(range(len(names))), changed
    compiled = (_upsert(table, names, dialect) if upsert else sa.insert(table)).compile(dialect=dialect, column_keys=names)
    assert compiled.positiontup is not None  # SQLite's driver takes values by place
    return str(compiled), tuple(names.index(name) for name in compiled.positiontup), changed


def _name_of(type_: TypeEngine[Any], dialect: sa.Dialect) -> str:
    """What PostgreSQL calls a type: in the binary form nothing is converted."""
    return str(type_.compile(dialect)).lower()


def _copy(connection: sa.Connection, statement: str, types: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    import psycopg

    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)
    except psycopg.Error as error:
        # As if SQLAlchemy had sent it: its own errors are what the rest of the code knows.
        raise sa.exc.DBAPIError.instance(statement, None, error, psycopg.Error, dialect=connection.dialect) from error
