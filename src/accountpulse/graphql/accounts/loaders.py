"""Reads accounts and their links: one statement for all of a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from strawberry.dataloader import DataLoader

from accountpulse.core.store import accounts

if TYPE_CHECKING:
    from accountpulse.graphql.context import Context


class AccountLoaders:
    """account, links: by account id."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.account: DataLoader[int, sa.Row[Any] | None] = DataLoader(load_fn=self._accounts)
        self.links: DataLoader[int, list[sa.Row[Any]]] = DataLoader(load_fn=self._links)

    async def _accounts(self, ids: list[int]) -> Sequence[sa.Row[Any] | None]:
        found = await self._context.read(accounts.by_ids, ids)
        return [found.get(id) for id in ids]

    async def _links(self, ids: list[int]) -> Sequence[list[sa.Row[Any]]]:
        found = await self._context.read(accounts.links_of, ids)
        return [found.get(id, []) for id in ids]
