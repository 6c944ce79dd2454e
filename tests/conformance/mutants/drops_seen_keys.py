"""Drops a row that it reads again by its key, and with it the row's change in that second (R12)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from tests.conformance.acme import Acme

from accountpulse import plugins as ap

KILLED_BY = "test_06_rows_written_in_the_second_of_the_cursor"


class Mutant(Acme):
    @ap.stream(ap.Account, cursor=ap.OpaqueCursor("a time"), lag=timedelta(minutes=5), deletes="tombstones")
    def customers(self, window: ap.Window) -> Iterator[ap.Item]:
        """Customers, in order of change."""
        cursor: Any = window.cursor or {"since": None, "seen": []}
        since = datetime.fromisoformat(cursor["since"]) if cursor["since"] else None
        last, seen = since, set(cursor["seen"])
        for item in Acme.customers(self, ap.Window(since=since, until=window.until)):
            if isinstance(item, ap.Checkpoint):
                last = item.cursor
            elif item.source_id not in cursor["seen"]:
                seen.add(item.source_id)
                yield item
        yield ap.Checkpoint({"since": last.isoformat() if last else None, "seen": sorted(seen)[-9:]})
