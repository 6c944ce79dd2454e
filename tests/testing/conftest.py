"""The world is built once; each test gets its own vendors, so that no fault leaks into the next."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from accountpulse.core.clock import FixedClock
from accountpulse.testing.vendors import Vendors, World, start_vendors

NOW = datetime(2026, 11, 21, 10, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def world() -> World:
    return World(NOW)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def vendors(world: World, clock: FixedClock) -> Iterator[Vendors]:
    with start_vendors(world=world, clock=clock) as running:
        yield running


@pytest.fixture
def empty_vendors(clock: FixedClock) -> Iterator[Vendors]:
    with start_vendors(clock=clock, empty=True) as running:
        yield running
