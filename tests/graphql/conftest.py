"""Fixtures of the API's tests."""

from __future__ import annotations

import pytest
from tests.graphql.world import Api, SmallHub, World

from accountpulse.core.store.database import Store


@pytest.fixture
def world(store: Store) -> World:
    """A store with two connections, one model and one segment."""
    return World(store)


@pytest.fixture
def api(world: World) -> Api:
    """A signed-in client of the world's store."""
    return Api(SmallHub(world.store))
