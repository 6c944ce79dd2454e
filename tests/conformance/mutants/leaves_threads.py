"""Leaves a thread behind (R42)."""

import threading
from typing import Any

from tests.conformance.acme import Acme

KILLED_BY = "test_24_a_good_guest"


class Mutant(Acme):
    def get(self, path: str, params: dict[str, str] | None = None) -> Any:
        threading.Timer(3, lambda: None).start()
        return super().get(path, params)
