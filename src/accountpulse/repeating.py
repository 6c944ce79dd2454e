"""What a process does now and then in the background while it runs: apply what was pushed, deliver the outbox."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accountpulse.hub import Hub

EVERY = 1.0


class Repeating:
    """Calls `act` every so many seconds, from a thread. A context manager, whose end waits for what is being done.

    act: is told how to see that it is to stop. failed: what a log says where it raises; the next time may succeed.
    """

    def __init__(
        self,
        name: str,
        act: Callable[[Callable[[], bool]], object],
        *,
        failed: str,
        log: logging.Logger,
        every: float = EVERY,
    ) -> None:
        self._act = act
        self._failed = failed
        self._log = log
        self._every = every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Repeating:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join(timeout=30)

    def _run(self) -> None:
        while not self._stop.wait(self._every):
            try:
                self._act(self._stop.is_set)
            except Exception:
                # A locked store or a lost database connection passes; what waits is durable.
                self._log.exception("%s; trying again", self._failed)


def draining(hub: Hub) -> Repeating:
    """Applies pushed messages, a moment after they arrive."""

    def drain(_: Callable[[], bool]) -> None:
        if _waiting(hub):
            hub.apply_pushed()

    return Repeating("drain", drain, failed="pushed messages could not be applied", log=logging.getLogger("accountpulse.serve"))


def delivering(hub: Hub) -> AbstractContextManager[object]:
    """Delivers the outbox, a moment after it is written; nothing where no webhook is configured."""
    if hub.deliverer is None:
        return nullcontext()
    log = logging.getLogger("accountpulse.notify")
    return Repeating("deliver", hub.deliverer.round, failed="the outbox could not be delivered", log=log)


def _waiting(hub: Hub) -> bool:
    """Whether anything was pushed that isn't applied yet. Only reads: an idle server writes nothing."""
    from accountpulse.core.store import connections, inbox

    with hub.store.read() as connection:
        rows = connections.listing(connection)
        return any(inbox.waiting(connection, row.id, 1) for row in rows)
