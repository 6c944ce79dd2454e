"""Says that it was asked to slow down, not for how long (R28)."""

from typing import Any

from tests.conformance.acme import Acme

from accountpulse import plugins as ap

KILLED_BY = "test_11_asked_to_slow_down"


class Mutant(Acme):
    def get(self, path: str, params: dict[str, str] | None = None) -> Any:
        try:
            return super().get(path, params)
        except ap.RateLimited:
            raise ap.RateLimited from None
