"""Yields a record type that the stream does not declare."""

from collections.abc import Iterator
from datetime import timedelta

from tests.conformance.acme import Acme

from accountpulse import plugins as ap

KILLED_BY = "test_22_every_stream_brings_what_it_declares"


class Mutant(Acme):
    @ap.stream(ap.Account, cursor=ap.TimeCursor("updated_at"), lag=timedelta(minutes=5), deletes="tombstones")
    def customers(self, window: ap.Window) -> Iterator[ap.Item]:
        """Customers, in order of change."""
        for item in Acme.customers(self, window):
            yield item
            if isinstance(item, ap.Account):
                yield ap.Contact(source_id=item.source_id, account=item.source_id, created_at=window.until)
