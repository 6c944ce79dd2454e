"""Declares a record type that it never yields: a metric takes its silence for zero."""

from collections.abc import Iterator
from datetime import timedelta

from tests.conformance.acme import Acme

from accountpulse import plugins as ap

KILLED_BY = "test_22_every_stream_brings_what_it_declares"


class Mutant(Acme):
    @ap.stream(ap.Account, ap.Contact, cursor=ap.TimeCursor("updated_at"), lag=timedelta(minutes=5), deletes="tombstones")
    def customers(self, window: ap.Window) -> Iterator[ap.Item]:
        """Customers, in order of change."""
        yield from Acme.customers(self, window)
