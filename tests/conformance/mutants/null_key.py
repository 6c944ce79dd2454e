"""A row without anything of its own gets the key of nothing."""

from dataclasses import replace
from typing import Any

from tests.conformance.acme import Acme

from accountpulse import plugins as ap

KILLED_BY = "test_02_keys_and_times"


class Mutant(Acme):
    def record(self, row: dict[str, Any]) -> ap.Item:
        item = super().record(row)
        return replace(item, source_id="") if row["id"].endswith("3") and isinstance(item, ap.Account) else item
