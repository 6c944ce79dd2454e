from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.connectors.stripe.account import NOW

from accountpulse.core.clock import FixedClock
from accountpulse.testing.vendors.server import serving
from accountpulse.testing.vendors.stripe import StripeVendor


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def vendor(clock: FixedClock) -> Iterator[StripeVendor]:
    """An empty account with a small page size."""
    simulated = StripeVendor(None, clock)
    simulated.page_size = 3
    with serving(simulated):
        yield simulated
