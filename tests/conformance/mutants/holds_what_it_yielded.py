"""Yields each row as it comes, and keeps them all (R36)."""

from collections.abc import Iterator
from datetime import timedelta

from tests.conformance.acme import Acme

from accountpulse import plugins as ap

KILLED_BY = "test_19_memory_does_not_grow_with_the_rows"


class Mutant(Acme):
    @ap.stream(ap.Account, cursor=ap.TimeCursor("updated_at"), lag=timedelta(minutes=5), deletes="tombstones")
    def customers(self, window: ap.Window) -> Iterator[ap.Item]:
        """Customers, in order of change."""
        kept = []
        for item in Acme.customers(self, window):
            kept.append(item)
            yield item
