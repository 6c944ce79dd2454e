"""Says that it was refused, not what to do."""

from typing import Any

from tests.conformance.acme import Acme

from accountpulse import plugins as ap

KILLED_BY = "test_12_refused_credentials"


class Mutant(Acme):
    def get(self, path: str, params: dict[str, str] | None = None) -> Any:
        try:
            return super().get(path, params)
        except ap.AuthError:
            raise ap.AuthError("401 Unauthorized") from None
