"""Asks for what is newer than the newest row, so that a row of the same second is never read (R14)."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from tests.conformance.acme import Acme

from accountpulse import plugins as ap

KILLED_BY = "test_06_rows_written_in_the_second_of_the_cursor"


class Mutant(Acme):
    @ap.stream(ap.Account, cursor=ap.OpaqueCursor("a time"), lag=timedelta(minutes=5), deletes="tombstones")
    def customers(self, window: ap.Window) -> Iterator[ap.Item]:
        """Customers, in order of change."""
        since = datetime.fromisoformat(window.cursor) + timedelta(microseconds=1) if isinstance(window.cursor, str) else None
        for item in Acme.customers(self, ap.Window(since=since, until=window.until)):
            yield ap.Checkpoint(item.cursor.isoformat()) if isinstance(item, ap.Checkpoint) else item
