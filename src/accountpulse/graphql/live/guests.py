"""Those who watch, each for as long as its token is good: one that ends, or is revoked, ends all that is watched with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import anyio
import anyio.to_thread

from accountpulse.core.store import tokens
from accountpulse.core.store.scope import RowScope
from accountpulse.core.store.tokens import Viewer
from accountpulse.graphql.errors import log
from accountpulse.graphql.hub import Hub

EVERY = 0.5
"""Seconds between two looks."""
NOBODY = Viewer(name="nobody", prefix="", scopes=frozenset(), rows=RowScope(owners=frozenset()))
"""Who has not said yet who it is: sees nothing."""


class _Guest:
    """One who watches. over: called once, when it may no longer."""

    def __init__(self, viewer: Viewer, over: Callable[[], None]) -> None:
        self.viewer, self.over = viewer, over


class Guests:
    """All who watch an app; used on its event loop. threads: bounds how many reads run at once.

    Tokens of an identity provider can't be revoked here: they end when they say.
    """

    def __init__(self, hub: Hub, threads: anyio.CapacityLimiter, every: float = EVERY) -> None:
        self._hub, self._threads, self._every = hub, threads, every
        self._here: set[_Guest] = set()
        # What the last look at the store was about.
        self._version: object = None
        self._looked_at: frozenset[str] = frozenset()
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def here(self, viewer: Viewer | None, over: Callable[[], None]) -> Iterator[None]:
        """While somebody watches. over: called, at most once, when it may no longer. viewer: None where nobody has a token."""
        if viewer is None:
            yield
            return
        guest = _Guest(viewer, over)
        self._here.add(guest)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look())
        try:
            yield
        finally:
            self._here.discard(guest)

    async def sweep(self) -> None:
        """Tell those that may watch no longer, as of now: what was read before this is for nobody else than who is left."""
        now, version = self._hub.clock.now(), self._hub.store.version()
        ours = frozenset(guest.viewer.prefix for guest in self._here if not guest.viewer.vouched)
        revoked = frozenset[str]()
        if ours and (version is None or version != self._version or not ours <= self._looked_at):
            revoked = await anyio.to_thread.run_sync(self._revoked, ours, limiter=self._threads)
            self._version, self._looked_at = version, ours
        for guest in list(self._here):
            ends = guest.viewer.expires_at
            if guest.viewer.prefix in revoked or (ends is not None and ends <= now):
                self._here.discard(guest)
                guest.over()

    def _revoked(self, prefixes: frozenset[str]) -> frozenset[str]:
        with self._hub.store.read() as connection:
            return tokens.revoked(connection, prefixes)

    async def _look(self) -> None:
        while self._here:
            await asyncio.sleep(self._every)
            try:
                await self.sweep()
            except Exception:
                log.exception("whose token is still good could not be looked at; trying again")
