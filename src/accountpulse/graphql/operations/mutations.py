"""The mutations of operators: syncs, pauses, releases of models, tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import strawberry

from accountpulse.core.errors import InvalidInput
from accountpulse.core.scoring.publication import Draft
from accountpulse.core.store import connections, scorecards, tokens
from accountpulse.core.store.scorecards import PUBLISHED
from accountpulse.core.store.tokens import SCOPES, Scope
from accountpulse.core.trail import Asker
from accountpulse.graphql.changes import (
    UserError,
    admitted,
    asker_of,
    attempt,
    given,
    require_scope,
    user_error,
)
from accountpulse.graphql.connections.types import SourceConnection
from accountpulse.graphql.context import Context, Info
from accountpulse.graphql.errors import BadInput
from accountpulse.graphql.fields import mutation
from accountpulse.graphql.hub import NewToken, Operations
from accountpulse.graphql.models.preview import MOST_MODELS, DraftProblem
from accountpulse.graphql.operations.inputs import (
    CancelSyncInput,
    CreateTokenInput,
    PauseConnectionInput,
    PublishModelsInput,
    ResumeConnectionInput,
    RevokeTokenInput,
    RollBackModelsInput,
    StartSyncInput,
    StreamInput,
)
from accountpulse.graphql.operations.types import (
    ApiToken,
    CancelSyncPayload,
    ConnectionPayload,
    CreateTokenPayload,
    Release,
    ReleasePayload,
    RevokeTokenPayload,
    SyncPayload,
)

Input = strawberry.argument(description="What is to be done.")


@strawberry.type
class OperationMutations:
    @mutation("Start to read a connection, and to score what changed, without waiting for it. Needs the scope `write`.")
    async def start_sync(self, info: Info, input: Annotated[StartSyncInput, Input]) -> SyncPayload:
        stream = given(input.stream)
        return await _started(info, input, "write", lambda each, asker: each.sync(input.connection, stream, asker=asker))

    @mutation(
        "Let what is being read of a connection stop at its next record, within seconds, and forget what waits to be read. "
        "What has been stored stays, and the next run goes on from there. Needs the scope `write`."
    )
    async def cancel_sync(self, info: Info, input: Annotated[CancelSyncInput, Input]) -> CancelSyncPayload:
        context, asker = admitted(info, input, "write")
        cancelled = await attempt(context, lambda: context.hub.operations.cancel(input.connection, asker=asker), "connection")
        if isinstance(cancelled, UserError):
            return CancelSyncPayload(user_errors=[cancelled])
        return CancelSyncPayload(user_errors=[], connection=await _connection(context, input.connection), cancelled=cancelled)

    @mutation(
        "Confirm that what a complete read lacked is gone, where that was so much that nothing was deleted: the stream is read "
        "again, and what it lacks then is deleted. Needs the scope `admin`."
    )
    async def confirm_deletes(self, info: Info, input: Annotated[StreamInput, Input]) -> SyncPayload:
        return await _started(
            info, input, "admin", lambda each, asker: each.confirm_deletes(input.connection, input.stream, asker=asker)
        )

    @mutation(
        "Read a stream from its start, so that its records that could not be understood are met again, after whatever was "
        "wrong was mended. Needs the scope `write`."
    )
    async def retry_quarantine(self, info: Info, input: Annotated[StreamInput, Input]) -> SyncPayload:
        return await _started(
            info, input, "write", lambda each, asker: each.retry_quarantine(input.connection, input.stream, asker=asker)
        )

    @mutation(
        "Let a connection rest: no run of it begins. One that is going on ends first, and what is pushed is still taken. "
        "Needs the scope `admin`."
    )
    async def pause_connection(self, info: Info, input: Annotated[PauseConnectionInput, Input]) -> ConnectionPayload:
        context, asker = admitted(info, input, "admin")
        until, reason = given(input.until), given(input.reason)
        done = await attempt(
            context,
            lambda: context.hub.operations.pause(input.connection, until=until, reason=reason, asker=asker),
            "connection",
        )
        return await _changed(context, input.connection, done if isinstance(done, UserError) else None)

    @mutation("Let a connection run again, whether somebody paused it or its vendor asked for quiet. Needs the scope `admin`.")
    async def resume_connection(self, info: Info, input: Annotated[ResumeConnectionInput, Input]) -> ConnectionPayload:
        context, asker = admitted(info, input, "admin")
        done = await attempt(context, lambda: context.hub.operations.resume(input.connection, asker=asker), "connection")
        return await _changed(context, input.connection, done)

    @mutation(
        "Put models and segments in force: those of the server's configuration, or texts, as tried with `modelPreview`. "
        "Needs the scope `write`."
    )
    async def publish_models(self, info: Info, input: Annotated[PublishModelsInput, Input]) -> ReleasePayload:
        context, asker = admitted(info, input, "write")
        reason, expected = given(input.reason), given(input.expected_release)
        models, segments = given(input.models) or [], given(input.segments)

        def work() -> int | list[DraftProblem] | None:
            if len(models) > MOST_MODELS:
                raise BadInput(f"{len(models)} models were sent; at most {MOST_MODELS} can be published at once")
            draft = context.hub.draft(models, segments)
            if not isinstance(draft, Draft):
                return [DraftProblem(place=p.place, message=p.message) for p in draft]
            wanted = {"models": models, "segments": segments}
            return context.hub.operations.publish(draft, wanted=wanted, reason=reason, expected_release=expected, asker=asker)

        done = await attempt(context, work, "models")
        if isinstance(done, list):
            return ReleasePayload(user_errors=[], found=done)
        return await _released(context, done)

    @mutation("Put in force again what an earlier release published. Needs the scope `write`.")
    async def roll_back_models(self, info: Info, input: Annotated[RollBackModelsInput, Input]) -> ReleasePayload:
        context, asker = admitted(info, input, "write")
        reason, expected = given(input.reason), given(input.expected_release)
        to = given(input.release)
        done = await attempt(
            context,
            lambda: context.hub.operations.roll_back(to, reason=reason, expected_release=expected, asker=asker),
            "release",
        )
        return await _released(context, done)

    @mutation("Make an API token. It may do and see no more than the token that asks. Needs the scope `admin`.")
    async def create_token(self, info: Info, input: Annotated[CreateTokenInput, Input]) -> CreateTokenPayload:
        context = info.context
        require_scope(context, "admin")
        scopes = [scope.value for scope in input.scopes]
        for scope in SCOPES:
            if scope in scopes:
                require_scope(context, scope)
        asker, expires_at, named = asker_of(context, input), given(input.expires_at), given(input.rows)
        rows = context.scope if named is None else named.within(context.scope)
        if not rows.within(context.scope):
            return CreateTokenPayload(user_errors=[user_error(InvalidInput("rows", "they are more than you may see"))])

        def work() -> NewToken:
            return context.hub.operations.create_token(input.name, scopes, expires_at, rows=rows, asker=asker)

        made = await attempt(context, work, "name")
        if isinstance(made, UserError):
            return CreateTokenPayload(user_errors=[made])
        return CreateTokenPayload(user_errors=[], token=made.token, api_token=await _token(context, made.prefix))

    @mutation("End an API token at once. Needs the scope `admin`.")
    async def revoke_token(self, info: Info, input: Annotated[RevokeTokenInput, Input]) -> RevokeTokenPayload:
        context, asker = admitted(info, input, "admin")
        prefix = await attempt(context, lambda: context.hub.operations.revoke_token(input.prefix, asker=asker), "prefix")
        if isinstance(prefix, UserError):
            return RevokeTokenPayload(user_errors=[prefix])
        return RevokeTokenPayload(user_errors=[], api_token=await _token(context, prefix))


async def _started(
    info: Info, input: StartSyncInput | StreamInput, scope: Scope, work: Callable[[Operations, Asker], bool]
) -> SyncPayload:
    context, asker = admitted(info, input, scope)
    started = await attempt(
        context, lambda: work(context.hub.operations, asker), "stream" if isinstance(input, StreamInput) else "connection"
    )
    if isinstance(started, UserError):
        return SyncPayload(user_errors=[started])
    return SyncPayload(user_errors=[], connection=await _connection(context, input.connection), started=started)


async def _changed(context: Context, name: str, done: UserError | None) -> ConnectionPayload:
    if isinstance(done, UserError):
        return ConnectionPayload(user_errors=[done])
    return ConnectionPayload(user_errors=[], connection=await _connection(context, name))


async def _released(context: Context, done: int | UserError | None) -> ReleasePayload:
    if isinstance(done, UserError):
        return ReleasePayload(user_errors=[done])
    rows = await context.read(scorecards.releases, PUBLISHED)
    return ReleasePayload(user_errors=[], release=next((Release.of(row, rows[0].id) for row in rows if row.id == done), None))


async def _connection(context: Context, name: str) -> SourceConnection:
    return SourceConnection.of(await context.read(connections.by_name, name), context)


async def _token(context: Context, prefix: str) -> ApiToken | None:
    found = await context.read(tokens.listing)
    return next((ApiToken.of(token) for token in found if token.prefix == prefix), None)
