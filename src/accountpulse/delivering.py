"""Delivers the outbox in the background of a process that runs anyway."""

from __future__ import annotations

import logging
import threading
from types import TracebackType

from accountpulse.core.notify.deliver import Deliverer

EVERY = 1.0
log = logging.getLogger("accountpulse.notify")


class DeliveryLoop:
    """Delivers what is due, a moment after it is written. A context manager; deliverer: None where nothing is configured."""

    def __init__(self, deliverer: Deliverer | None, every: float = EVERY) -> None:
        self._deliverer = deliverer
        self._every = every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="deliver", daemon=True)

    def __enter__(self) -> DeliveryLoop:
        if self._deliverer is not None:
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        if self._deliverer is not None:
            self._thread.join(timeout=30)

    def _run(self) -> None:
        assert self._deliverer is not None
        while not self._stop.wait(self._every):
            try:
                self._deliverer.round(self._stop.is_set)
            except Exception:
                # A locked store or a lost database connection passes; what waits is durable.
                log.exception("the outbox could not be delivered; trying again")
