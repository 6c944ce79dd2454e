"""Tells when something was committed, to all who watch: one look at the store for everybody, and none while nobody watches."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Hashable

import anyio
import anyio.to_thread

from accountpulse.core.store import revisions
from accountpulse.graphql.errors import log
from accountpulse.graphql.hub import Hub

EVERY = 0.05
"""Seconds between two looks. One takes microseconds while nothing is committed: only a commit has revisions read."""


class Feed:
    """One for an app; used on its event loop. threads: bounds how many reads run at once."""

    def __init__(self, hub: Hub, threads: anyio.CapacityLimiter, every: float = EVERY) -> None:
        self._hub, self._threads, self._every = hub, threads, every
        self._watching = 0
        self._task: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()

    async def ticks(self) -> AsyncIterator[None]:
        """Once at the beginning, and once after each time that something was committed, however much that was."""
        self._watching += 1
        try:
            while True:
                changed = self._changed  # before anything is read: a commit meanwhile is told by the next round
                if self._task is None or self._task.done():
                    version = self._hub.store.version()
                    self._task = asyncio.create_task(self._look(version, await self._revisions()))
                yield
                await changed.wait()
        finally:
            self._watching -= 1

    async def _look(self, version: Hashable, known: dict[str, int]) -> None:
        while self._watching:
            await asyncio.sleep(self._every)
            newest = self._hub.store.version()
            if newest is not None and newest == version:
                continue
            try:
                found = await self._revisions()
            except Exception:
                log.exception("the store could not be looked at for what changed; trying again")
                continue
            version = newest
            if found != known:
                known = found
                changed, self._changed = self._changed, asyncio.Event()
                changed.set()

    async def _revisions(self) -> dict[str, int]:
        def read() -> dict[str, int]:
            with self._hub.store.read() as connection:
                return revisions.current(connection)

        return await anyio.to_thread.run_sync(read, limiter=self._threads)
