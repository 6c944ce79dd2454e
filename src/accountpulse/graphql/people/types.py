"""What people put in about an account, in GraphQL."""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum
from typing import Annotated

import strawberry

from accountpulse.core import people
from accountpulse.core.store.connections import PEOPLE
from accountpulse.graphql.context import Info
from accountpulse.graphql.errors import BadInput
from accountpulse.graphql.fields import choice, resolver
from accountpulse.graphql.relay import first_of, global_id, parse_id
from accountpulse.graphql.scalars import BigInt, Money

MOST = 50
FirstArg = Annotated[int, strawberry.argument(description="How many, the latest first: 1 to 50.")]


@strawberry.type(description="A person's score for an account against the model's, for a while.")
class ScoreOverride:
    id: strawberry.ID = strawberry.field(description="Opaque and stable.")
    score: float = strawberry.field(description="The score that was decided, 0 to 100.")
    owner: str = strawberry.field(description="Who answers for it.")
    reason: str = strawberry.field(description="Why the model is wrong just now.")
    since: datetime = strawberry.field(description="When it was decided.")
    expires_at: datetime = strawberry.field(description="When it ends by itself: at this instant it no longer holds.")
    published_score: float | None = strawberry.field(description="The account's score now. Null while it has none.")
    raw_score: float | None = strawberry.field(description="What the model alone says. Null while there is no score.")

    @classmethod
    def of(cls, override: people.Override) -> ScoreOverride:
        return cls(
            id=global_id("ScoreOverride", override.id),
            score=override.score,
            owner=override.owner,
            reason=override.reason,
            since=override.since,
            expires_at=override.expires_at,
            published_score=override.published,
            raw_score=override.raw,
        )


@strawberry.enum(description="How a target stands.")
class TargetState(Enum):
    MET = choice("met", "The score is there.")
    OPEN = choice("open", "The score is below it, and its day is not past.")
    MISSED = choice("missed", "The score is below it, and its day is past.")
    UNKNOWN = choice("unknown", "Nobody can tell: the account has no score, or too little of it could be measured.")
    ENDED = choice("ended", "Somebody ended it, or promised another.")


@strawberry.type(description="The score that an account is to have by a day.")
class Target:
    id: strawberry.ID = strawberry.field(description="Opaque and stable.")
    score: float = strawberry.field(description="The score that is to be reached, 0 to 100.")
    due: date = strawberry.field(description="The last day for it.")
    owner: str = strawberry.field(description="Who promised it.")
    reason: str | None = strawberry.field(description="Why, or how, if somebody said so.")
    set_at: datetime = strawberry.field(description="When it was promised.")
    state: TargetState = strawberry.field(description="How it stands today.")
    short: float | None = strawberry.field(description="The points that lack, while it is open or missed.")
    missed_since: date | None = strawberry.field(
        description="The first day on which the score should have been there, if it was missed."
    )
    ended_at: datetime | None = strawberry.field(description="When it was ended, if it was.")
    ended_by: str | None = strawberry.field(description="Who ended it, if it was.")

    @classmethod
    def of(cls, target: people.Target) -> Target:
        return cls(
            id=global_id("Target", target.id),
            score=target.score,
            due=target.due,
            owner=target.owner,
            reason=target.reason,
            set_at=target.set_at,
            state=TargetState(target.state.value),
            short=target.short,
            missed_since=target.missed_since,
            ended_at=target.ended_at,
            ended_by=target.ended_by,
        )


@strawberry.type(description="What somebody wrote about an account.")
class Note:
    id: strawberry.ID = strawberry.field(description="Opaque and stable: names it to `removeNote`.")
    text: str = strawberry.field(description="The text.")
    author: str = strawberry.field(description="Who wrote it.")
    written_at: datetime = strawberry.field(description="When.")

    @classmethod
    def of(cls, note: people.Note) -> Note:
        return cls(id=global_id("Note", note.id), text=note.text, author=note.author, written_at=note.written_at)


@strawberry.type(
    description="A person's own judgement of an account: subjective, and marked as such in every model that uses it."
)
class Pulse:
    id: strawberry.ID = strawberry.field(description="Opaque and stable: names it to `removePulse`.")
    value: float = strawberry.field(description="0, about to leave, to 100, delighted.")
    author: str = strawberry.field(description="Whose judgement it is.")
    reason: str = strawberry.field(description="Why.")
    at: datetime = strawberry.field(description="When it was so.")
    connection: str = strawberry.field(description="Where it was entered: `people` for AccountPulse itself.")

    @classmethod
    def of(cls, entry: people.PulseEntry) -> Pulse:
        return cls(
            id=global_id("Pulse", f"{entry.connection}:{entry.id}"),
            value=entry.value,
            author=entry.author,
            reason=entry.reason,
            at=entry.at,
            connection=entry.connection,
        )


@strawberry.enum(description="What can become of an account.")
class OutcomeKind(Enum):
    RENEWED = choice("renewed", "The contract goes on.")
    CHURNED = choice("churned", "The customer has left.")
    CONTRACTED = choice("contracted", "It goes on for less.")
    EXPANDED = choice("expanded", "It goes on for more.")


@strawberry.type(description="What became of an account: audits compare scores with it.")
class Outcome:
    id: strawberry.ID = strawberry.field(description="Opaque and stable: names it to `removeOutcome`.")
    kind: OutcomeKind = strawberry.field(description="What became of it.")
    at: datetime = strawberry.field(description="When it happened.")
    amount: Money | None = strawberry.field(description="The monthly revenue concerned, where somebody said so.")
    author: str | None = strawberry.field(description="Who says so; null where its source doesn't tell.")
    connection: str = strawberry.field(description="Where it was entered: `people` for AccountPulse itself.")

    @classmethod
    def of(cls, entry: people.OutcomeEntry) -> Outcome:
        return cls(
            id=global_id("Outcome", f"{entry.connection}:{entry.id}"),
            kind=OutcomeKind(entry.kind),
            at=entry.at,
            amount=_money(entry),
            author=entry.author,
            connection=entry.connection,
        )


_at_most = first_of(MOST)


@strawberry.type
class PeopleInput:
    """The fields of an account that hold what people put in. row_id: the account's number."""

    row_id: strawberry.Private[int]

    @resolver("The override in force now; null where the model's word stands.", needs=())
    async def override(self, info: Info) -> ScoreOverride | None:
        found = await info.context.loaders.override.load(self.row_id)
        return None if found is None else ScoreOverride.of(found)

    @resolver("The scores promised for it, the latest first; at most one has not been ended.", needs=(), check=_at_most)
    async def targets(self, info: Info, first: FirstArg = 5) -> list[Target]:
        return [Target.of(each) for each in await info.context.loaders.targets.load((self.row_id, _at_most(first)))]

    @resolver("The notes about it, the latest first.", needs=(), check=_at_most)
    async def notes(self, info: Info, first: FirstArg = 20) -> list[Note]:
        return [Note.of(each) for each in await info.context.loaders.notes.load((self.row_id, _at_most(first)))]

    @resolver("People's own judgements of it, the latest first.", needs=(), check=_at_most)
    async def pulses(self, info: Info, first: FirstArg = 5) -> list[Pulse]:
        return [Pulse.of(each) for each in await info.context.loaders.pulses.load((self.row_id, _at_most(first)))]

    @resolver("What became of it, the latest first.", needs=(), check=_at_most)
    async def outcomes(self, info: Info, first: FirstArg = 5) -> list[Outcome]:
        return [Outcome.of(each) for each in await info.context.loaders.outcomes.load((self.row_id, _at_most(first)))]

    @resolver("Grows whenever somebody changes what people put in about it: give it as `expectedRevision` with a change.")
    async def revision(self, info: Info) -> int:
        return await info.context.loaders.revision.load(self.row_id)


def entered_id(id: str, type_name: str) -> str:
    """The number of a pulse or outcome that a person entered here. Raises BadInput for another id, or what a source brought."""
    found, key = parse_id(id)
    connection, _, number = key.partition(":")
    if found != type_name:
        raise BadInput(f"it is the id of a {found}; an id of type {type_name} is needed here")
    if connection != PEOPLE:
        raise BadInput(f"it was brought by {connection}, and can only be removed there")
    return number


def _money(entry: people.OutcomeEntry) -> Money | None:
    if entry.amount is None or entry.currency is None:
        return None
    return Money(amount=BigInt(entry.amount), currency=entry.currency)
