"""The root fields about releases, tokens and the trail."""

from __future__ import annotations

from typing import Annotated

import strawberry

from accountpulse.core.store import scorecards, tokens, trail
from accountpulse.core.store.scorecards import PUBLISHED
from accountpulse.graphql.accounts.inputs import AccountBy
from accountpulse.graphql.accounts.queries import check_account, find_account
from accountpulse.graphql.changes import require_all_accounts, require_scope
from accountpulse.graphql.context import Info
from accountpulse.graphql.errors import Missing
from accountpulse.graphql.fields import resolver
from accountpulse.graphql.operations.types import ApiToken, Release, TrailEntry
from accountpulse.graphql.relay import (
    LISTED,
    AfterArg,
    BeforeArg,
    Connection,
    Cursors,
    FirstArg,
    LastArg,
    ListedArg,
    connection_of,
    listed,
    page_request,
)

AboutArg = Annotated[AccountBy | None, strawberry.argument(description="Only changes of this account. Default: all changes.")]
_TRAIL = Cursors("trail", [int])


def _check_trail(
    account: AccountBy | None = None,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
) -> None:
    if account is not None:
        check_account(account)
    page_request(_TRAIL, first=first, after=after, last=last, before=before)


@strawberry.type
class OperationQueries:
    @resolver("The releases of models and segments, the newest first.", check=listed)
    async def releases(self, info: Info, first: ListedArg = LISTED) -> list[Release]:
        rows = await info.context.read(scorecards.releases, PUBLISHED)
        return [Release.of(row, rows[0].id) for row in rows[: listed(first)]]

    @resolver("The API tokens ever made, the newest first. Needs the scope `admin`, for all accounts.", check=listed)
    async def tokens(self, info: Info, first: ListedArg = LISTED) -> list[ApiToken]:
        require_scope(info.context, "admin")
        require_all_accounts(info.context)
        return [ApiToken.of(token) for token in (await info.context.read(tokens.listing))[: listed(first)]]

    @resolver(
        "Who changed what, the latest first; for a viewer limited to some accounts, only changes of these. Needs the scope "
        "`admin`.",
        check=_check_trail,
    )
    async def audit_trail(
        self,
        info: Info,
        account: AboutArg = None,
        first: FirstArg = None,
        after: AfterArg = None,
        last: LastArg = None,
        before: BeforeArg = None,
    ) -> Connection[TrailEntry]:
        context = info.context
        require_scope(context, "admin")
        id = None
        if account is not None and (id := await find_account(context, account)) is None:
            raise Missing("there is no such account")
        request = page_request(_TRAIL, first=first, after=after, last=last, before=before)
        page = await context.read(trail.entries, request, id, scope=context.scope)
        nodes = [TrailEntry.of(row) for row in page.rows]
        return connection_of(nodes, page, request, _TRAIL, lambda: context.read(trail.count, id, scope=context.scope))
