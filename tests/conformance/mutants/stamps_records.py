"""Writes when it read a row into the record."""

from typing import Any

from tests.conformance.acme import Acme

from accountpulse import plugins as ap

KILLED_BY = "test_04_reading_again_changes_nothing"


class Mutant(Acme):
    def record(self, row: dict[str, Any]) -> ap.Item:
        now = self.context.clock.now().isoformat()
        return ap.Account(source_id=row["id"], name=row["name"], custom={"read_at": now})
