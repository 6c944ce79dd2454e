"""Tokens, releases and the trail in GraphQL, and what the mutations of operators answer."""

from __future__ import annotations

from dataclasses import field
from datetime import datetime
from enum import Enum
from typing import Any

import sqlalchemy as sa
import strawberry
from strawberry.scalars import JSON

from accountpulse.core.store.tokens import TokenInfo
from accountpulse.graphql.accounts.types import Account, UnlinkedAccount, account_of
from accountpulse.graphql.changes import Payload
from accountpulse.graphql.connections.types import SourceConnection
from accountpulse.graphql.context import Info
from accountpulse.graphql.fields import choice, resolver
from accountpulse.graphql.models.preview import DraftProblem
from accountpulse.graphql.relay import LISTED, ListedArg, listed
from accountpulse.graphql.rows import VisibleRows


@strawberry.type(description="An API token, without its secret.")
class ApiToken:
    name: str = strawberry.field(description="Who or what uses it.")
    prefix: str = strawberry.field(description="How it begins, after `ap_`: names it to `revokeToken`, and in the trail.")
    scopes: list[str] = strawberry.field(description="What it may do: read, write, admin.")
    rows: VisibleRows = strawberry.field(description="The accounts that it may see.")
    created_at: datetime = strawberry.field(description="When it was made.")
    expires_at: datetime | None = strawberry.field(description="When it ends by itself; null where it doesn't.")
    revoked_at: datetime | None = strawberry.field(description="When somebody ended it; null where nobody did.")

    @staticmethod
    def of(token: TokenInfo) -> ApiToken:
        """From what the store keeps."""
        return ApiToken(
            name=token.name,
            prefix=token.prefix,
            scopes=list(token.scopes),
            rows=VisibleRows.of(token.rows),
            created_at=token.created_at,
            expires_at=token.expires_at,
            revoked_at=token.revoked_at,
        )


@strawberry.enum(description="How a release came about.")
class ReleaseAction(Enum):
    PUBLISH = choice("publish", "A configuration was published.")
    ROLLBACK = choice("rollback", "An earlier release was put back.")


@strawberry.type(description="A change of the models and segments in force.")
class Release:
    number: int = strawberry.field(description="Its number: later ones are larger.")
    action: ReleaseAction = strawberry.field(description="How it came about.")
    author: str = strawberry.field(description="Who did it; `accountpulse` for the first one, which happens by itself.")
    reason: str | None = strawberry.field(description="Why, if somebody said so.")
    at: datetime = strawberry.field(description="When.")
    restored: int | None = strawberry.field(description="The number of the release that a rollback put back.")
    in_force: bool = strawberry.field(description="Whether it is the newest one: scores are made with it.")

    @staticmethod
    def of(row: sa.Row[Any], newest: int) -> Release:
        """From a row of `release`."""
        return Release(
            number=row.id,
            action=ReleaseAction(row.action),
            author=row.author,
            reason=row.reason,
            at=row.at,
            restored=row.restored,
            in_force=row.id == newest,
        )


@strawberry.type(description="A change that somebody asked for, through the API or the command line.")
class TrailEntry:
    number: int = strawberry.field(description="Later ones have larger numbers. An account's `revision` is that of its last.")
    at: datetime = strawberry.field(description="When it was done.")
    action: str = strawberry.field(description="What was done, such as override.set or connection.pause.")
    actor: str = strawberry.field(description="Who asked: a person at the command line, or the name of the token.")
    token: str | None = strawberry.field(
        description="The prefix of the token, or `oidc:` and whom an identity provider named; null for the command line."
    )
    input: JSON = strawberry.field(description="What was asked for. Secrets are never part of it.")
    result: str | None = strawberry.field(description="The id of what was made or changed, as the store counts it.")
    account_id: strawberry.Private[int | None]

    @resolver("The account that it is about; null where it is about none.")
    async def account(self, info: Info) -> Account | None:
        return await account_of(info, self.account_id)

    @staticmethod
    def of(row: sa.Row[Any]) -> TrailEntry:
        """From a row of `trail`."""
        return TrailEntry(
            number=row.id,
            at=row.at,
            action=row.action,
            actor=row.actor,
            token=row.token,
            input=row.input,
            result=row.result,
            account_id=row.account_id,
        )


# --- payloads -------------------------------------------------------------------------------------------------------------


@strawberry.type(description="A connection that was paused or resumed.")
class ConnectionPayload(Payload):
    connection: SourceConnection | None = strawberry.field(default=None, description="The connection as it is now.")


@strawberry.type(description="A sync that was asked for.")
class SyncPayload(Payload):
    connection: SourceConnection | None = strawberry.field(default=None, description="The connection as it is now.")
    started: bool = strawberry.field(
        default=False,
        description="Whether the server set about it: then the run shows in `lastRuns`, and scores follow it. False where the "
        "connection is being read already, or, for a repeated request, where that has ended.",
    )


@strawberry.type(description="A reading that was to end.")
class CancelSyncPayload(Payload):
    connection: SourceConnection | None = strawberry.field(default=None, description="The connection as it is now.")
    cancelled: bool = strawberry.field(
        default=False, description="Whether there was anything to end; its run is `CANCELLED` within seconds."
    )


@strawberry.type(description="Models and segments that were put in force.")
class ReleasePayload(Payload):
    release: Release | None = strawberry.field(
        default=None, description="The release. Null where what was asked for is in force already. The next scoring counts it."
    )
    found: strawberry.Private[list[DraftProblem]] = field(default_factory=list)

    @resolver("What is wrong with the texts; nothing was published then.", check=listed)
    def problems(self, first: ListedArg = LISTED) -> list[DraftProblem]:
        return self.found[: listed(first)]


@strawberry.type(description="A token that was made.")
class CreateTokenPayload(Payload):
    api_token: ApiToken | None = strawberry.field(default=None, description="The token, without its secret.")
    token: str | None = strawberry.field(
        default=None,
        description="The token itself: this is the only time it can be read. Null for a request that was sent again.",
    )


@strawberry.type(description="A token that was ended.")
class RevokeTokenPayload(Payload):
    api_token: ApiToken | None = strawberry.field(default=None, description="The token as it is now.")


@strawberry.type(description="A source account of which somebody said where it belongs.")
class LinkPayload(Payload):
    account: Account | None = strawberry.field(
        default=None, description="The account that it belongs to now; null where it belongs to none."
    )
    former_account: Account | None = strawberry.field(
        default=None, description="The account that it belonged to before, where that is another."
    )
    unlinked: UnlinkedAccount | None = strawberry.field(
        default=None, description="The source account, where it belongs to no account now."
    )
    scored: bool = strawberry.field(
        default=False,
        description="Whether the scores of both accounts count it already. False where all must be scored first: then the "
        "next run sees to it.",
    )
