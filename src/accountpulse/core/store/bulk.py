"""Many rows into a table: each value is prepared once, past what SQLAlchemy does for each row; PostgreSQL gets them by COPY."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

Prepare = Callable[[Any], Any]


def insert_rows(connection: sa.Connection, table: sa.Table, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows, of each the values of the columns called `names`. A row that is there already is an error."""
    if not rows:
        return
    statement, order, prepares = _prepared(table, tuple(names), connection.dialect)
    columns: list[Iterable[Any]] = list(zip(*rows, strict=True))
    for index, prepare in prepares:
        columns[index] = map(prepare, columns[index])
    prepared = zip(*(columns[index] for index in order), strict=True)
    if connection.dialect.name == "postgresql":
        _copy(connection, statement, [_name_of(table.c[name].type, connection.dialect) for name in names], prepared)
    else:
        connection.exec_driver_sql(statement, list(prepared))


@lru_cache(maxsize=256)
def _prepared(
    table: sa.Table, names: tuple[str, ...], dialect: sa.Dialect
) -> tuple[str, tuple[int, ...], tuple[tuple[int, Prepare], ...]]:
    """The statement, the order in which it takes the columns, and how values of some of them are prepared for the driver."""
    prepares = [table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names]
    changed = tuple((index, prepare) for index, prepare in enumerate(prepares) if prepare is not None)
    if dialect.name == "postgresql":
        quote = dialect.identifier_preparer
        columns = ", ".join(quote.quote(name) for name in names)
        return f"copy {quote.format_table(table)} ({columns}) from stdin (format binary)", tuple(range(len(names))), changed
    compiled = sa.insert(table).compile(dialect=dialect, column_keys=names)
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
