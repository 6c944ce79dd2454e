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


def among(connection: sa.Connection, column: sa.ColumnElement[Any], values: Sequence[str]) -> sa.ColumnElement[bool]:
    """Whether a column is one of any number of texts, which are bound as one parameter."""
    if connection.dialect.name == "postgresql":
        return column == sa.any_(sa.literal(list(values), ARRAY(sa.Text)))
    each = sa.func.json_each(json.dumps(list(values))).table_valued("value")
    return column.in_(sa.select(each.c.value))


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
