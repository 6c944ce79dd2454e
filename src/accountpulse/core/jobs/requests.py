"""What somebody asks to be read, and who sees to it: a thread of this process, or whichever worker is free (`queue.py`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from accountpulse.core.jobs.background import Background


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """A connection to be read, or one stream of it (None: all), and then linked and scored.

    reset: from the start. delete_vanished: a person confirmed that what a complete read lacks is gone.
    """

    connection: str
    stream: str | None = None
    reset: bool = False
    delete_vanished: bool = False


class Requests(Protocol):
    """Takes requests that nobody waits for; of one connection there is one at a time."""

    def start(self, request: SyncRequest) -> bool:
        """Let it be done; False, and nothing is done, where the connection has one that has not ended."""
        ...

    def pending(self, connection: str) -> bool:
        """Whether one of this connection waits or is being done."""
        ...

    def drop(self, connection: str) -> bool:
        """Forget what waits of this connection; False where nothing does. What is being done goes on."""
        ...


class InThread:
    """Requests that a thread of this process does; they end with it."""

    def __init__(self, background: Background, run: Callable[[SyncRequest], object]) -> None:
        self._background = background
        self._run = run

    def start(self, request: SyncRequest) -> bool:
        return self._background.start(_piece(request.connection), lambda: self._run(request))

    def pending(self, connection: str) -> bool:
        return self._background.pending(_piece(connection))

    def drop(self, connection: str) -> bool:
        return self._background.drop(_piece(connection))


def _piece(connection: str) -> str:
    return f"sync of {connection}"
