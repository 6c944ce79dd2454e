"""Asks for everything in each run."""

from collections.abc import Iterator
from datetime import timedelta

from tests.conformance.acme import Acme

from accountpulse import plugins as ap

KILLED_BY = "test_03_a_second_run_reads_only_what_is_new"


class Mutant(Acme):
    @ap.stream(ap.Account, cursor=ap.TimeCursor("updated_at"), lag=timedelta(minutes=5), deletes="tombstones")
    def customers(self, window: ap.Window) -> Iterator[ap.Item]:
        """Customers, in order of change."""
        yield from Acme.customers(self, ap.Window(since=None, until=window.until))
