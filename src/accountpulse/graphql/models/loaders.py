"""Reads models and segments, each once a request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from strawberry.dataloader import DataLoader

from accountpulse.core.store import scorecards, scores_read
from accountpulse.core.store.scores import LIVE

if TYPE_CHECKING:
    from accountpulse.graphql.context import Context


class ModelLoaders:
    """model: by id. band_counts: by segment id. segments: all that are published. taken: by segment id."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.model: DataLoader[int, sa.Row[Any] | None] = DataLoader(load_fn=self._models)
        self.band_counts: DataLoader[int, list[sa.Row[Any]]] = DataLoader(load_fn=self._band_counts)
        self.taken: DataLoader[int, int | None] = DataLoader(load_fn=self._taken)
        self._all_segments: DataLoader[None, list[sa.Row[Any]]] = DataLoader(load_fn=self._segments)

    async def segments(self) -> list[sa.Row[Any]]:
        """The published segments, in order."""
        return await self._all_segments.load(None)

    async def _models(self, ids: list[int]) -> Sequence[sa.Row[Any] | None]:
        found = {row.id: row for row in await self._context.read(scores_read.models, ids)}
        return [found.get(id) for id in ids]

    async def _band_counts(self, segment_ids: list[int]) -> Sequence[list[sa.Row[Any]]]:
        found = await self._context.read(scores_read.band_counts, segment_ids, scope=self._context.scope)
        return [found.get(id, []) for id in segment_ids]

    async def _taken(self, segment_ids: list[int]) -> Sequence[int | None]:
        if not self._context.scope.everything:
            return [None] * len(segment_ids)  # a number over all accounts, counted when they were scored
        found = await self._context.read(scorecards.segments_on, LIVE)
        return [found[id].taken if id in found else None for id in segment_ids]

    async def _segments(self, keys: list[None]) -> Sequence[list[sa.Row[Any]]]:
        rows = await self._context.read(scores_read.segments)
        return [rows for _ in keys]
