"""Long lists in conditions: databases limit the number of bound parameters, and each of them costs time to compile."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import TypeEngine

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
