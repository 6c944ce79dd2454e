"""Reads accounts and their links: one statement for all of a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from strawberry.dataloader import DataLoader

from accountpulse.core.store import accounts

if TYPE_CHECKING:
    from accountpulse.graphql.context import Context


Wanted = tuple[int, frozenset[str]]
"""An account's id, and the columns of it that are needed."""


class AccountLoaders:
    """account: by id, with the columns needed. links: by account id."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.account: DataLoader[Wanted, sa.Row[Any] | None] = DataLoader(load_fn=self._accounts)
        self.links: DataLoader[int, list[sa.Row[Any]]] = DataLoader(load_fn=self._links)

    async def _accounts(self, wanted: list[Wanted]) -> Sequence[sa.Row[Any] | None]:
        names = frozenset[str]().union(*(columns for _, columns in wanted))
        rows = await self._context.read(accounts.by_ids, [id for id, _ in wanted], names)
        return [rows.get(id) for id, _ in wanted]

    async def _links(self, ids: list[int]) -> Sequence[list[sa.Row[Any]]]:
        found = await self._context.read(accounts.links_of, ids)
        return [found.get(id, []) for id in ids]
