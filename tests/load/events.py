"""Usage events at a steady rate, as Segment's libraries send them: in batches, compressed, again where they were refused."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import httpx
import sqlalchemy as sa
from tests.load.figures import percentile
from tests.load.site import PATIENCE, Served, write_key

from accountpulse.core.store.database import Store
from accountpulse.core.store.facts import FACTS
from accountpulse.core.store.tables import inbox

SENDERS: Final = 16
ATTEMPTS: Final = 10
"""As often as Segment's libraries try."""
_AGAIN: Final = (429, 500, 502, 503, 504)


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of events. seconds: from the first request to the last answer. answers: of each request in seconds, refused
    attempts included. refused: attempts that were to be repeated. kept: in the inbox; counted: in the facts."""

    sent: int
    seconds: float
    answers: Sequence[float]
    refused: int
    kept: int
    counted: int

    @property
    def lost(self) -> int:
        return self.sent - min(self.kept, self.counted)

    @property
    def rate(self) -> float:
        """Events accepted a second."""
        return self.sent / self.seconds

    @property
    def p99(self) -> float:
        return percentile(self.answers, 99)


class _Senders:
    """Threads that send bodies when each is due."""

    def __init__(self, served: Served, bodies: Sequence[bytes], pause: float) -> None:
        self._url = f"{served.address}/in/usage/v1/batch"
        self._bodies = bodies
        self._pause = pause
        self._next = 0
        self._lock = threading.Lock()
        self.answers: list[float] = []
        self.refused = 0
        self.failed: list[str] = []

    def run(self) -> float:
        """Send everything; returns how many seconds that took."""
        self._begun = time.perf_counter()
        threads = [threading.Thread(target=self._send) for _ in range(SENDERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return time.perf_counter() - self._begun

    def _send(self) -> None:
        headers = {**write_key(), "content-encoding": "gzip"}
        with httpx.Client(timeout=PATIENCE) as client:
            while (number := self._take()) is not None:
                time.sleep(max(0.0, self._begun + number * self._pause - time.perf_counter()))
                begun = time.perf_counter()
                for attempt in range(1, ATTEMPTS + 1):
                    status = client.post(self._url, content=self._bodies[number], headers=headers).status_code
                    if status not in _AGAIN:
                        break
                    self.refused += 1
                    time.sleep(0.1 * attempt)
                self.answers.append(time.perf_counter() - begun)
                if status != 200:
                    self.failed.append(f"{status}")

    def _take(self) -> int | None:
        with self._lock:
            number, self._next = self._next, self._next + 1
        return number if number < len(self._bodies) else None


def send(served: Served, events: int, rate: int, batch: int) -> Sent:
    """Send events at a rate a second, wait until they are applied, and count them in the store."""
    site = served.site
    bodies = [
        gzip.compress(site.usage(number % site.accounts, min(batch, events - begin), user=f"user{number % 97}"), 1)
        for number, begin in enumerate(range(0, events, batch))
    ]
    store = Store(served.store)
    before = _counts(store)
    senders = _Senders(served, bodies, batch / rate)
    seconds = senders.run()
    assert not senders.failed, f"requests were refused for good: {senders.failed[:3]}"
    _until_applied(store)
    kept, counted = (after - was for after, was in zip(_counts(store), before, strict=True))
    store.close()
    return Sent(events, seconds, senders.answers, senders.refused, kept, counted)


def _counts(store: Store) -> tuple[int, int]:
    usage = FACTS["usage_day"].c
    with store.read() as connection:
        kept = connection.execute(sa.select(sa.func.count()).select_from(inbox)).scalar() or 0
        counted = connection.execute(sa.select(sa.func.sum(usage["count"])).where(usage.known_to.is_(None))).scalar() or 0
    return int(kept), int(counted)


def _until_applied(store: Store) -> None:
    deadline = time.monotonic() + 10 * PATIENCE
    while time.monotonic() < deadline:
        with store.read() as connection:
            if connection.execute(sa.select(inbox.c.id).where(inbox.c.applied_at.is_(None)).limit(1)).first() is None:
                return
        time.sleep(0.5)
    raise AssertionError("some events were never applied")
