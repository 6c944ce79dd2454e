"""Keeps the ids of the last second in its cursor: it grows with every tie (R17)."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from tests.conformance.acme import Acme

from accountpulse import plugins as ap

KILLED_BY = "test_05_ties_across_a_fault_between_pages"


class Mutant(Acme):
    @ap.stream(ap.Account, cursor=ap.OpaqueCursor("a time"), lag=timedelta(minutes=5), deletes="tombstones")
    def customers(self, window: ap.Window) -> Iterator[ap.Item]:
        """Customers, in order of change."""
        since = datetime.fromisoformat(window.cursor["since"]) if isinstance(window.cursor, dict) else None
        seen: list[str] = []
        for item in Acme.customers(self, ap.Window(since=since, until=window.until)):
            if isinstance(item, ap.Account):
                seen.append(item.source_id)
            yield (
                ap.Checkpoint({"since": item.cursor.isoformat(), "seen": list(seen)})
                if isinstance(item, ap.Checkpoint)
                else item
            )
