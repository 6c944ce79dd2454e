"""Tells its author that it is used."""

import socket
from contextlib import suppress
from typing import Any

from tests.conformance.acme import Acme

KILLED_BY = "test_24_a_good_guest"


class Mutant(Acme):
    def get(self, path: str, params: dict[str, str] | None = None) -> Any:
        with suppress(OSError):
            socket.create_connection(("192.0.2.1", 443), timeout=0.1)
        return super().get(path, params)
