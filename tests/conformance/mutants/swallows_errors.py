"""Takes a fault for the last page (R30)."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta

from tests.conformance.acme import Acme

from accountpulse import plugins as ap

KILLED_BY = "test_10_a_fault_is_not_the_end"


class Mutant(Acme):
    @ap.stream(ap.Account, cursor=ap.TimeCursor("updated_at"), lag=timedelta(minutes=5), deletes="tombstones")
    def customers(self, window: ap.Window) -> Iterator[ap.Item]:
        """Customers, in order of change."""
        with suppress(ap.Transient):
            yield from Acme.customers(self, window)
