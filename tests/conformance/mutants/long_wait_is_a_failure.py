"""Gives up where it is asked to come back later (R29)."""

from typing import Any

from tests.conformance.acme import Acme

from accountpulse import plugins as ap

KILLED_BY = "test_11_asked_to_slow_down"


class Mutant(Acme):
    def get(self, path: str, params: dict[str, str] | None = None) -> Any:
        try:
            return super().get(path, params)
        except ap.RateLimited as error:
            if error.retry_after is not None and error.retry_after.total_seconds() > 60:
                raise ap.ConnectorError("Acme asked us to wait for too long") from None
            raise
