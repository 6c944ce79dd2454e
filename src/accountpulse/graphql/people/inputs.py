"""What the mutations about people's input take."""

from __future__ import annotations

from datetime import date, datetime

import strawberry

from accountpulse.graphql.accounts.inputs import AccountBy
from accountpulse.graphql.changes import Asked
from accountpulse.graphql.people.types import OutcomeKind
from accountpulse.graphql.scalars import BigInt


@strawberry.input
class AboutAccount(Asked):
    """What the input of every change of an account holds."""

    account: AccountBy = strawberry.field(description="Which account: exactly one way to say so.")
    expected_revision: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="The account's `revision` that you have seen: nothing is done where somebody changed it since.",
    )


_OWNER = "Who answers for it. Default: the token's name."
_AUTHOR = "Whose word it is. Default: the token's name."


@strawberry.input(description="A person's score for an account, against the model's.")
class OverrideScoreInput(AboutAccount):
    score: float = strawberry.field(description="The score to publish, 0 to 100.")
    until: datetime = strawberry.field(description="When it ends by itself: an instant to come, at most 366 days away.")
    reason: str = strawberry.field(description="Why the model is wrong about it just now.")
    owner: str | None = strawberry.field(default=strawberry.UNSET, description=_OWNER)


@strawberry.input(description="The end of an override before it expires.")
class EndOverrideInput(AboutAccount):
    by: str | None = strawberry.field(default=strawberry.UNSET, description="Who ends it. Default: the token's name.")


@strawberry.input(description="The score that an account is to have by a day.")
class SetTargetInput(AboutAccount):
    score: float = strawberry.field(description="The score to reach, 0 to 100.")
    by: date = strawberry.field(description="The last day for it: today or later.")
    owner: str | None = strawberry.field(default=strawberry.UNSET, description=_OWNER)
    reason: str | None = strawberry.field(default=strawberry.UNSET, description="Why, or how.")


@strawberry.input(description="The end of an account's target.")
class EndTargetInput(AboutAccount):
    by: str | None = strawberry.field(default=strawberry.UNSET, description="Who gives it up. Default: the token's name.")


@strawberry.input(description="A note about an account.")
class AddNoteInput(AboutAccount):
    text: str = strawberry.field(description="The text, up to 4,000 characters.")
    author: str | None = strawberry.field(default=strawberry.UNSET, description=_AUTHOR)


@strawberry.input(description="A person's judgement of an account as it is now.")
class AddPulseInput(AboutAccount):
    value: float = strawberry.field(description="0, about to leave, to 100, delighted.")
    reason: str = strawberry.field(description="Why.")
    author: str | None = strawberry.field(default=strawberry.UNSET, description=_AUTHOR)


@strawberry.input(description="An amount of money.")
class MoneyInput:
    amount: BigInt = strawberry.field(description="In minor units of the currency: cents, pence; whole yen. Not negative.")
    currency: str = strawberry.field(description="The currency's ISO 4217 code, such as EUR.")


@strawberry.input(description="What became of an account.")
class AddOutcomeInput(AboutAccount):
    kind: OutcomeKind = strawberry.field(description="What became of it.")
    at: datetime | None = strawberry.field(default=strawberry.UNSET, description="When it happened. Default: now.")
    amount: MoneyInput | None = strawberry.field(default=strawberry.UNSET, description="The monthly revenue concerned.")


@strawberry.input(description="Something that a person entered and that is to be taken back.")
class RemoveInput(Asked):
    id: strawberry.ID = strawberry.field(description="Its `id`, from an earlier answer.")
    by: str | None = strawberry.field(default=strawberry.UNSET, description="Who removes it. Default: the token's name.")
