"""Reads accounts and their links: one statement for all of a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from strawberry.dataloader import DataLoader

from accountpulse.core.scoring.backdrop import Backdrop
from accountpulse.core.scoring.stored import backdrops
from accountpulse.core.store import accounts
from accountpulse.core.store.paging import Page, PageRequest
from accountpulse.core.store.selection import Condition

if TYPE_CHECKING:
    from accountpulse.graphql.context import Context


Wanted = tuple[int, frozenset[str]]
"""An account's id, and the columns of it that are needed."""


async def account_page(
    context: Context,
    condition: Condition | None,
    orders: Sequence[tuple[str, bool]],
    request: PageRequest,
    names: frozenset[str],
) -> Page:
    """A page of `core.store.accounts`, with what its scores are set against."""

    def read(connection: sa.Connection) -> tuple[Page, Mapping[str, Backdrop]]:
        page = accounts.page(connection, condition, orders, request, names, scope=context.scope)
        return page, backdrops_of(connection, page.rows, names)

    page, backdrops = await context.read(read)
    context.backdrops |= backdrops
    return page


def backdrops_of(connection: sa.Connection, rows: Iterable[Any], names: frozenset[str]) -> Mapping[str, Backdrop]:
    """The backdrops that rows with these columns name, if they do."""
    return backdrops(connection, (row.backdrop for row in rows)) if "backdrop" in names else {}


class AccountLoaders:
    """account: by id, with the columns needed. links: by account id."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.account: DataLoader[Wanted, sa.Row[Any] | None] = DataLoader(load_fn=self._accounts)
        self.links: DataLoader[int, list[sa.Row[Any]]] = DataLoader(load_fn=self._links)

    async def _accounts(self, wanted: list[Wanted]) -> Sequence[sa.Row[Any] | None]:
        names = frozenset[str]().union(*(columns for _, columns in wanted))

        def read(connection: sa.Connection) -> tuple[Mapping[int, sa.Row[Any]], Mapping[str, Backdrop]]:
            rows = accounts.by_ids(connection, [id for id, _ in wanted], names, scope=self._context.scope)
            return rows, backdrops_of(connection, rows.values(), names)

        rows, backdrops = await self._context.read(read)
        self._context.backdrops |= backdrops
        return [rows.get(id) for id, _ in wanted]

    async def _links(self, ids: list[int]) -> Sequence[list[sa.Row[Any]]]:
        found = await self._context.read(accounts.links_of, ids, scope=self._context.scope)
        return [found.get(id, []) for id in ids]
