"""Waits by itself."""

import time
from typing import Any

from tests.conformance.acme import Acme

KILLED_BY = "test_24_a_good_guest"


class Mutant(Acme):
    def get(self, path: str, params: dict[str, str] | None = None) -> Any:
        time.sleep(0.001)
        return super().get(path, params)
