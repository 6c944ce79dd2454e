"""The dialect's own `insert ... on conflict`: SQLAlchemy has one for each database."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite


def insert(connection: sa.Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """An insert into `table` that knows `on_conflict_do_nothing` and `on_conflict_do_update`."""
    return insert_into(connection.dialect, table)


def insert_into(dialect: sa.Dialect, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """The same without a connection."""
    return postgresql.insert(table) if dialect.name == "postgresql" else sqlite.insert(table)
