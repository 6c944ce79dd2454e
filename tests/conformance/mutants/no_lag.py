"""Declares no lag at a vendor that shows rows five minutes late (R18)."""

from collections.abc import Iterator

from tests.conformance.acme import Acme

from accountpulse import plugins as ap

KILLED_BY = "test_09_a_row_that_turns_up_late"


class Mutant(Acme):
    @ap.stream(ap.Account, cursor=ap.TimeCursor("updated_at"), deletes="tombstones")
    def customers(self, window: ap.Window) -> Iterator[ap.Item]:
        """Customers, in order of change."""
        yield from Acme.customers(self, window)
