"""Cuts the id, so that two rows share one."""

from typing import Any

from tests.conformance.acme import Acme

from accountpulse import plugins as ap

KILLED_BY = "test_02_keys_and_times"


class Mutant(Acme):
    def record(self, row: dict[str, Any]) -> ap.Item:
        return super().record({**row, "id": row["id"][:9]})
