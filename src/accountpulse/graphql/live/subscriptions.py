"""What can be watched."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, cast

import strawberry

from accountpulse.core.store import score_feed
from accountpulse.core.store.accounts import ALL
from accountpulse.core.store.score_feed import Stood
from accountpulse.core.store.types import EPOCH
from accountpulse.graphql.accounts.inputs import AccountFilter, FilterArg
from accountpulse.graphql.accounts.types import Account, account_of
from accountpulse.graphql.connections.types import Run, RunState, SourceConnection
from accountpulse.graphql.context import Info
from accountpulse.graphql.execution.marks import checking
from accountpulse.graphql.execution.projection import columns
from accountpulse.graphql.fields import resolver
from accountpulse.graphql.filters import condition_of
from accountpulse.graphql.live.context import LiveContext
from accountpulse.graphql.relay import Cursors

OVERLAP = timedelta(minutes=10)
"""So much longer ago a run may have begun that was committed last: its scores bear the time at which it began."""
AT_ONCE = 100
"""How many accounts are read at once for the events to come: what is told later would be less new."""
_CURSORS = Cursors("scores", [datetime, int])


@strawberry.type(description="A score that changed, as it is now: several changes in quick succession are told as one.")
class ScoreEvent:
    score: float = strawberry.field(description="The score now, 0 to 100.")
    band: str = strawberry.field(description="The band now; `unknown` where too little is measured.")
    score_before: float | None = strawberry.field(
        description="The score when it was last told or, before that, when the watching began. Null for a new score, and for "
        "what changed before the watching began."
    )
    band_before: str | None = strawberry.field(description="The band then; null where `scoreBefore` is.")
    scored_at: datetime = strawberry.field(description="When the score was computed.")
    cursor: str = strawberry.field(
        description="Give it as `since` to go on after a lost connection: what changed meanwhile comes first, once for each "
        "account."
    )
    row_id: strawberry.Private[int]

    @resolver("The account, with the reasons in `score { components { reason } }`.")
    async def account(self, info: Info) -> Account | None:
        return await account_of(info, self.row_id)


@strawberry.type(description="How a sync is getting on.")
class SyncEvent:
    connection: SourceConnection = strawberry.field(description="The connection that is read.")
    run: Run = strawberry.field(description="The run: `streams` has those that it has ended.")
    running: bool = strawberry.field(description="Whether it goes on.")


SinceArg = Annotated[
    str | None, strawberry.argument(description="The `cursor` of the last event that you have. Default: from now on.")
]
ConnectionArg = Annotated[str | None, strawberry.argument(description="Only this connection, by its name. Default: all.")]


def _check(filter: AccountFilter | None = None, since: str | None = None) -> None:
    condition_of(filter)
    if since is not None:
        _CURSORS.decode(since)


@strawberry.type
class LiveSubscriptions:
    @strawberry.subscription(  # type: ignore[untyped-decorator]  # Strawberry's own
        description="Scores as they change, of all accounts or those of a filter: with the band, and what they were before. An "
        "account that leaves the filter is not told."
    )
    @checking(_check)
    async def score_changed(
        self, info: Info, filter: FilterArg = None, since: SinceArg = None
    ) -> AsyncGenerator[ScoreEvent, None]:
        async for event in _changes(info, filter, since):
            yield event

    @strawberry.subscription(  # type: ignore[untyped-decorator]  # Strawberry's own
        description="Accounts that come into another band, of all accounts or those of a filter. With `since`, those whose "
        "score changed since then are told whether or not the band did: what it was is not known."
    )
    @checking(_check)
    async def band_changed(
        self, info: Info, filter: FilterArg = None, since: SinceArg = None
    ) -> AsyncGenerator[ScoreEvent, None]:
        async for event in _changes(info, filter, since):
            if event.band != event.band_before:
                yield event

    @strawberry.subscription(  # type: ignore[untyped-decorator]  # Strawberry's own
        description="Syncs as they begin, get on from stream to stream, and end. How those stand that are running comes first."
    )
    async def sync_progress(self, info: Info, connection: ConnectionArg = None) -> AsyncGenerator[SyncEvent, None]:
        context = cast("LiveContext", info.context)
        told: dict[int, tuple[Any, ...]] | None = None
        async for _ in context.feed.ticks():
            context.forget()
            found = await context.read(score_feed.running, connection)
            stands = {run.id: (run.state, len(streams)) for _, run, streams in found}
            for row, run, _ in found:
                if stands[run.id] == (told or {}).get(run.id) or (told is None and run.state != "running"):
                    continue
                yield SyncEvent(
                    connection=SourceConnection.of(row, context),
                    run=Run(
                        row_id=run.id,
                        started_at=run.started_at,
                        finished_at=run.finished_at,
                        state=RunState(run.state),
                        message=run.message if context.scope.everything else None,
                    ),
                    running=run.state == "running",
                )
            told = dict(stands)


async def _changes(info: Info, filter: Any, since: str | None) -> AsyncGenerator[ScoreEvent, None]:
    context = cast("LiveContext", info.context)
    condition = condition_of(filter)
    after: list[Any] | None = None if since is None else _CURSORS.decode(since)
    known: dict[int, Stood] | None = None
    begin = EPOCH
    async for _ in context.feed.ticks():
        context.forget()
        if known is None:
            # What stood when the watching began is not told, but for what a cursor asks for.
            known = await context.read(score_feed.stood, condition, scope=context.scope)
            begin = await context.read(score_feed.newest)
            if after is not None:
                missed = await context.read(score_feed.written_since, condition, *after, scope=context.scope)
                async for row in _with_accounts(info, missed):
                    yield _event(row, None)
            continue
        rows = await context.read(score_feed.written_since, condition, begin - OVERLAP, scope=context.scope)
        begin = max([begin, *(row.scored_at for row in rows)])
        changed = [row for row in rows if _differs(known.get(row.account_id), row)]
        async for row in _with_accounts(info, changed):
            before = known.get(row.account_id)
            known[row.account_id] = Stood(bytes(row.content_hash), row.score, row.band)
            yield _event(row, before)


async def _with_accounts(info: Info, rows: Sequence[Any]) -> AsyncIterator[Any]:
    """The rows one by one; what their events select of accounts is read for many of them at once."""
    names = columns(info, "Account", ("account",), everything=ALL)
    for start in range(0, len(rows), AT_ONCE):
        chunk = rows[start : start + AT_ONCE]
        if names:
            await info.context.loaders.account.load_many([(row.account_id, names) for row in chunk])
        for row in chunk:
            yield row


def _differs(before: Stood | None, row: Any) -> bool:
    return before is None or before.hash != bytes(row.content_hash)


def _event(row: Any, before: Stood | None) -> ScoreEvent:
    return ScoreEvent(
        row_id=row.account_id,
        score=row.score,
        band=row.band,
        score_before=None if before is None else before.score,
        band_before=None if before is None else before.band,
        scored_at=row.scored_at,
        cursor=_CURSORS.encode([row.scored_at, row.account_id]),
    )
