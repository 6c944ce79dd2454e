"""Sends the token in the address, which HTTP libraries log (R43)."""

from typing import Any

from tests.conformance.acme import Acme

KILLED_BY = "test_12_refused_credentials"


class Mutant(Acme):
    def get(self, path: str, params: dict[str, str] | None = None) -> Any:
        secret = self.config.token.get_secret_value()
        return self.context.http.get_json(self.config.base_url + path, params={**(params or {}), "token": secret})
