"""Reads records: one statement for all accounts of a page that ask for the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa
from strawberry.dataloader import DataLoader

from accountpulse.core.metrics.asof import AsCorrected, Moment
from accountpulse.core.metrics.behind import records_behind
from accountpulse.core.store import feature_use, records
from accountpulse.core.store.feature_use import FeatureUse
from accountpulse.core.store.records import Among, RecordPage

if TYPE_CHECKING:
    from accountpulse.graphql.context import Context

NO_RECORDS = RecordPage([], False)
K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class RecordRequest:
    """Which records of an account. behind: only those that a metric reads as of a day: its name, and the day."""

    record: str
    behind: tuple[str, date] | None = None


@dataclass(frozen=True, slots=True)
class RecordPageRequest:
    """A page of records: how many, and the row before them by `records.page`'s order."""

    records: RecordRequest
    first: int
    after: tuple[Any, ...] | None


class RecordLoaders:
    """records, record_counts, features_of: by account, and what is asked for (features: the last day, and how many days)."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.records: DataLoader[tuple[int, RecordPageRequest], RecordPage] = DataLoader(load_fn=self._pages)
        self.record_counts: DataLoader[tuple[int, RecordRequest], int] = DataLoader(load_fn=self._counts)
        self.features_of: DataLoader[tuple[int, tuple[date, int]], list[FeatureUse]] = DataLoader(load_fn=self._features)

    async def _pages(self, keys: list[tuple[int, RecordPageRequest]]) -> Sequence[RecordPage]:
        found: dict[tuple[int, RecordPageRequest], RecordPage] = {}
        for request, ids in _by_request(keys).items():
            pages = await self._context.read(self._page, request, ids)
            found.update({(id, request): page for id, page in pages.items()})
        return [found.get(key, NO_RECORDS) for key in keys]

    def _page(self, connection: sa.Connection, request: RecordPageRequest, ids: list[int]) -> dict[int, RecordPage]:
        among = self._among(connection, request.records, ids)
        return records.page(
            connection, request.records.record, ids, request.first, request.after, among, scope=self._context.scope
        )

    async def _counts(self, keys: list[tuple[int, RecordRequest]]) -> Sequence[int]:
        found: dict[tuple[int, RecordRequest], int] = {}
        for request, ids in _by_request(keys).items():
            counts = await self._context.read(self._count, request, ids)
            found.update({(id, request): number for id, number in counts.items()})
        return [found.get(key, 0) for key in keys]

    def _count(self, connection: sa.Connection, request: RecordRequest, ids: list[int]) -> dict[int, int]:
        among = self._among(connection, request, ids)
        return records.counts(connection, request.record, ids, among, scope=self._context.scope)

    def _among(self, connection: sa.Connection, request: RecordRequest, ids: list[int]) -> Among | None:
        if request.behind is None:
            return None
        name, day = request.behind
        hub = self._context.hub
        moment = Moment(day, hub.zone, AsCorrected())
        return records_behind(connection, hub.metrics[name], request.record, ids, moment, hub.currency)

    async def _features(self, keys: list[tuple[int, tuple[date, int]]]) -> Sequence[list[FeatureUse]]:
        found: dict[tuple[int, tuple[date, int]], list[FeatureUse]] = {}
        for request, ids in _by_request(keys).items():
            used = await self._context.read(feature_use.of_each, ids, *request, scope=self._context.scope)
            found.update({(id, request): features for id, features in used.items()})
        return [found.get(key, []) for key in keys]


def _by_request(keys: list[tuple[int, K]]) -> dict[K, list[int]]:
    accounts: dict[K, list[int]] = defaultdict(list)
    for id, request in keys:
        accounts[request].append(id)
    return accounts
