"""Reads what scores are set against, and their history: one statement for all accounts of a page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from strawberry.dataloader import DataLoader

from accountpulse.core.scoring.backdrop import Backdrop
from accountpulse.core.scoring.buckets import Away
from accountpulse.core.scoring.stored import backdrops
from accountpulse.core.store import absence, freshness, scores_read
from accountpulse.core.store.scores_read import HistoryPage, HistoryRequest

if TYPE_CHECKING:
    from accountpulse.graphql.context import Context

NO_HISTORY = HistoryPage([], False)


class ScoreLoaders:
    """backdrop: what scores are set against, by digest. history: by account and what is asked for. absences: by account.

    fresh_at: as of when a record type was last read.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self.backdrop: DataLoader[str, Backdrop] = DataLoader(load_fn=self._backdrops)
        self.history: DataLoader[tuple[int, HistoryRequest], HistoryPage] = DataLoader(load_fn=self._history)
        self.absences: DataLoader[int, list[Away]] = DataLoader(load_fn=self._absences)
        self.fresh_at: DataLoader[str, datetime | None] = DataLoader(load_fn=self._fresh_at)

    async def _backdrops(self, digests: list[str]) -> Sequence[Backdrop]:
        found = await self._context.read(backdrops, digests)
        return [found[digest] for digest in digests]

    async def _absences(self, ids: list[int]) -> Sequence[list[Away]]:
        found = await self._context.read(absence.spans, ids, scope=self._context.scope)
        return [[Away(row.basis, row.day, row.until) for row in found.get(id, ())] for id in ids]

    async def _fresh_at(self, records: list[str]) -> Sequence[datetime | None]:
        found = await self._context.read(freshness.by_record)
        return [found.get(record) for record in records]

    async def _history(self, keys: list[tuple[int, HistoryRequest]]) -> Sequence[HistoryPage]:
        accounts: dict[HistoryRequest, list[int]] = defaultdict(list)
        for account_id, request in keys:
            accounts[request].append(account_id)
        pages: dict[tuple[int, HistoryRequest], HistoryPage] = {}
        for request, ids in accounts.items():
            found = await self._context.read(scores_read.history, ids, request, scope=self._context.scope)
            pages.update({(id, request): page for id, page in found.items()})
        return [pages.get(key, NO_HISTORY) for key in keys]
