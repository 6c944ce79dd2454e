"""A store for many tests: emptied before each, because making one takes longer than most tests here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.conftest import _database

from accountpulse.core.store.database import Store
from accountpulse.core.store.metadata import metadata


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def shared_store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One store per database, for the whole session."""
    if request.param == "sqlite":
        opened = Store.open(str(Path(tmp_path_factory.mktemp("shared")) / "store.db"))
        yield opened
        opened.close()
        return
    with _database(request.getfixturevalue("postgres_template")) as url:
        opened = Store.open(url)
        yield opened
        opened.close()


@pytest.fixture
def store(shared_store: Store) -> Store:
    """An empty store: the test runs once on SQLite and once on PostgreSQL."""
    empty(shared_store)
    return shared_store


def empty(store: Store) -> None:
    with store.write() as connection:
        if store.is_sqlite:
            connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
            for table in reversed(metadata.sorted_tables):
                connection.execute(sa.delete(table))
        else:
            filled = [
                t.name for t in metadata.sorted_tables if connection.execute(sa.select(sa.exists(sa.select(t)))).scalar_one()
            ]
            if filled:
                connection.exec_driver_sql(f"truncate {', '.join(filled)} restart identity cascade")
