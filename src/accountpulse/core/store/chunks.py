"""Long lists in conditions: databases limit the number of bound parameters, and each of them costs time to compile."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

T = TypeVar("T")
CHUNK = 900
TEXTS = "texts"


def among(dialect: str, column: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Whether a column is one of any number of texts, bound as the one parameter `TEXTS`, see `texts`.

    Given when it is executed: statements are in cycles, and would keep thousands of texts until somebody looks for garbage.
    """
    if dialect == "postgresql":
        return column == sa.any_(sa.bindparam(TEXTS, type_=ARRAY(sa.Text)))
    each = sa.func.json_each(sa.bindparam(TEXTS, type_=sa.Text)).table_valued("value")
    return column.in_(sa.select(each.c.value))


def texts(connection: sa.Connection, values: Sequence[str]) -> list[str] | str:
    """What `among` wants as its parameter."""
    return list(values) if connection.dialect.name == "postgresql" else json.dumps(list(values))


class _Ids(TypeDecorator[Sequence[int]]):
    """Any number of ids as one parameter."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> TypeEngine[Any]:
        return ARRAY(sa.BigInteger) if dialect.name == "postgresql" else sa.Text()

    def process_bind_param(self, value: Sequence[int] | None, dialect: sa.Dialect) -> Any:
        return list(value or ()) if dialect.name == "postgresql" else orjson.dumps(list(value or ())).decode()


class _OneOf(FunctionElement[bool]):
    name = "one_of"
    type = sa.Boolean()
    inherit_cache = True

    def self_group(self, against: object = None) -> _OneOf:  # noqa: ARG002
        """As it is: compared with `= 1`, which SQLAlchemy adds for SQLite, no index is used."""
        return self


@compiles(_OneOf, "sqlite")
def _in_json(element: _OneOf, compiler: SQLCompiler, **options: Any) -> str:
    column, ids = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({ids}))"  # noqa: S608  # compiled parts


@compiles(_OneOf, "postgresql")
def _in_array(element: _OneOf, compiler: SQLCompiler, **options: Any) -> str:
    column, ids = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} = ANY({ids})"


def one_of(column: sa.ColumnElement[int], ids: Sequence[int]) -> sa.ColumnElement[bool]:
    """Whether a column is one of any number of ids, which are bound as one parameter: a parameter each takes longer to write
    than their rows to read."""
    found: sa.ColumnElement[bool] = _OneOf(column, sa.bindparam(None, ids, type_=_Ids(), unique=True))
    return found


def given(connection: sa.Connection, columns: Mapping[str, TypeEngine[Any]], rows: Sequence[Sequence[Any]]) -> sa.FromClause:
    """Rows as a table to join with, which are bound as one parameter, on PostgreSQL as one a column."""
    if connection.dialect.name == "postgresql":
        values = zip(*rows, strict=True) if rows else [[] for _ in columns]
        arrays = [sa.literal(list(each), ARRAY(type_)) for each, type_ in zip(values, columns.values(), strict=True)]
        named = [sa.column(name, type_) for name, type_ in columns.items()]
        return sa.func.unnest(*arrays).table_valued(*named).render_derived(name="given")
    prepares = [type_.dialect_impl(connection.dialect).bind_processor(connection.dialect) for type_ in columns.values()]
    plain = [[value if f is None else f(value) for f, value in zip(prepares, row, strict=True)] for row in rows]
    each = sa.func.json_each(json.dumps(plain)).table_valued("value")
    extracted = [
        sa.type_coerce(sa.func.json_extract(each.c.value, f"$[{place}]"), type_).label(name)
        for place, (name, type_) in enumerate(columns.items())
    ]
    return sa.select(*extracted).subquery("given")


def chunked(items: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """Slices of at most `size` items."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
