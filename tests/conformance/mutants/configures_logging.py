"""Configures everybody's logging."""

import logging
from typing import Any

from tests.conformance.acme import Acme

from accountpulse import plugins as ap

KILLED_BY = "test_24_a_good_guest"


class Mutant(Acme):
    def check(self) -> ap.Identity:
        return super().check()

    def get(self, path: str, params: dict[str, str] | None = None) -> Any:
        logging.getLogger().setLevel(logging.ERROR)
        return super().get(path, params)
