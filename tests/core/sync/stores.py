"""A store for many tests: emptied before each, because making one takes longer than most tests here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conftest import store_from
from tests.emptying import empty

from accountpulse.core.store.database import Store


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def shared_store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One store per database, for the whole session."""
    if request.param == "sqlite":
        opened = Store.open(str(Path(tmp_path_factory.mktemp("shared")) / "store.db"))
        yield opened
        opened.close()
        return
    with store_from(request.getfixturevalue("postgres_template")) as opened:
        yield opened


@pytest.fixture
def store(shared_store: Store) -> Store:
    """An empty store: the test runs once on SQLite and once on PostgreSQL."""
    empty(shared_store)
    return shared_store
