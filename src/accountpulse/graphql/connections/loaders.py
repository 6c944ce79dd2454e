"""Reads what belongs to connections: one statement for all of a list."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from strawberry.dataloader import DataLoader

from accountpulse.core.store import connections, connections_read

if TYPE_CHECKING:
    from accountpulse.graphql.context import Context

Rows = list[sa.Row[Any]]


class ConnectionLoaders:
    """connection, streams, last_received, held: by connection id. runs, quarantined: by that and number.

    run_streams: by run id.

    What says how many records there are, and which, is of all accounts: a viewer limited to some gets none of it.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self.connection: DataLoader[int, sa.Row[Any] | None] = DataLoader(load_fn=self._connections)
        self.streams: DataLoader[int, Rows] = DataLoader(load_fn=self._streams)
        self.last_received: DataLoader[int, datetime | None] = DataLoader(load_fn=self._last_received)
        self.runs: DataLoader[tuple[int, int], Rows] = DataLoader(load_fn=self._runs)
        self.held: DataLoader[int, Rows] = DataLoader(load_fn=self._held)
        self.quarantined: DataLoader[tuple[int, int], Rows] = DataLoader(load_fn=self._quarantined)
        self.run_streams: DataLoader[int, Rows] = DataLoader(load_fn=self._run_streams)

    async def _connections(self, ids: list[int]) -> Sequence[sa.Row[Any] | None]:
        found = await self._context.read(connections_read.by_ids, ids)
        return [found.get(id) for id in ids]

    async def _streams(self, ids: list[int]) -> Sequence[Rows]:
        found: dict[int, Rows] = defaultdict(list)
        for row in await self._context.read(connections.streams_of, ids):
            found[row.connection_id].append(row)
        return [found[id] for id in ids]

    async def _last_received(self, ids: list[int]) -> Sequence[datetime | None]:
        found = await self._context.read(connections_read.last_received, ids)
        return [found.get(id) for id in ids]

    async def _runs(self, keys: list[tuple[int, int]]) -> Sequence[Rows]:
        # Lists of different lengths are cut from the longest.
        found = await self._context.read(connections_read.latest_runs, [id for id, _ in keys], max(first for _, first in keys))
        return [found.get(id, [])[:first] for id, first in keys]

    async def _held(self, ids: list[int]) -> Sequence[Rows]:
        if not self._context.scope.everything:
            return [[] for _ in ids]
        found = await self._context.read(connections_read.held, ids)
        return [found.get(id, []) for id in ids]

    async def _quarantined(self, keys: list[tuple[int, int]]) -> Sequence[Rows]:
        if not self._context.scope.everything:
            return [[] for _ in keys]
        ids, most = [id for id, _ in keys], max(first for _, first in keys)
        found = await self._context.read(connections_read.quarantined, ids, most)
        return [found.get(id, [])[:first] for id, first in keys]

    async def _run_streams(self, ids: list[int]) -> Sequence[Rows]:
        if not self._context.scope.everything:
            return [[] for _ in ids]
        found = await self._context.read(connections_read.streams_of_runs, ids)
        return [found.get(id, []) for id in ids]
