"""Tells refused credentials as a fault that may pass (R31)."""

from typing import Any

from tests.conformance.acme import Acme

from accountpulse import plugins as ap

KILLED_BY = "test_12_refused_credentials"


class Mutant(Acme):
    def get(self, path: str, params: dict[str, str] | None = None) -> Any:
        try:
            return super().get(path, params)
        except ap.AuthError as error:
            raise ap.Transient(str(error)) from None
