"""Fixtures of the API's tests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.graphql.client import Api
from tests.graphql.shop import open_shop
from tests.graphql.world import SmallHub, World

from accountpulse.core.store.database import Store
from accountpulse.hub import Hub
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


@pytest.fixture(scope="session")
def shop_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the shop's files and its store as it begins are: each test has a copy of the store."""
    folder = tmp_path_factory.mktemp("shop")
    with fresh_store(folder) as store, open_shop(store, folder):
        pass
    return folder


@pytest.fixture
def shop(shop_folder: Path, tmp_path: Path) -> Iterator[Hub]:
    """A real hub over files, on SQLite only."""
    shutil.copy(shop_folder / "store.db", tmp_path)
    store = Store.open(str(tmp_path / "store.db"))
    with open_shop(store, shop_folder, begun=True) as hub:
        yield hub
    store.close()
