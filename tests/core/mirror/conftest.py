"""An empty store on each database, a mirror of it, and somebody who writes to it at random."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.core.mirror.scene import Scene
from tests.core.sync.stores import shared_store, store  # noqa: F401  # fixtures

from accountpulse.core.clock import FixedClock
from accountpulse.core.mirror import Mirror
from accountpulse.core.mirror.parts import Sizes
from accountpulse.core.store.database import Store

SMALL = Sizes(part=7, small=2, overlay=3, overlay_share=0.1)
"""So that a few rows make full files, many files, and overlays worth a rewrite."""


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 3, 10, 12, tzinfo=UTC))


@pytest.fixture
def mirror(store: Store, clock: FixedClock, tmp_path: Path) -> Mirror:  # noqa: F811  # the fixture
    return Mirror(tmp_path / "mirror", store, clock, SMALL)


@pytest.fixture
def scene(store: Store) -> Scene:  # noqa: F811  # the fixture
    return Scene(store, random.Random(1))
