"""The unified account model: the records that connectors yield.

This is the only place where a record type is declared. The store's tables, the columns that metrics may name, and the
documentation are derived from these classes. All times are aware UTC datetimes; money is integer minor units (cents) with an
ISO 4217 currency. `account` is always the *source's* own key of the account, never AccountPulse's: see `core.identity`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Literal

from accountpulse.core.model.fields import (
    LIFECYCLE,
    MONEY,
    PERSONAL,
    PLANNED,
    UNDATED,
    DatedBy,
    Event,
    EventDay,
    Lifecycle,
    Planned,
)

CustomValue = str | int | float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What every record has.

    source_id: the vendor's own id, unique within connection and record type, never empty.
    raw_ref: where the vendor keeps the original (an API path or a link), so that a person can look it up.
    """

    source_id: str
    raw_ref: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account(Record):
    """A company, as one source knows it. `source_id` is the key that the source's other records carry as `account`.

    name: as the source spells it.
    domains: web domains the company owns, as written by the source; evidence for linking.
    emails: addresses of the company's people known to the source; weaker evidence for linking.
    references: ids that *other* systems gave this company (a CRM id in billing metadata); the strongest evidence.
    owner: name or e-mail of the person responsible in our company.
    parent: the source's key of the parent account.
    plan, industry, region, lifecycle_stage: segment attributes, in the source's words.
    employees: head count.
    created_at: when the source created the account.
    customer_since: first day as a paying customer. renewal_at: next contract renewal. churned_at: end of the last contract.
    custom: further attributes by name, usable in segment rules.
    """

    name: Annotated[str | None, UNDATED] = None
    domains: Annotated[tuple[str, ...], UNDATED] = ()
    emails: Annotated[tuple[str, ...], UNDATED, PERSONAL] = ()
    references: Annotated[tuple[str, ...], UNDATED] = ()
    owner: Annotated[str | None, UNDATED] = None
    parent: Annotated[str | None, UNDATED] = None
    plan: Annotated[str | None, UNDATED] = None
    industry: Annotated[str | None, UNDATED] = None
    region: Annotated[str | None, UNDATED] = None
    employees: Annotated[int | None, UNDATED] = None
    lifecycle_stage: Annotated[str | None, UNDATED] = None
    created_at: datetime | None = None
    customer_since: Annotated[datetime | None, PLANNED] = None
    renewal_at: Annotated[datetime | None, UNDATED] = None
    churned_at: Annotated[datetime | None, LIFECYCLE] = None
    custom: Annotated[Mapping[str, CustomValue], UNDATED] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact(Record):
    """A person at an account.

    email, name: as the source has them. role: job title. active: false once the person left or was deactivated.
    """

    account: str
    email: Annotated[str | None, UNDATED, PERSONAL] = None
    name: Annotated[str | None, UNDATED, PERSONAL] = None
    role: Annotated[str | None, UNDATED] = None
    active: Annotated[bool, UNDATED] = True
    created_at: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription(Record):
    """A running or ended contract for recurring service.

    status: trialing / active / past_due / paused / unpaid / canceled. seats: licences bought.
    mrr: monthly recurring revenue now, in minor units of `currency`; its history is in `SubscriptionChange`.
    """

    account: str
    plan: Annotated[str | None, UNDATED] = None
    status: Annotated[Literal["trialing", "active", "past_due", "paused", "unpaid", "canceled"], UNDATED]
    seats: Annotated[int | None, UNDATED] = None
    mrr: Annotated[int, UNDATED, MONEY] = 0
    currency: str
    started_at: Event
    trial_ends_at: Planned = None
    renews_at: Annotated[datetime | None, UNDATED] = None
    ended_at: Lifecycle = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionChange(Record):
    """A dated movement of monthly recurring revenue.

    kind: new / expansion / contraction / churn / reactivation. mrr_delta: the movement, signed, in minor units of `currency`;
    the sum of all movements up to an instant is the MRR at that instant. subscription: its source id.
    """

    account: str
    subscription: str
    kind: Literal["new", "expansion", "contraction", "churn", "reactivation"]
    at: Event
    mrr_delta: Annotated[int, MONEY]
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice(Record):
    """A bill. Drafts are not records.

    amount: total due in minor units of `currency`. services_amount, training_amount: the parts of it for services (onboarding,
    consulting) and for training.
    attempts: failed or successful attempts to collect. paid_at, voided_at: null until it happens; an uncollectible invoice
    stays unpaid.
    """

    account: str
    number: str | None = None
    issued_at: Event
    due_at: Planned = None
    paid_at: Lifecycle = None
    voided_at: Lifecycle = None
    amount: Annotated[int, MONEY]
    services_amount: Annotated[int, MONEY] = 0
    training_amount: Annotated[int, MONEY] = 0
    currency: str
    attempts: Annotated[int, UNDATED] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentIssue(Record):
    """A payment that failed or was taken back.

    kind: failed (an attempt to collect was declined) / refunded (money was given back) / credited (a paid bill was reduced, the
    difference kept as a balance or settled elsewhere) / disputed (the customer's bank claims the money back: a chargeback).
    at: when that happened. amount: what it is about, never negative, in minor units of `currency`. reason: in the source's
    word.
    """

    account: str
    kind: Literal["failed", "refunded", "credited", "disputed"]
    at: Event
    amount: Annotated[int, UNDATED, MONEY]
    currency: str
    reason: Annotated[str | None, UNDATED] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket(Record):
    """A support request.

    priority: 1 low, 2 normal, 3 high, 4 urgent. channel: e-mail, web, chat, phone ... in the source's word.
    first_replied_at: first public answer of an agent. solved_at: last time it was solved. reopened: how often it came back.
    outcome: solved / closed / merged / deleted, null while open.
    """

    account: str
    subject: Annotated[str | None, UNDATED] = None
    requester: Annotated[str | None, UNDATED, PERSONAL] = None
    opened_at: Event
    first_replied_at: Lifecycle = None
    solved_at: Lifecycle = None
    reopened: Annotated[int, UNDATED] = 0
    priority: Annotated[Literal[1, 2, 3, 4], UNDATED] = 2
    channel: str | None = None
    outcome: Annotated[Literal["solved", "closed", "merged", "deleted"] | None, DatedBy("solved_at")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyResponse(Record):
    """An answer to a survey.

    kind: nps (0-10) / csat / ces / custom. score: the answer on the source's own scale. scale_min, scale_max: that scale.
    """

    account: str
    kind: Literal["nps", "csat", "ces", "custom"]
    score: float
    scale_min: float
    scale_max: float
    comment: str | None = None
    respondent: Annotated[str | None, PERSONAL] = None
    responded_at: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageDay(Record):
    """What one user did with one feature on one day: a daily roll-up; raw events are never stored.

    day: calendar day in the store's time zone. count: how many times. seconds: how long, where known.
    """

    account: str
    user: Annotated[str, PERSONAL]
    feature: str
    day: EventDay
    count: int
    seconds: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Opportunity(Record):
    """A deal in the CRM.

    kind: new / renewal / upsell / services. stage: in the CRM's words. amount: minor units of `currency`.
    services_amount, training_amount: the parts of it for services and for training, null where its lines are not known.
    won: true or false once closed, null while open.
    """

    account: str
    name: Annotated[str | None, UNDATED] = None
    kind: Annotated[Literal["new", "renewal", "upsell", "services"], UNDATED]
    stage: Annotated[str | None, UNDATED] = None
    amount: Annotated[int | None, UNDATED, MONEY] = None
    services_amount: Annotated[int | None, UNDATED, MONEY] = None
    training_amount: Annotated[int | None, UNDATED, MONEY] = None
    currency: str
    opened_at: Event
    closes_at: Annotated[datetime | None, UNDATED] = None
    closed_at: Lifecycle = None
    won: Annotated[bool | None, DatedBy("closed_at")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpportunityChange(Record):
    """A dated change of a deal, as the CRM's field history keeps it.

    opportunity: its source id. kind: stage / amount / close_date: what was changed. before, after: in the source's words, null
    where the field was empty. days: how much later a deal is to close, negative for earlier. amount_delta: how much more it is
    worth, in minor units of `currency`; both null where either end is empty, and for changes of another kind.
    """

    account: str
    opportunity: str
    kind: Literal["stage", "amount", "close_date"]
    at: Event
    before: str | None = None
    after: str | None = None
    days: int | None = None
    amount_delta: Annotated[int | None, MONEY] = None
    currency: str


ActivityKind = Literal[
    "meeting",
    "call",
    "email",
    "training",
    "webinar",
    "community",
    "onboarding_step",
    "onboarding_completed",
    "integration_connected",
    "user_invited",
    "survey_sent",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity(Record):
    """Something that our people and theirs did together, or a step they took.

    kind: meeting / call / email / training / webinar / community / onboarding_step / onboarding_completed /
    integration_connected / user_invited (they invited a user) / survey_sent (we asked one person).
    direction: inbound (they came to us) / outbound / null where it has no meaning.
    """

    account: str
    kind: ActivityKind
    direction: Literal["inbound", "outbound"] | None = None
    at: Event
    subject: Annotated[str | None, UNDATED] = None
    contact: Annotated[str | None, PERSONAL] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse(Record):
    """A customer-success manager's own judgement: a fact marked subjective.

    value: 0 (about to leave) to 100 (delighted). author: who says so. reason: why.
    """

    account: str
    value: float
    author: str
    reason: str
    at: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome(Record):
    """What became of an account: what audits compare scores with.

    kind: renewed / churned / contracted / expanded. amount: the MRR concerned, in minor units of `currency`. author: who says
    so.
    """

    account: str
    kind: Literal["renewed", "churned", "contracted", "expanded"]
    at: Event
    amount: Annotated[int | None, MONEY] = None
    currency: str | None = None
    author: str | None = None


RECORD_TYPES: tuple[type[Record], ...] = (
    Account,
    Contact,
    Subscription,
    SubscriptionChange,
    Invoice,
    PaymentIssue,
    Ticket,
    SurveyResponse,
    UsageDay,
    Opportunity,
    OpportunityChange,
    Activity,
    Pulse,
    Outcome,
)
