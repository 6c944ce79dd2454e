"""Reads a time without its zone (R41)."""

from datetime import datetime
from typing import Any

from tests.conformance.acme import Acme

from accountpulse import plugins as ap

KILLED_BY = "test_02_keys_and_times"


class Mutant(Acme):
    def record(self, row: dict[str, Any]) -> ap.Item:
        at = datetime.fromisoformat(row["created_at"]).replace(tzinfo=None)
        return ap.Account(source_id=row["id"], name=row["name"], created_at=at)
