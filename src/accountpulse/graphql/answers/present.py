"""What holds now: who the tokens belong to, and the revisions of the store that answers rest on.

Both are read in one worker thread, and again only after something was committed: `Store.version` tells in microseconds, on the
event loop.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime

import anyio
import anyio.to_thread

from accountpulse.core.store import moments, revisions, tokens
from accountpulse.core.store.tokens import Viewer
from accountpulse.graphql.hub import Hub

MOST_VIEWERS = 1_000


@dataclass(frozen=True, slots=True)
class Present:
    """revisions: of every domain. until: when time alone will change what holds."""

    revisions: tuple[tuple[str, int], ...]
    until: datetime


class Presence:
    """Knows what holds now. `threads` bounds how many reads run at once."""

    def __init__(self, hub: Hub, threads: anyio.CapacityLimiter) -> None:
        self._hub, self._threads = hub, threads
        self._version: Hashable = None
        self._present: Present | None = None
        self._viewers: dict[str, Viewer] = {}

    async def now(self, token: str | None) -> tuple[Viewer | None, Present]:
        """Whom a token belongs to, and what holds. Raises Unauthorized for a token that is not good."""
        # The version comes before what is read: a commit in between only makes the next request read again.
        version = self._hub.store.version()
        at = self._hub.clock.now()
        known = self._present
        if version is None or version != self._version or known is None or at >= known.until:
            self._viewers.clear()
            known = None
        viewer = None if token is None else self._viewers.get(token)
        if known is not None and (token is None or viewer is not None):
            return viewer, known
        viewer, present = await anyio.to_thread.run_sync(self._read, token, at, limiter=self._threads)
        if version is not None:
            self._remember(version, present, token, viewer)
        return viewer, present

    def still(self, present: Present) -> bool:
        """Whether what held goes on: nothing was committed since it was read, and no moment came that changes something."""
        if present is not self._present:
            return False
        version = self._hub.store.version()
        return version is not None and version == self._version and self._hub.clock.now() < present.until

    def _read(self, token: str | None, at: datetime) -> tuple[Viewer | None, Present]:
        with self._hub.store.read() as connection:
            viewer = None if token is None else tokens.verify(connection, token, at)
            found = tuple(sorted(revisions.current(connection).items()))
            return viewer, Present(found, moments.next_change(connection, at, self._hub.zone))

    def _remember(self, version: Hashable, present: Present, token: str | None, viewer: Viewer | None) -> None:
        if version != self._version:
            self._viewers.clear()
        self._version, self._present = version, present
        if token is not None and viewer is not None and len(self._viewers) < MOST_VIEWERS:
            self._viewers[token] = viewer
