"""Fixtures of the sync tests."""

from __future__ import annotations

import pytest
from tests.core.sync.stores import shared_store, store
from tests.core.sync.vendor import Bench

from accountpulse.core.store.database import Store

__all__ = ["bench", "shared_store", "store"]


@pytest.fixture
def bench(store: Store) -> Bench:
    """A connection to a vendor under the test's control, on SQLite and on PostgreSQL."""
    return Bench(store)
