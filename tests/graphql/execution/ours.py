"""Our own schema for the comparison: a small store, read without threads, and rows whose values are not what is promised."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from zlib import crc32

import anyio
import sqlalchemy as sa
from tests.graphql.execution.torture import HOSTILE
from tests.graphql.world import TODAY, SmallHub, World

from accountpulse.core.store.database import Store
from accountpulse.core.store.paging import Page
from accountpulse.graphql.context import Context
from accountpulse.graphql.limits.allowance import Allowance

VALUES = {
    "first": ["1", "2", "5", "0", "null"],
    "last": ["1", "null"],
    "after": ['"x"', "null"],
    "before": ["null"],
    "from": ['"2026-11-01"'],
    "to": ['"2026-11-21"', "null"],
    "id": ['"QWNjb3VudDox"', '"QWNjb3VudDo5OQ"', '"x"'],
    "models": ["null"],
    "segments": ["null"],
}


def fill(store: Store) -> SmallHub:
    """A few accounts, with what can be read of them."""
    world = World(store)
    for i in range(4):
        id = world.account(f"Account {i}", score=25.0 * i if i else None, parent_account_id=i or None, mrr=100 * i or None)
        world.history(id, TODAY, 50.0 + i)
        world.unlinked(f"z{i}", id, name=None if i % 2 else f"Z {i}")
    return SmallHub(store)


class Broken:
    """A row some of whose values are something else, the same ones whenever it is read."""

    def __init__(self, row: sa.Row[Any], seed: int, share: float) -> None:
        self._row, self._seed, self._share = row, seed, share

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._row, name)
        drawn = crc32(f"{self._seed} {name} {self._row[0]}".encode())
        # By keys other rows are found, together with those of their neighbours: what fails then depends on who waits with whom.
        if name.endswith("_id") or name in ("key", "backdrop", "numbers") or drawn % 1_000 >= self._share * 1_000:
            return value
        return HOSTILE[drawn // 1_000 % len(HOSTILE)]()


@dataclass
class Here(Context):
    """A context that reads at once, on one connection, and breaks rows. seed: of what breaks; share: how much of it."""

    connection: sa.Connection | None = None
    seed: int = 0
    share: float = 0.0

    async def read(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        found = function(self.connection, *args, **kwargs)
        if isinstance(found, Page):
            return self._broken(found)
        return (self._broken(found[0]), *found[1:]) if isinstance(found, tuple) and isinstance(found[0], Page) else found

    def _broken(self, page: Page) -> Page:
        return replace(page, rows=[Broken(row, self.seed, self.share) for row in page.rows])  # type: ignore[misc]


def context(hub: SmallHub, connection: sa.Connection, seed: int, share: float) -> Here:
    """A request of its own."""
    limiter = anyio.CapacityLimiter(1)
    allowance = Allowance(10**12, 10**12, 10**9, lambda: 0.0)
    return Here(hub, None, "-", limiter, limiter, allowance, connection=connection, seed=seed, share=share)
