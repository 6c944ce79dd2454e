"""Follows `next` wherever it leads (R32)."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from tests.conformance.acme import Acme

from accountpulse import plugins as ap

KILLED_BY = "test_16_a_page_that_comes_again"


class Mutant(Acme):
    @ap.stream(ap.Account, cursor=ap.TimeCursor("updated_at"), lag=timedelta(minutes=5), deletes="tombstones")
    def customers(self, window: ap.Window) -> Iterator[ap.Item]:
        """Customers, in order of change."""
        page = self.get("/customers", {"updated_since": window.since.isoformat()} if window.since else {})
        while True:
            yield from map(self.record, page["data"])
            if page["data"]:
                yield ap.Checkpoint(datetime.fromisoformat(page["data"][-1]["updated_at"]))
            if page["next"] is None:
                return
            page = self.get("/customers", {"page": page["next"]})
