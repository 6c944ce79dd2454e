"""Can't bear a field that it does not know (R33)."""

from typing import Any

from tests.conformance.acme import Acme

from accountpulse import plugins as ap

KILLED_BY = "test_17_answers_that_drift"


KNOWN = {"id", "name", "created_at", "updated_at", "deleted"}


class Mutant(Acme):
    def record(self, row: dict[str, Any]) -> ap.Item:
        if row.keys() - KNOWN:
            raise ap.ConnectorError("Acme's customers have changed")
        return super().record(row)
