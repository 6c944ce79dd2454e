"""The fact tables: one for each record type, derived from the account model.

Every row is a *version*: known from `known_from` until `known_to`. The current view is `known_to is null`; what was known at K
is one predicate. `assumed` marks versions of a first complete load, whose `known_from` is their own earliest time, because
nobody knows when we would have learnt them.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from accountpulse.core.model import FieldSchema, Kind, RecordSchema, schemas
from accountpulse.core.store.metadata import metadata
from accountpulse.core.store.types import Day, Instant, Json, Serial

_TYPES: dict[Kind, sa.types.TypeEngine[Any]] = {
    Kind.TEXT: sa.Text(),
    Kind.INTEGER: sa.BigInteger(),
    Kind.FLOAT: sa.Double(),
    Kind.BOOLEAN: sa.Boolean(),
    Kind.INSTANT: Instant(),
    Kind.DAY: Day(),
    Kind.JSON: Json,
}


_WHOLE = frozenset({"usage_day"})
"""Records of which SQLite's index by account holds all that a metric reads. An account's usage of a quarter lies all over the
table, as it comes by day, and fetching a row takes five times what reading it in the index does. PostgreSQL would read the
table all the same, to see whether a row is visible."""


def _only_on(database: str, index: sa.Index) -> None:
    """Have one kind of database alone make an index. `info` tells comparisons of schemas."""
    index.info["only_on"] = database
    index.ddl_if(dialect=database)


def _column(field: FieldSchema) -> sa.Column[Any]:
    return sa.Column(field.name, _TYPES[field.kind], nullable=field.nullable)


def _fact_table(schema: RecordSchema) -> sa.Table:
    name = f"fact_{schema.name}"
    table = sa.Table(
        name,
        metadata,
        sa.Column("id", Serial, primary_key=True),
        sa.Column("connection_id", sa.Integer, sa.ForeignKey("connection.id"), nullable=False),
        sa.Column("source_id", sa.Text, nullable=False),
        sa.Column("source_account_id", sa.Integer, sa.ForeignKey("source_account.id"), nullable=False),
        sa.Column("known_from", Instant, nullable=False),
        sa.Column("known_to", Instant),
        sa.Column("assumed", sa.Boolean, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("raw_ref", sa.Text),
        *[_column(field) for field in schema.fields],
    )
    current = sa.text("known_to is null")
    sa.Index(
        f"uq_{name}_current",
        table.c.connection_id,
        table.c.source_id,
        unique=True,
        sqlite_where=current,
        postgresql_where=current,
    )
    sa.Index(f"ix_{name}_versions", table.c.connection_id, table.c.source_id, table.c.known_from)
    if schema.event is not None:
        by_account = sa.Index(f"ix_{name}_account", table.c.source_account_id, table.c[schema.event.name])
        if schema.name in _WHOLE:
            _only_on("postgresql", by_account)
            told = [field.name for field in schema.fields if field is not schema.event]
            columns = ("source_account_id", schema.event.name, "known_to", *told)
            _only_on("sqlite", sa.Index(f"ix_{name}_whole", *(table.c[column] for column in columns)))
    else:
        sa.Index(f"ix_{name}_account", table.c.source_account_id)
        named = sa.text("parent is not null")
        sa.Index(f"ix_{name}_parent", table.c.connection_id, table.c.parent, sqlite_where=named, postgresql_where=named)
    return table


FACTS: dict[str, sa.Table] = {name: _fact_table(schema) for name, schema in schemas().items()}
