"""What people put in about an account, in GraphQL."""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum
from typing import Annotated

import strawberry

from accountpulse.core import people
from accountpulse.graphql.context import Info
from accountpulse.graphql.errors import BadInput
from accountpulse.graphql.fields import choice, resolver
from accountpulse.graphql.scalars import BigInt, Money

MOST = 50
FirstArg = Annotated[int, strawberry.argument(description="How many, the latest first: 1 to 50.")]


@strawberry.type(description="A person's score for an account against the model's, for a while.")
class ScoreOverride:
    score: float = strawberry.field(description="The score that was decided, 0 to 100.")
    owner: str = strawberry.field(description="Who answers for it.")
    reason: str = strawberry.field(description="Why the model is wrong just now.")
    since: datetime = strawberry.field(description="When it was decided.")
    expires_at: datetime = strawberry.field(description="When it ends by itself: at this instant it no longer holds.")
    published_score: float | None = strawberry.field(description="The account's score now. Null while it has none.")
    raw_score: float | None = strawberry.field(description="What the model alone says. Null while there is no score.")


@strawberry.enum(description="How a target stands.")
class TargetState(Enum):
    MET = choice("met", "The score is there.")
    OPEN = choice("open", "The score is below it, and its day is not past.")
    MISSED = choice("missed", "The score is below it, and its day is past.")
    UNKNOWN = choice("unknown", "Nobody can tell: the account has no score, or too little of it could be measured.")
    ENDED = choice("ended", "Somebody ended it, or promised another.")


@strawberry.type(description="The score that an account is to have by a day.")
class Target:
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


@strawberry.type(description="What somebody wrote about an account.")
class Note:
    text: str = strawberry.field(description="The text.")
    author: str = strawberry.field(description="Who wrote it.")
    written_at: datetime = strawberry.field(description="When.")


@strawberry.type(
    description="A person's own judgement of an account: subjective, and marked as such in every model that uses it."
)
class Pulse:
    value: float = strawberry.field(description="0, about to leave, to 100, delighted.")
    author: str = strawberry.field(description="Whose judgement it is.")
    reason: str = strawberry.field(description="Why.")
    at: datetime = strawberry.field(description="When it was so.")
    connection: str = strawberry.field(description="Where it was entered: `people` for AccountPulse itself.")


@strawberry.enum(description="What can become of an account.")
class OutcomeKind(Enum):
    RENEWED = choice("renewed", "The contract goes on.")
    CHURNED = choice("churned", "The customer has left.")
    CONTRACTED = choice("contracted", "It goes on for less.")
    EXPANDED = choice("expanded", "It goes on for more.")


@strawberry.type(description="What became of an account: audits compare scores with it.")
class Outcome:
    kind: OutcomeKind = strawberry.field(description="What became of it.")
    at: datetime = strawberry.field(description="When it happened.")
    amount: Money | None = strawberry.field(description="The monthly revenue concerned, where somebody said so.")
    author: str | None = strawberry.field(description="Who says so; null where its source doesn't tell.")
    connection: str = strawberry.field(description="Where it was entered: `people` for AccountPulse itself.")


@strawberry.type
class PeopleInput:
    """The fields of an account that hold what people put in. row_id: the account's number."""

    row_id: strawberry.Private[int]

    @resolver("The override in force now; null where the model's word stands.")
    async def override(self, info: Info) -> ScoreOverride | None:
        found = await info.context.loaders.override.load(self.row_id)
        if found is None:
            return None
        return ScoreOverride(
            score=found.score,
            owner=found.owner,
            reason=found.reason,
            since=found.since,
            expires_at=found.expires_at,
            published_score=found.published,
            raw_score=found.raw,
        )

    @resolver("The scores promised for it, the latest first; at most one has not been ended.")
    async def targets(self, info: Info, first: FirstArg = 5) -> list[Target]:
        return [
            Target(
                score=each.score,
                due=each.due,
                owner=each.owner,
                reason=each.reason,
                set_at=each.set_at,
                state=TargetState(each.state.value),
                short=each.short,
                missed_since=each.missed_since,
                ended_at=each.ended_at,
                ended_by=each.ended_by,
            )
            for each in await info.context.loaders.targets.load((self.row_id, _at_most(first)))
        ]

    @resolver("The notes about it, the latest first.")
    async def notes(self, info: Info, first: FirstArg = 20) -> list[Note]:
        found: list[people.Note] = await info.context.loaders.notes.load((self.row_id, _at_most(first)))
        return [Note(text=each.text, author=each.author, written_at=each.written_at) for each in found]

    @resolver("People's own judgements of it, the latest first.")
    async def pulses(self, info: Info, first: FirstArg = 5) -> list[Pulse]:
        return [
            Pulse(value=each.value, author=each.author, reason=each.reason, at=each.at, connection=each.connection)
            for each in await info.context.loaders.pulses.load((self.row_id, _at_most(first)))
        ]

    @resolver("What became of it, the latest first.")
    async def outcomes(self, info: Info, first: FirstArg = 5) -> list[Outcome]:
        return [
            Outcome(
                kind=OutcomeKind(each.kind),
                at=each.at,
                amount=_money(each),
                author=each.author,
                connection=each.connection,
            )
            for each in await info.context.loaders.outcomes.load((self.row_id, _at_most(first)))
        ]


def _at_most(first: int) -> int:
    if not 1 <= first <= MOST:
        raise BadInput(f"first is {first}; it must be between 1 and {MOST}")
    return first


def _money(entry: people.OutcomeEntry) -> Money | None:
    if entry.amount is None or entry.currency is None:
        return None
    return Money(amount=BigInt(entry.amount), currency=entry.currency)
