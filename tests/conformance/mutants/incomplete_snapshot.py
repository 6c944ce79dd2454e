"""Ends a snapshot normally when a page failed, so that the missing rows look deleted (R23)."""

from collections.abc import Iterator
from contextlib import suppress

from tests.conformance.acme import Acme

from accountpulse import plugins as ap

KILLED_BY = "test_15_an_incomplete_reading_deletes_nothing"


class Mutant(Acme):
    @ap.stream(ap.Account, deletes="snapshot")
    def customers(self, window: ap.Window) -> Iterator[ap.Item]:
        """All customers."""
        items = Acme.customers(self, ap.Window(since=None, until=window.until))
        with suppress(ap.Transient):
            yield from (item for item in items if isinstance(item, ap.Account))
