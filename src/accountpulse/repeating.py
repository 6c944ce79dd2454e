"""What a process does now and then in the background while it runs, such as to deliver the outbox."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import TYPE_CHECKING

from accountpulse.core.observe.outage import StoreOutage

if TYPE_CHECKING:
    from accountpulse.hub import Hub

EVERY = 1.0


class Repeating:
    """Calls `act` every so many seconds, from a thread. A context manager, whose end waits for what is being done.

    act: is told how to see that it is to stop; may say after how many seconds it is to be called again. failed: what a log says
    where it raises; the next time may succeed. sooner: whoever sets it has `act` called at once.
    """

    def __init__(
        self,
        name: str,
        act: Callable[[Callable[[], bool]], float | None],
        *,
        failed: str,
        log: logging.Logger,
        every: float = EVERY,
        sooner: threading.Event | None = None,
    ) -> None:
        self._act = act
        self._trouble = StoreOutage(log, failed)
        self._every = every
        self._stop = threading.Event()
        self._sooner = sooner or self._stop
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Repeating:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        self._sooner.set()
        self._thread.join(timeout=30)

    def _run(self) -> None:
        pause = 0.0 if self._sooner is not self._stop else self._every
        while True:
            self._sooner.wait(pause)
            if self._stop.is_set():
                return
            self._sooner.clear()
            try:
                said = self._act(self._stop.is_set)
                pause = self._every if said is None else said
                self._trouble.over()
            except Exception as error:
                # A locked store or a lost database connection passes; what waits is durable.
                self._trouble.met(error)
                pause = self._every


def delivering(hub: Hub) -> AbstractContextManager[object]:
    """Delivers the outbox, a moment after it is written; nothing where no webhook is configured."""
    deliverer = hub.deliverer
    if deliverer is None:
        return nullcontext()

    def deliver(stopping: Callable[[], bool]) -> None:
        deliverer.round(stopping)

    log = logging.getLogger("accountpulse.notify")
    return Repeating("deliver", deliver, failed="the outbox could not be delivered", log=log)
