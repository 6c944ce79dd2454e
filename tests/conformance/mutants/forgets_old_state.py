"""Crashes on the cursor that an earlier release left (R6)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from tests.conformance.acme import Acme

from accountpulse import plugins as ap

KILLED_BY = "test_23_what_earlier_releases_left_still_loads"
DECLARED = {"earlier": {"0.1": {"cursors": {"customers": "2026-03-01T00:00:00+00:00"}}}}


class Mutant(Acme):
    @ap.stream(ap.Account, cursor=ap.OpaqueCursor("a time"), lag=timedelta(minutes=5), deletes="tombstones")
    def customers(self, window: ap.Window) -> Iterator[ap.Item]:
        """Customers, in order of change."""
        cursor: Any = window.cursor
        since = datetime.fromisoformat(cursor["since"]) if cursor else None
        for item in Acme.customers(self, ap.Window(since=since, until=window.until)):
            yield ap.Checkpoint({"since": item.cursor.isoformat()}) if isinstance(item, ap.Checkpoint) else item
