"""Alembic's entry: migrates the connection it is handed."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from accountpulse.core.store.every_table import metadata


def _render(kind: str, item: Any, autogen_context: AutogenContext) -> str | Literal[False]:
    """Write our column types with their import; Alembic would leave the import out."""
    if kind == "type" and type(item).__module__ == "accountpulse.core.store.types":
        autogen_context.imports.add("from accountpulse.core.store.types import Day, Instant")
        return f"{type(item).__name__}()"
    return False


def _compared(item: Any, _name: str | None, _kind: str, _reflected: bool, _compare_to: Any) -> bool:
    """Leave out what another kind of database has."""
    return bool(item.info.get("only_on", connection.dialect.name) == connection.dialect.name)


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=True,
    render_item=_render,
    include_object=_compared,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
