"""Fixtures of the tests of people's input."""

from __future__ import annotations

import pytest
from tests.core.people.firm import Firm
from tests.core.sync.stores import shared_store, store

from accountpulse.core.store.database import Store

__all__ = ["shared_store", "store"]


@pytest.fixture
def firm(store: Store) -> Firm:
    """A store with two customers, Acme and Beta, known to the CRM."""
    return Firm(store)
