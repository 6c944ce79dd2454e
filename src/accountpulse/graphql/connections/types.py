"""Connections in GraphQL."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Annotated, Any

import sqlalchemy as sa
import strawberry
from strawberry.scalars import JSON

from accountpulse.core.observe.freshness import Standing, standing
from accountpulse.graphql.context import Context, Info
from accountpulse.graphql.fields import choice, resolver
from accountpulse.graphql.relay import LISTED, ListedArg, Node, first_of, global_id, listed
from accountpulse.graphql.scalars import BigInt

MAX_RUNS = 50
MAX_QUARANTINED = 100
_runs, _quarantined = first_of(MAX_RUNS), first_of(MAX_QUARANTINED)


@strawberry.enum(description="How a connection stands.")
class ConnectionState(Enum):
    NEW = choice("new", "It has not run yet.")
    OK = choice("ok", "Its last run read everything.")
    PARTIAL = choice("partial", "Its last run read some streams, and failed in others.")
    FAILED = choice("failed", "Its last run failed.")
    PAUSED = choice("paused", "It rests until `pausedUntil`, as the vendor asked.")
    NEEDS_REAUTH = choice("needs_reauth", "The vendor refuses its credentials; data is kept.")
    MISCONFIGURED = choice("misconfigured", "Its settings can't work; the message says which.")
    CANCELLED = choice("cancelled", "Somebody stopped its last run. What that had committed stays.")
    STALLED = choice("stalled", "Its last run got nowhere, or took too long. What that had committed stays.")


@strawberry.enum(description="How a run ended.")
class RunState(Enum):
    RUNNING = choice("running", "It has not ended.")
    OK = choice("ok", "It read everything.")
    PARTIAL = choice("partial", "Some streams failed.")
    FAILED = choice("failed", "It failed.")
    PAUSED = choice("paused", "The vendor asked it to come again later.")
    NEEDS_REAUTH = choice("needs_reauth", "The vendor refused the credentials.")
    MISCONFIGURED = choice("misconfigured", "The settings can't work.")
    CANCELLED = choice("cancelled", "Somebody stopped it. What it had committed stays.")
    STALLED = choice("stalled", "It got nowhere, or took too long. What it had committed stays.")


@strawberry.type(description="How far one stream of a connection has been read.")
class Stream:
    name: str = strawberry.field(description="The stream's name in the connector.")
    state: str = strawberry.field(description="new, loading, ok, failed, skipped, or how its last run ended otherwise.")
    records: list[str] = strawberry.field(description="The record types it brings.")
    position: datetime | None = strawberry.field(description="Everything the source changed before this time has been read.")
    first_loaded_at: datetime | None = strawberry.field(description="When the first complete load ended; null before that.")
    last_success_at: datetime | None = strawberry.field(description="When it was last read to the end.")
    last_attempt_at: datetime | None = strawberry.field(description="When it was last tried.")
    message: str | None = strawberry.field(description="What a person should know or do, if anything.")

    @staticmethod
    def of(row: sa.Row[Any], context: Context) -> Stream:
        """From a row of `stream_state`."""
        return Stream(
            name=row.stream,
            state=row.state,
            records=list(row.records),
            position=row.position,
            first_loaded_at=row.first_loaded_at,
            last_success_at=row.last_success_at,
            last_attempt_at=row.last_attempt_at,
            message=_told(row.message, context),
        )


@strawberry.type(description="What one run did in one stream.")
class RunStream:
    name: str = strawberry.field(description="The stream's name.")
    state: str = strawberry.field(description="How it ended in this run.")
    read: BigInt = strawberry.field(description="How many records the source sent.")
    opened: BigInt = strawberry.field(description="How many of them were new or changed.")
    closed: BigInt = strawberry.field(description="How many earlier versions ended: changed or deleted records.")
    unchanged: BigInt = strawberry.field(description="How many were known already, and wrote nothing.")
    quarantined: BigInt = strawberry.field(description="How many could not be understood.")
    retries: int = strawberry.field(description="How often it was tried again after a passing fault.")
    message: str | None = strawberry.field(description="What went wrong, if anything.")


@strawberry.type(description="One sync of one connection.")
class Run:
    started_at: datetime = strawberry.field(description="When it began.")
    finished_at: datetime | None = strawberry.field(description="When it ended; null while it runs.")
    state: RunState = strawberry.field(description="How it ended.")
    message: str | None = strawberry.field(description="What went wrong, if anything.")
    row_id: strawberry.Private[int]

    @resolver("What it did in each stream; empty for a viewer limited to some accounts.", check=listed)
    async def streams(self, info: Info, first: ListedArg = LISTED) -> list[RunStream]:
        return [
            RunStream(
                name=row.stream,
                state=row.state,
                read=BigInt(row.read),
                opened=BigInt(row.opened),
                closed=BigInt(row.closed),
                unchanged=BigInt(row.unchanged),
                quarantined=BigInt(row.quarantined),
                retries=row.retries,
                message=row.message,
            )
            for row in (await info.context.loaders.run_streams.load(self.row_id))[: listed(first)]
        ]


@strawberry.enum(description="Whether a connection is read as often as was promised.")
class FreshnessState(Enum):
    FRESH = choice("fresh", "It was read in time.")
    LATE = choice("late", "Its data is older than was promised, since `lateFrom`.")
    NEVER = choice("never", "It was never read to its end.")
    UNPROMISED = choice("unpromised", "It only pushes, and nobody said how often.")


@strawberry.type(description="How old a connection's data may be, and whether it is older.")
class Freshness:
    within_seconds: BigInt | None = strawberry.field(description="How old it may be; null where nothing was promised.")
    late_from: datetime | None = strawberry.field(description="From when on it is late, unless it is read before.")
    kept: strawberry.Private[Standing]

    @resolver("Whether it is late at the moment of asking.", rests_on_more=True)
    async def state(self, info: Info) -> FreshnessState:
        return FreshnessState(self.kept.state(info.context.hub.clock.now()))


@strawberry.type(description="A complete read that lacked so much that nothing was deleted.")
class HeldDeletes:
    stream: str = strawberry.field(description="The stream's name.")
    held_at: datetime = strawberry.field(description="When it was read.")
    vanished: BigInt = strawberry.field(description="How many records it lacked.")
    known: BigInt = strawberry.field(description="How many there had been.")


@strawberry.type(description="A record that could not be understood.")
class QuarantinedRecord:
    stream: str = strawberry.field(description="The stream that brought it; `inbox` for what was pushed.")
    source_id: str = strawberry.field(description="The source's own id of it, or what stands for it.")
    reason: str = strawberry.field(description="Why it could not be understood.")
    seen_at: datetime = strawberry.field(description="When it was met last.")


@strawberry.type(description="The records of a connection that could not be understood.")
class Quarantine:
    total_count: int = strawberry.field(description="How many there are.")
    records: list[QuarantinedRecord] = strawberry.field(description="As many of them as were asked for.")


QuarantineArg = Annotated[int, strawberry.argument(description="How many: 1 to 100.")]
RunsArg = Annotated[int, strawberry.argument(description="How many, the latest first: 1 to 50.")]


@strawberry.type(description="A configured source of data, such as the company's Salesforce.")
class SourceConnection(Node):
    name: str = strawberry.field(description="The name it has in the configuration.")
    connector: str = strawberry.field(description="The connector's id, such as salesforce.")
    title: str = strawberry.field(description="The connector's name for people, such as Salesforce.")
    state: ConnectionState = strawberry.field(description="How it stands.")
    state_since: datetime = strawberry.field(description="Since when it has stood so.")
    message: str | None = strawberry.field(description="What a person should know or do, if anything.")
    identity: str | None = strawberry.field(
        description="Who it is connected to: the vendor's name of the company's account there. Null until its credentials "
        "have been checked."
    )
    identity_details: JSON | None = strawberry.field(
        description="More about who it is connected to, as the connector tells it."
    )
    priority: int = strawberry.field(description="Whom to believe when sources disagree: 0 first.")
    anchor: bool = strawberry.field(description="Whether its accounts found accounts, or only link to them.")
    provides: list[str] = strawberry.field(description="The record types it can bring.")
    paused_until: datetime | None = strawberry.field(description="When it may run again, if it rests.")
    removed_at: datetime | None = strawberry.field(description="When it was taken out of the configuration; its data stays.")
    row_id: strawberry.Private[int]

    @resolver("How far each of its streams has been read.", check=listed)
    async def streams(self, info: Info, first: ListedArg = LISTED) -> list[Stream]:
        rows = await info.context.loaders.streams.load(self.row_id)
        return [Stream.of(row, info.context) for row in rows[: listed(first)]]

    @resolver(
        "Up to when its data is complete: when the stream that lags most was last read to the end. Null while one "
        "never was. For a source that only pushes: when it last sent something."
    )
    async def fresh_at(self, info: Info) -> datetime | None:
        streams = await info.context.loaders.streams.load(self.row_id)
        if not streams:
            return await info.context.loaders.last_received.load(self.row_id)
        succeeded = [row.last_success_at for row in streams]
        return None if None in succeeded else min(succeeded)

    @resolver("Whether it is read as often as the configuration promises.")
    async def freshness(self, info: Info) -> Freshness:
        only_pushes = not await info.context.loaders.streams.load(self.row_id)
        within = info.context.hub.contracts.of(self.name, only_pushes=only_pushes)
        kept = standing(within, await self.fresh_at(info))
        return Freshness(
            within_seconds=None if within is None else BigInt(int(within.total_seconds())), late_from=kept.late_from, kept=kept
        )

    @resolver(
        "The complete reads that lacked so much that nothing was deleted: `confirmDeletes` says that it is gone.", check=listed
    )
    async def held_deletes(self, info: Info, first: ListedArg = LISTED) -> list[HeldDeletes]:
        return [
            HeldDeletes(stream=row.stream, held_at=row.held_at, vanished=BigInt(row.vanished), known=BigInt(row.known))
            for row in (await info.context.loaders.held.load(self.row_id))[: listed(first)]
        ]

    @resolver("The records that could not be understood, those met last first.", check=_quarantined)
    async def quarantine(self, info: Info, first: QuarantineArg = 50) -> Quarantine:
        rows = await info.context.loaders.quarantined.load((self.row_id, _quarantined(first)))
        return Quarantine(
            total_count=rows[0].many if rows else 0,
            records=[
                QuarantinedRecord(stream=row.stream, source_id=row.source_id, reason=row.reason, seen_at=row.seen_at)
                for row in rows
            ],
        )

    @resolver("Its latest runs, newest first.", check=_runs)
    async def last_runs(self, info: Info, first: RunsArg = 5) -> list[Run]:
        return [
            Run(
                row_id=row.id,
                started_at=row.started_at,
                finished_at=row.finished_at,
                state=RunState(row.state),
                message=_told(row.message, info.context),
            )
            for row in await info.context.loaders.runs.load((self.row_id, _runs(first)))
        ]

    @staticmethod
    def of(row: sa.Row[Any], context: Context) -> SourceConnection:
        """From a row of `connection`."""
        identity = row.identity or {}
        return SourceConnection(
            id=global_id("SourceConnection", row.id),
            row_id=row.id,
            name=row.name,
            connector=row.connector,
            title=context.hub.connector_titles.get(row.connector, row.connector),
            state=ConnectionState(row.state),
            state_since=row.state_since,
            message=_told(row.message, context),
            identity=identity.get("name"),
            identity_details=identity.get("details"),
            priority=row.priority,
            anchor=row.anchor,
            provides=list(row.provides),
            paused_until=row.paused_until,
            removed_at=row.removed_at,
        )


def _told(message: str | None, context: Context) -> str | None:
    """A message, which may name a record, of whichever account: it is for those who may see all of them."""
    return message if context.scope.everything else None
