"""The records that sources bring, in GraphQL: as they are known now, one type for each record type of the account model."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
import strawberry

from accountpulse.graphql.fields import column
from accountpulse.graphql.scalars import BigInt, Money


def money(name: str, description: str) -> Any:
    """Declare a field that is an amount in the currency of the record."""

    def read(self: Any) -> Money:
        return Money(amount=BigInt(getattr(self.row, name)), currency=self.row.currency)

    return strawberry.field(resolver=read, description=description)


def money_or_null(name: str, description: str) -> Any:
    """Declare a field that is an amount in the currency of the record, or unknown."""

    def read(self: Any) -> Money | None:
        amount = getattr(self.row, name)
        return None if amount is None else Money(amount=BigInt(amount), currency=self.row.currency)

    return strawberry.field(resolver=read, description=description)


@strawberry.interface(description="Something that a source tells about an account, as it is known now.")
class SourceRecord:
    """Reads a row of `core.store.records`."""

    source_id: str = column("source_id", "The source's own id of it.")
    connection: str = column("connection", "The name of the connection that brings it.")
    raw_ref: str | None = column("raw_ref", "Where the source keeps the original: a path of its API, or a link.")
    known_since: datetime = column("known_from", "Since when it has been known as it is here.")
    row: strawberry.Private[sa.Row[Any]]


@strawberry.type(description="A person at an account.")
class ContactRecord(SourceRecord):
    email: str | None = column("email", "Address, as the source has it.")
    name: str | None = column("name", "Name, as the source has it.")
    role: str | None = column("role", "Job title.")
    active: bool = column("active", "False once the person left, or was deactivated.")
    created_at: datetime = column("created_at", "When the source created the contact.")


@strawberry.type(description="A running or ended contract for recurring service.")
class SubscriptionRecord(SourceRecord):
    plan: str | None = column("plan", "The plan, in the source's words.")
    status: str = column("status", "trialing, active, past_due, paused, unpaid or canceled.")
    seats: int | None = column("seats", "Licences bought.")
    started_at: datetime = column("started_at", "When it began.")
    trial_ends_at: datetime | None = column("trial_ends_at", "When its trial ends, where it has one.")
    renews_at: datetime | None = column("renews_at", "When it is renewed next.")
    ended_at: datetime | None = column("ended_at", "When it ended; null while it runs.")
    mrr: Money = money("mrr", "Monthly recurring revenue now.")


@strawberry.type(description="A dated movement of monthly recurring revenue.")
class SubscriptionChangeRecord(SourceRecord):
    subscription: str = column("subscription", "The source's id of the contract.")
    kind: str = column("kind", "new, expansion, contraction, churn or reactivation.")
    at: datetime = column("at", "When it took effect.")
    mrr_delta: Money = money("mrr_delta", "The movement, negative for less.")


@strawberry.type(description="A bill. Drafts are not among them.")
class InvoiceRecord(SourceRecord):
    number: str | None = column("number", "Its number.")
    issued_at: datetime = column("issued_at", "When it was issued.")
    due_at: datetime | None = column("due_at", "When it is due.")
    paid_at: datetime | None = column("paid_at", "When it was paid in full; null until then.")
    voided_at: datetime | None = column("voided_at", "When it was voided; null unless it was.")
    attempts: int = column("attempts", "How often it was tried to collect it.")
    amount: Money = money("amount", "The total due.")
    services_amount: Money = money("services_amount", "The part of it for services such as onboarding.")
    training_amount: Money = money("training_amount", "The part of it for training.")


@strawberry.type(description="A payment that failed, or was taken back.")
class PaymentIssueRecord(SourceRecord):
    kind: str = column("kind", "failed, refunded, credited or disputed.")
    at: datetime = column("at", "When that happened.")
    reason: str | None = column("reason", "Why, in the source's word.")
    amount: Money = money("amount", "What it is about.")


@strawberry.type(description="A support request.")
class TicketRecord(SourceRecord):
    subject: str | None = column("subject", "What it is about.")
    requester: str | None = column("requester", "Who asked.")
    opened_at: datetime = column("opened_at", "When it was opened.")
    first_replied_at: datetime | None = column("first_replied_at", "When an agent first answered in public.")
    solved_at: datetime | None = column("solved_at", "When it was solved last; null while it is open.")
    reopened: int = column("reopened", "How often it came back.")
    priority: int = column("priority", "1 low, 2 normal, 3 high, 4 urgent.")
    channel: str | None = column("channel", "How it came in, in the source's word.")
    outcome: str | None = column("outcome", "solved, closed, merged or deleted; null while it is open.")


@strawberry.type(description="An answer to a survey.")
class SurveyResponseRecord(SourceRecord):
    kind: str = column("kind", "nps, csat, ces or custom.")
    score: float = column("score", "The answer, on the source's own scale.")
    scale_min: float = column("scale_min", "The lowest answer possible.")
    scale_max: float = column("scale_max", "The highest answer possible.")
    comment: str | None = column("comment", "What was written besides.")
    respondent: str | None = column("respondent", "Who answered.")
    responded_at: datetime = column("responded_at", "When.")


@strawberry.type(description="What one user did with one feature on one day.")
class UsageDayRecord(SourceRecord):
    user: str = column("user", "The user, as the product names them.")
    feature: str = column("feature", "The feature.")
    day: date = column("day", "The day, in the store's time zone.")
    count: BigInt = column("count", "How many times.")
    seconds: BigInt = column("seconds", "How long, in seconds; 0 where that is not known.")


@strawberry.type(description="A deal in the CRM.")
class OpportunityRecord(SourceRecord):
    name: str | None = column("name", "What it is called.")
    kind: str = column("kind", "new, renewal, upsell or services.")
    stage: str | None = column("stage", "Its stage, in the CRM's words.")
    opened_at: datetime = column("opened_at", "When it was opened.")
    closes_at: datetime | None = column("closes_at", "When it is expected to close.")
    closed_at: datetime | None = column("closed_at", "When it was closed; null while it is open.")
    won: bool | None = column("won", "Whether it was won; null while it is open.")
    amount: Money | None = money_or_null("amount", "What it is worth.")


@strawberry.type(description="A dated change of a deal.")
class OpportunityChangeRecord(SourceRecord):
    opportunity: str = column("opportunity", "The source's id of the deal.")
    kind: str = column("kind", "What was changed: stage, amount or close_date.")
    at: datetime = column("at", "When.")
    before: str | None = column("before", "What it was, in the source's words.")
    after: str | None = column("after", "What it became, in the source's words.")
    days: int | None = column("days", "How many days later it is to close; negative for earlier.")
    amount_delta: Money | None = money_or_null("amount_delta", "How much more it is worth.")


@strawberry.type(description="Something that our people and theirs did together, or a step they took.")
class ActivityRecord(SourceRecord):
    kind: str = column(
        "kind",
        "meeting, call, email, training, webinar, community, onboarding_step, onboarding_completed, "
        "integration_connected, user_invited or survey_sent.",
    )
    direction: str | None = column("direction", "inbound where they came to us, outbound, or null where it has no meaning.")
    at: datetime = column("at", "When.")
    subject: str | None = column("subject", "What it was about.")
    contact: str | None = column("contact", "With whom.")


@strawberry.type(description="A judgement of a person in our company.")
class PulseRecord(SourceRecord):
    value: float = column("value", "0, about to leave, to 100, delighted.")
    author: str = column("author", "Who says so.")
    reason: str = column("reason", "Why.")
    at: datetime = column("at", "When it was so.")


RECORDS: dict[str, type[SourceRecord]] = {
    "contact": ContactRecord,
    "subscription": SubscriptionRecord,
    "subscription_change": SubscriptionChangeRecord,
    "invoice": InvoiceRecord,
    "payment_issue": PaymentIssueRecord,
    "ticket": TicketRecord,
    "survey_response": SurveyResponseRecord,
    "usage_day": UsageDayRecord,
    "opportunity": OpportunityRecord,
    "opportunity_change": OpportunityChangeRecord,
    "activity": ActivityRecord,
    "pulse": PulseRecord,
}
"""By the name of the record type."""
