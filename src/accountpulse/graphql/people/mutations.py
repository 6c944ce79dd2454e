"""The mutations about people's input: overrides, targets, notes, pulses and outcomes."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, TypeVar

import strawberry

from accountpulse.core.errors import InvalidInput, NotFound
from accountpulse.core.model.money import is_currency, minor_digits
from accountpulse.core.people import People
from accountpulse.core.trail import Asker
from accountpulse.graphql.accounts.queries import account_now, find_account
from accountpulse.graphql.changes import UserError, asker_of, attempt, given, require_scope, scored_now, user_error
from accountpulse.graphql.context import Context, Info
from accountpulse.graphql.errors import BadInput
from accountpulse.graphql.fields import mutation
from accountpulse.graphql.people.inputs import (
    AboutAccount,
    AddNoteInput,
    AddOutcomeInput,
    AddPulseInput,
    EndOverrideInput,
    EndTargetInput,
    MoneyInput,
    OverrideScoreInput,
    RemoveInput,
    SetTargetInput,
)
from accountpulse.graphql.people.payloads import (
    AboutAccountPayload,
    NotePayload,
    OutcomePayload,
    OverridePayload,
    PulsePayload,
    RemovePayload,
    TargetPayload,
)
from accountpulse.graphql.people.types import Note, Outcome, Pulse, ScoreOverride, Target, entered_id
from accountpulse.graphql.relay import number_of

P = TypeVar("P", bound=AboutAccountPayload)
Input = strawberry.argument(description="What is to be done.")


@strawberry.type
class PeopleMutations:
    @mutation("Publish a score of one's own for an account, for a while, whatever the model says. Needs the scope `write`.")
    async def override_score(self, info: Info, input: Annotated[OverrideScoreInput, Input]) -> OverridePayload:
        def work(people: People, account: str, asker: Asker) -> ScoreOverride:
            made = people.override(
                account,
                input.score,
                owner=given(input.owner),
                reason=input.reason,
                until=input.until,
                asker=asker,
            )
            return ScoreOverride.of(made)

        return await _about(info.context, input, OverridePayload, "override", work, scores=True)

    @mutation("End an account's override before it expires: the model's word is published again. Needs the scope `write`.")
    async def end_override(self, info: Info, input: Annotated[EndOverrideInput, Input]) -> OverridePayload:
        def work(people: People, account: str, asker: Asker) -> ScoreOverride:
            return ScoreOverride.of(people.end_override(account, by=given(input.by), asker=asker))

        return await _about(info.context, input, OverridePayload, "override", work, scores=True)

    @mutation("Promise a score by a day, instead of the account's former target. Needs the scope `write`.")
    async def set_target(self, info: Info, input: Annotated[SetTargetInput, Input]) -> TargetPayload:
        def work(people: People, account: str, asker: Asker) -> Target:
            owner, reason = given(input.owner), given(input.reason)
            return Target.of(people.set_target(account, input.score, due=input.by, owner=owner, reason=reason, asker=asker))

        return await _about(info.context, input, TargetPayload, "target", work)

    @mutation("Give up an account's target. Needs the scope `write`.")
    async def end_target(self, info: Info, input: Annotated[EndTargetInput, Input]) -> TargetPayload:
        def work(people: People, account: str, asker: Asker) -> Target:
            return Target.of(people.end_target(account, by=given(input.by), asker=asker))

        return await _about(info.context, input, TargetPayload, "target", work)

    @mutation("Write a note about an account. Needs the scope `write`.")
    async def add_note(self, info: Info, input: Annotated[AddNoteInput, Input]) -> NotePayload:
        def work(people: People, account: str, asker: Asker) -> Note:
            return Note.of(people.add_note(account, input.text, author=given(input.author), asker=asker))

        return await _about(info.context, input, NotePayload, "note", work)

    @mutation("Judge an account as it is now. Models use it as the metric pulse_latest. Needs the scope `write`.")
    async def add_pulse(self, info: Info, input: Annotated[AddPulseInput, Input]) -> PulsePayload:
        def work(people: People, account: str, asker: Asker) -> Pulse:
            author = given(input.author)
            return Pulse.of(people.enter_pulse(account, input.value, author=author, reason=input.reason, asker=asker))

        return await _about(info.context, input, PulsePayload, "pulse", work, scores=True)

    @mutation("Say what became of an account: audits compare scores with it. Needs the scope `write`.")
    async def add_outcome(self, info: Info, input: Annotated[AddOutcomeInput, Input]) -> OutcomePayload:
        def work(people: People, account: str, asker: Asker) -> Outcome:
            money = given(input.amount)
            amount, currency = (None, info.context.hub.currency) if money is None else _major(money)
            entry = people.enter_outcome(
                account, input.kind.value, at=given(input.at), amount=amount, currency=currency, asker=asker
            )
            return Outcome.of(entry)

        return await _about(info.context, input, OutcomePayload, "outcome", work)

    @mutation("Take a note away. Needs the scope `write`.")
    async def remove_note(self, info: Info, input: Annotated[RemoveInput, Input]) -> RemovePayload:
        def work(people: People, asker: Asker) -> int | None:
            return people.remove_note(number_of(input.id, "Note"), by=given(input.by), asker=asker)

        return await _remove(info.context, input, work, scores=False)

    @mutation("Take back a judgement that somebody entered here. Needs the scope `write`.")
    async def remove_pulse(self, info: Info, input: Annotated[RemoveInput, Input]) -> RemovePayload:
        def work(people: People, asker: Asker) -> int | None:
            return people.remove_entry("pulse", entered_id(input.id, "Pulse"), asker=asker)

        return await _remove(info.context, input, work, scores=True)

    @mutation("Take back an outcome that somebody entered here. Needs the scope `write`.")
    async def remove_outcome(self, info: Info, input: Annotated[RemoveInput, Input]) -> RemovePayload:
        def work(people: People, asker: Asker) -> int | None:
            return people.remove_entry("outcome", entered_id(input.id, "Outcome"), asker=asker)

        return await _remove(info.context, input, work, scores=False)


async def _about(
    context: Context,
    input: AboutAccount,
    payload: type[P],
    name: str,
    work: Callable[[People, str, Asker], object],
    *,
    scores: bool = False,
) -> P:
    """Do something about the account that an input names. name: the payload's field for what that made.

    scores: the account's score may count it, and is made anew.
    """
    require_scope(context, "write")
    asker = asker_of(context, input, given(input.expected_revision))
    try:
        id = await find_account(context, input.account)
    except BadInput as error:
        return payload(user_errors=[user_error(error, "account")])
    if id is None:
        return payload(user_errors=[user_error(NotFound("there is no such account"), "account")])
    made = await attempt(context, lambda: work(context.hub.people, str(id), asker))
    if isinstance(made, UserError):
        return payload(user_errors=[made])
    values: dict[str, Any] = {name: made}
    if scores:
        values["scored"] = await scored_now(context, id)
    return payload(user_errors=[], account=await account_now(context, id), **values)


async def _remove(
    context: Context, input: RemoveInput, work: Callable[[People, Asker], int | None], *, scores: bool
) -> RemovePayload:
    require_scope(context, "write")
    id = await attempt(context, lambda: work(context.hub.people, asker_of(context, input)), field="id")
    if isinstance(id, UserError):
        return RemovePayload(user_errors=[id])
    scored = scores and id is not None and await scored_now(context, id)
    account = None if id is None else await account_now(context, id)
    return RemovePayload(user_errors=[], account=account, removed_id=input.id, scored=scored)


def _major(money: MoneyInput) -> tuple[Decimal, str]:
    if not is_currency(money.currency):
        raise InvalidInput("amount.currency", f"found {money.currency!r}; allowed is an ISO 4217 code such as USD or EUR")
    return Decimal(money.amount).scaleb(-minor_digits(money.currency)), money.currency
