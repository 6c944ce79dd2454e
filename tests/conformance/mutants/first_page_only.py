"""Reads the first page and takes it for all."""

from collections.abc import Iterator
from datetime import timedelta

from tests.conformance.acme import Acme

from accountpulse import plugins as ap

KILLED_BY = "test_01_every_row_of_every_page"


class Mutant(Acme):
    @ap.stream(ap.Account, cursor=ap.TimeCursor("updated_at"), lag=timedelta(minutes=5), deletes="tombstones")
    def customers(self, window: ap.Window) -> Iterator[ap.Item]:
        """Customers, in order of change."""
        page = self.get("/customers", {"updated_since": window.since.isoformat()} if window.since else {})
        yield from map(self.record, page["data"])
