"""Makes up ids of its own."""

from typing import Any

from tests.conformance.acme import Acme

from accountpulse import plugins as ap

KILLED_BY = "test_04_reading_again_changes_nothing"


class Mutant(Acme):
    def record(self, row: dict[str, Any]) -> ap.Item:
        return super().record({**row, "id": f"{row['id']}-{id(self)}-{self.context.clock.now():%M}"})
