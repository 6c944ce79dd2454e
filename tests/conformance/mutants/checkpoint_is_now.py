"""Goes on from when it ran, not from the newest row it saw (R18, R19)."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from tests.conformance.acme import Acme

from accountpulse import plugins as ap

KILLED_BY = "test_06_rows_written_in_the_second_of_the_cursor"


class Mutant(Acme):
    @ap.stream(ap.Account, cursor=ap.OpaqueCursor("a time"), lag=timedelta(minutes=5), deletes="tombstones")
    def customers(self, window: ap.Window) -> Iterator[ap.Item]:
        """Customers, in order of change."""
        since = datetime.fromisoformat(window.cursor) if isinstance(window.cursor, str) else None
        for item in Acme.customers(self, ap.Window(since=since, until=window.until)):
            if not isinstance(item, ap.Checkpoint):
                yield item
        yield ap.Checkpoint((self.context.clock.now() + timedelta(microseconds=1)).isoformat())
