"""The root fields about accounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import strawberry

from accountpulse.core.store import accounts
from accountpulse.core.store.paging import PageRequest
from accountpulse.core.store.selection import Condition
from accountpulse.graphql.accounts.inputs import AccountBy, AccountFilter, AccountOrder, FilterArg, OrderByArg, ordering
from accountpulse.graphql.accounts.loaders import account_page
from accountpulse.graphql.accounts.types import Account, UnlinkedAccount, account_of
from accountpulse.graphql.context import Context, Info
from accountpulse.graphql.errors import BadInput
from accountpulse.graphql.execution.projection import columns
from accountpulse.graphql.fields import resolver
from accountpulse.graphql.filters import condition_of
from accountpulse.graphql.relay import (
    AfterArg,
    BeforeArg,
    Connection,
    Cursors,
    FirstArg,
    LastArg,
    Node,
    connection_of,
    number_of,
    page_check,
    page_request,
    row_number,
)

ByArg = Annotated[AccountBy, strawberry.argument(description="Which account: exactly one way to say so.")]
ConnectionNameArg = Annotated[str | None, strawberry.argument(description="Only those of this connection, by its name.")]

_UNLINKED = Cursors("unlinked", [int])


def check_account(by: AccountBy) -> None:
    """Raises BadInput for what can mean no account."""
    if by.id:
        number_of(by.id, "Account")
    elif not (by.source or by.domain or by.name):
        raise BadInput("say which account: `by` holds an empty text")


@dataclass(frozen=True, slots=True)
class _Asked:
    """A page of accounts, as it is asked for."""

    condition: Condition | None
    orders: list[tuple[str, bool]]
    cursors: Cursors
    request: PageRequest


def _asked(
    filter: AccountFilter | None = None,
    order_by: list[AccountOrder] | None = None,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
) -> _Asked:
    """Raises BadInput for what can't be asked."""
    orders, cursors = ordering(order_by)
    request = page_request(cursors, first=first, after=after, last=last, before=before)
    return _Asked(condition_of(filter), orders, cursors, request)


@strawberry.type
class AccountQueries:
    @resolver("One account; null where there is none.", check=check_account)
    async def account(self, info: Info, by: ByArg) -> Account | None:
        return await account_of(info, await find_account(info.context, by))

    @resolver("Accounts, filtered and ordered, page by page.", check=_asked)
    async def accounts(
        self,
        info: Info,
        filter: FilterArg = None,
        order_by: OrderByArg = None,
        first: FirstArg = None,
        after: AfterArg = None,
        last: LastArg = None,
        before: BeforeArg = None,
    ) -> Connection[Account]:
        context = info.context
        asked = _asked(filter, order_by, first, after, last, before)
        condition, request = asked.condition, asked.request
        names = columns(info, "Account", ("nodes",), ("edges", "node"), everything=accounts.ALL)
        page = await account_page(context, condition, asked.orders, request, names)
        nodes = [Account.of(row, context) for row in page.rows]
        return connection_of(
            nodes, page, request, asked.cursors, lambda: context.read(accounts.count, condition, scope=context.scope)
        )

    @resolver(
        "Source accounts that no rule could place, the earliest known first; none for a viewer limited to some accounts, as "
        "each may be anybody's.",
        check=page_check(_UNLINKED),
    )
    async def unlinked(
        self,
        info: Info,
        connection: ConnectionNameArg = None,
        first: FirstArg = None,
        after: AfterArg = None,
        last: LastArg = None,
        before: BeforeArg = None,
    ) -> Connection[UnlinkedAccount]:
        context = info.context
        request = page_request(_UNLINKED, first=first, after=after, last=last, before=before)
        page = await context.read(accounts.unlinked_page, request, connection, scope=context.scope)
        nodes = [UnlinkedAccount.of(row) for row in page.rows]

        async def count() -> int:
            return await context.read(accounts.unlinked_count, connection, scope=context.scope)

        return connection_of(nodes, page, request, _UNLINKED, count)


async def find_account(context: Context, by: AccountBy) -> int | None:
    """The number of the account that is meant; None where there is none. Raises BadInput for what can mean none, or several."""
    check_account(by)
    if by.id:
        return number_of(by.id, "Account")
    if by.source:
        return await context.read(accounts.id_of_source, by.source.connection, by.source.key, scope=context.scope)
    field, value = ("domain", by.domain) if by.domain else ("name", by.name or "")
    found = await context.read(accounts.ids_named, field, value, scope=context.scope)
    if len(found) > 1:
        raise BadInput(f"several accounts have the {field} {value!r}; ask for accounts(filter:) and choose one by its id")
    return found[0] if found else None


async def account_now(context: Context, id: int) -> Account | None:
    """All of an account, as it is after a change."""
    found = await context.loaders.account.load((id, accounts.ALL))
    return None if found is None else Account.of(found, context)


async def account_node(info: Info, id: str, key: str) -> Node | None:
    """An account by its key."""
    return await account_of(info, row_number(id, key))


async def unlinked_node(info: Info, id: str, key: str) -> Node | None:
    """A source account that is unlinked now, by its key."""
    number = row_number(id, key)
    context = info.context
    row = (await context.read(accounts.unlinked_by_ids, [number], scope=context.scope)).get(number)
    return None if row is None else UnlinkedAccount.of(row)
