"""Takes a page of a proxy, with status 200, for an empty page (R30)."""

from typing import Any

from tests.conformance.acme import Acme

from accountpulse import plugins as ap

KILLED_BY = "test_10_a_fault_is_not_the_end"


class Mutant(Acme):
    def get(self, path: str, params: dict[str, str] | None = None) -> Any:
        headers = {"Authorization": f"Bearer {self.config.token.get_secret_value()}"}
        with ap.translated_errors():
            response = self.context.http.get(self.config.base_url + path, params=params, headers=headers)
        ap.raise_for_status(response)
        try:
            return response.json()
        except ValueError:
            return {"data": [], "next": None}
