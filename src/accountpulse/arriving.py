"""Applies what is pushed as it arrives, and has the accounts that it touched scored again: in real time, not for each event.

What arrives wakes the thread here, and is applied at once, but not more often than every `GAP` seconds. Linked and scored is
once nothing came for `QUIET` seconds, or `LONGEST` after the first that is not scored yet, and never sooner than `SPACING`
after the time before. While only one account has news, it may wait for `BURST` seconds: nobody else does. So a lone event is
scored right away, a burst for one account costs one scoring, and one for many two a second while it lasts. A scoring that was
much work is followed by a longer rest: this never takes more than a quarter of a core.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from accountpulse.repeating import EVERY, Repeating

if TYPE_CHECKING:
    from accountpulse.hub import Hub

GAP: Final = 0.05
QUIET: Final = 0.1
LONGEST: Final = 1.0
BURST: Final = 10.0
SPACING: Final = 0.5
REST: Final = 3
"""So many times as long as a scoring worked, none begins after it."""

log = logging.getLogger("accountpulse.serve")


def draining(hub: Hub, score: Callable[[], object] | None = None) -> Repeating:
    """Applies what is pushed while the context lasts.

    score: has those linked and scored whose facts changed; default: it is done here.
    """

    def here() -> None:
        hub.link_new()
        hub.rescore_changed()

    arrivals = Arrivals(hub, score or here)
    return Repeating("drain", arrivals.look, failed="what was pushed could not be applied", log=log, sooner=hub.arrived)


class Arrivals:
    """What has arrived and what is still owed for it. For one thread."""

    def __init__(self, hub: Hub, score: Callable[[], object]) -> None:
        self._hub = hub
        self._score = score
        # Other engines work beside this thread. SQLite works in it, and it may have waited for others most of the time.
        alone = hub.store.is_sqlite and hub.mirror is None
        self._effort = time.thread_time if alone else time.monotonic
        self._drain_from = self._score_from = self._last = 0.0
        # A process that died may have applied what it did not get to score.
        self._owed_until: float | None = 0.0 if hub.changed_since_scored() else None

    def look(self, _: Callable[[], bool]) -> float:
        """Do what is due; returns after how many seconds something may be due again, unless something arrives before."""
        now = time.monotonic()
        if now < self._drain_from:
            return self._drain_from - now
        if self._hub.drain():
            begun, now = now, time.monotonic()
            self._last, self._drain_from = now, now + max(GAP, now - begun)
            if self._owed_until is None:
                self._owed_until = now + BURST
            if self._owed_until > now + LONGEST and self._hub.changed_since_scored() > 1:
                self._owed_until = now + LONGEST
        if self._owed_until is None:
            return EVERY
        due = max(self._score_from, min(self._last + QUIET, self._owed_until))
        if now < due:
            return due - now
        begun = self._effort()
        self._score()
        # Only now: what raises is owed still.
        self._owed_until = None
        self._score_from = time.monotonic() + max(SPACING, REST * (self._effort() - begun))
        return EVERY
