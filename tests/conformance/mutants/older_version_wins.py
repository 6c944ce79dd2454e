"""Yields the rows of a run newest first, so that of two versions of a row the older one comes last and stays (R10)."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from tests.conformance.acme import Acme

from accountpulse import plugins as ap

KILLED_BY = "test_01_every_row_of_every_page"


class Mutant(Acme):
    @ap.stream(ap.Account, cursor=ap.OpaqueCursor("the place after a row"), lag=timedelta(minutes=5), deletes="tombstones")
    def customers(self, window: ap.Window) -> Iterator[ap.Item]:
        """Customers, in order of change."""
        token, rows = window.cursor, list[dict[str, Any]]()
        while True:
            page = self.get("/customers", {"page": token} if isinstance(token, str) else {})
            rows += page["data"]
            if rows:
                token = f"{rows[-1]['updated_at']}|{rows[-1]['id']}"
            if page["next"] is None:
                break
        yield from map(self.record, reversed(rows))
        yield ap.Checkpoint(token)
