"""Fixtures of the API's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.graphql.client import Api
from tests.graphql.world import SmallHub, World

from accountpulse.core.store.database import Store
from accountpulse.testing.stores import fresh_store


@pytest.fixture
def world(store: Store) -> World:
    """A store with two connections, one model and one segment."""
    return World(store)


@pytest.fixture
def api(world: World) -> Api:
    """A signed-in client of the world's store."""
    return Api(SmallHub(world.store))


@pytest.fixture
def local_api(tmp_path: Path) -> Iterator[Api]:
    """A client over SQLite only: for what does not depend on the database."""
    with fresh_store(tmp_path) as store:
        World(store)
        yield Api(SmallHub(store))
