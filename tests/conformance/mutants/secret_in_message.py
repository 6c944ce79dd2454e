"""Quotes the token in its error (R43)."""

from typing import Any

from tests.conformance.acme import Acme

from accountpulse import plugins as ap

KILLED_BY = "test_12_refused_credentials"


class Mutant(Acme):
    def get(self, path: str, params: dict[str, str] | None = None) -> Any:
        try:
            return super().get(path, params)
        except ap.AuthError:
            secret = self.config.token.get_secret_value()
            raise ap.AuthError(f"Acme refused the token {secret}: put a current one into token") from None
