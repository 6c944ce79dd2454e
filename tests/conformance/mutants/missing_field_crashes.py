"""Indexes a row for a field that it may lack (R33)."""

from typing import Any

from tests.conformance.acme import Acme

from accountpulse import plugins as ap

KILLED_BY = "test_17_answers_that_drift"


class Mutant(Acme):
    def record(self, row: dict[str, Any]) -> ap.Item:
        return super().record({**row, "id": row["id"]})
