"""Asks for what is newer than the last time, not from it on (R13)."""

from collections.abc import Iterator
from datetime import timedelta

from tests.conformance.acme import Acme

from accountpulse import plugins as ap

KILLED_BY = "test_05_ties_across_a_fault_between_pages"


class Mutant(Acme):
    @ap.stream(ap.Account, cursor=ap.TimeCursor("updated_at"), lag=timedelta(minutes=5), deletes="tombstones")
    def customers(self, window: ap.Window) -> Iterator[ap.Item]:
        """Customers, in order of change."""
        since = window.since + timedelta(microseconds=1) if window.since else None
        yield from Acme.customers(self, ap.Window(since=since, until=window.until))
