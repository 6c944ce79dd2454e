"""Brings the schema up to date with Alembic; refuses a store that a newer version wrote."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from accountpulse.core.errors import StoreError
from accountpulse.core.store import views

# Any constant will do, as long as every AccountPulse process takes the same lock.
ADVISORY_LOCK = 4_150_115


def alembic_config() -> Config:
    """Alembic's configuration; `attributes["connection"]` carries the connection to migrate."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def upgrade(engine: sa.Engine) -> None:
    """Migrate to the newest schema. Safe when several processes start at once."""
    with engine.connect() as connection:
        if _revision(connection) == _head():
            return
    with _exclusive(engine) as connection:
        found = _revision(connection)
        known = {script.revision for script in ScriptDirectory.from_config(alembic_config()).walk_revisions()}
        if found is not None and found not in known:
            raise StoreError(
                f"the store's schema {found!r} was written by a newer AccountPulse than this one; "
                "upgrade the program (pip install -U accountpulse) or restore a back-up"
            )
        config = alembic_config()
        config.attributes["connection"] = connection
        views.drop(connection)
        command.upgrade(config, "head")
        views.create(connection)


@cache
def _head() -> str | None:
    return ScriptDirectory.from_config(alembic_config()).get_current_head()


def _revision(connection: sa.Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


@contextmanager
def _exclusive(engine: sa.Engine) -> Iterator[sa.Connection]:
    with engine.connect().execution_options(accountpulse_write=True) as connection:
        if engine.dialect.name == "sqlite":
            # Batch mode recreates tables, which foreign keys would forbid; the pragma only works outside a transaction.
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")  # type: ignore[union-attr]
        try:
            with connection.begin():
                if engine.dialect.name == "postgresql":
                    connection.execute(sa.text("select pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
                yield connection
        finally:
            if engine.dialect.name == "sqlite":
                connection.connection.driver_connection.execute("PRAGMA foreign_keys=ON")  # type: ignore[union-attr]
