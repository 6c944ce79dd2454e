"""Yields the checkpoint of a page before its rows (R2)."""

from collections.abc import Iterator
from datetime import timedelta

from tests.conformance.acme import Acme

from accountpulse import plugins as ap

KILLED_BY = "test_07_killed_at_any_item"


class Mutant(Acme):
    @ap.stream(ap.Account, cursor=ap.TimeCursor("updated_at"), lag=timedelta(minutes=5), deletes="tombstones")
    def customers(self, window: ap.Window) -> Iterator[ap.Item]:
        """Customers, in order of change."""
        page: list[ap.Item] = []
        for item in Acme.customers(self, window):
            if isinstance(item, ap.Checkpoint):
                yield item
                yield from page
                page = []
            else:
                page.append(item)
        yield from page
