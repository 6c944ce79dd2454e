"""Reads everything again when its cursor lies ahead of the clock (R19)."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from tests.conformance.acme import Acme

from accountpulse import plugins as ap

KILLED_BY = "test_18_a_clock_that_is_slow"


class Mutant(Acme):
    @ap.stream(ap.Account, cursor=ap.OpaqueCursor("a time"), lag=timedelta(minutes=5), deletes="tombstones")
    def customers(self, window: ap.Window) -> Iterator[ap.Item]:
        """Customers, in order of change."""
        since = datetime.fromisoformat(window.cursor) if isinstance(window.cursor, str) else None
        if since is not None and since > self.context.clock.now():
            since = None
        for item in Acme.customers(self, ap.Window(since=since, until=window.until)):
            yield ap.Checkpoint(item.cursor.isoformat()) if isinstance(item, ap.Checkpoint) else item
