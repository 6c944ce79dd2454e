"""What the mutations about people's input answer."""

from __future__ import annotations

import strawberry

from accountpulse.graphql.accounts.types import Account
from accountpulse.graphql.changes import Payload
from accountpulse.graphql.people.types import Note, Outcome, Pulse, ScoreOverride, Target

_SCORED = (
    "Whether the account's score counts it already. False where the account has no score yet, or all must be scored first: "
    "then the next run sees to it."
)


@strawberry.type
class AboutAccountPayload(Payload):
    """The answer to a change of an account."""

    account: Account | None = strawberry.field(default=None, description="The account as it is now.")


@strawberry.type(description="An override that was made or ended.")
class OverridePayload(AboutAccountPayload):
    override: ScoreOverride | None = strawberry.field(default=None, description="The override.")
    scored: bool = strawberry.field(default=False, description=_SCORED)


@strawberry.type(description="A target that was set or ended.")
class TargetPayload(AboutAccountPayload):
    target: Target | None = strawberry.field(default=None, description="The target.")


@strawberry.type(description="A note that was written.")
class NotePayload(AboutAccountPayload):
    note: Note | None = strawberry.field(default=None, description="The note.")


@strawberry.type(description="A judgement that was entered.")
class PulsePayload(AboutAccountPayload):
    pulse: Pulse | None = strawberry.field(default=None, description="The judgement.")
    scored: bool = strawberry.field(default=False, description=_SCORED)


@strawberry.type(description="An outcome that was entered.")
class OutcomePayload(AboutAccountPayload):
    outcome: Outcome | None = strawberry.field(default=None, description="The outcome.")


@strawberry.type(description="Something that was taken back.")
class RemovePayload(Payload):
    account: Account | None = strawberry.field(
        default=None, description="The account it was about, as it is now. Null where it was about none any more."
    )
    removed_id: strawberry.ID | None = strawberry.field(default=None, description="The id of what was removed.")
    scored: bool = strawberry.field(default=False, description=_SCORED)
