"""Reading in a thread that can be left behind: no call of a connector can be interrupted, and some never return."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final

LOOK: Final = 1.0
GRACE: Final = timedelta(seconds=20)
"""How long a read that was told to stop may take to get there."""


def in_time(
    work: Callable[[], object], *, signs: Callable[[], object], silence: timedelta, told_to_stop: Callable[[], bool]
) -> bool:
    """Do `work`, and raise what it raises; False where it was left behind, in a thread that ends with the process.

    signs: differs as long as it gets on. silence: how long it may stay the same; `GRACE` once it was told to stop.
    """
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run, name="read", daemon=True)
    thread.start()
    last, since = signs(), time.monotonic()
    while True:
        thread.join(LOOK)
        if not thread.is_alive():
            break
        if (now := signs()) != last:
            last, since = now, time.monotonic()
        patience = min(silence, GRACE) if told_to_stop() else silence
        if time.monotonic() - since > patience.total_seconds():
            return False
    if failures:
        raise failures[0]
    return True
