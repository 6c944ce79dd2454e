"""Work that is asked for and not waited for: done in this process, one piece after the other."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

log = logging.getLogger("accountpulse.background")


class Background:
    """A thread that does what it is given, in order. Each piece has a name; of one name there is one piece at a time."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="background")
        self._lock = threading.Lock()
        self._pending: dict[str, Future[None]] = {}

    def start(self, name: str, work: Callable[[], object]) -> bool:
        """Do `work` later; False, and nothing is done, where a piece of this name has not ended yet."""
        with self._lock:
            if name in self._pending:
                return False
            # Noted before it can end: what ends takes its own name away.
            self._pending[name] = self._pool.submit(self._do, name, work)
            return True

    def pending(self, name: str) -> bool:
        """Whether a piece of this name waits or is being done."""
        with self._lock:
            return name in self._pending

    def drop(self, name: str) -> bool:
        """Forget a piece that waits; False where none of this name does."""
        with self._lock:
            dropped = name in self._pending and self._pending[name].cancel()
            if dropped:
                del self._pending[name]
        return dropped

    def wait(self) -> None:
        """Return when nothing is left to do."""
        while True:
            with self._lock:
                waiting = list(self._pending.values())
            if not waiting:
                return
            for each in waiting:
                each.exception()

    def close(self) -> None:
        """Let what is being done end, and drop what waits."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _do(self, name: str, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception:
            log.exception("%s failed", name)
        finally:
            with self._lock:
                self._pending.pop(name, None)
