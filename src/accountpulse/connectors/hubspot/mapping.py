"""HubSpot's companies, contacts, deals and tickets (as the API writes them) -> records. Pure: no I/O, no clock.

Every function takes one object and raises `InvalidRecord` when it can't be understood. An object that is no record of ours (a
contact without a company, say) maps to None.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from zoneinfo import ZoneInfo

from accountpulse.connectors.hubspot.config import DealKind, ProductKind
from accountpulse.connectors.hubspot.values import (
    Row,
    by_word,
    created_at,
    first,
    instant,
    listed,
    minor_units,
    number,
    object_id,
    properties,
    raw_ref,
    text,
    truth,
    whole,
)
from accountpulse.plugins import Account, Contact, Opportunity, Ticket

_PRIORITY: dict[str, Literal[1, 2, 3, 4]] = {"LOW": 1, "MEDIUM": 2, "HIGH": 3, "URGENT": 4}
# What a deal's type or pipeline is called, and what a product is. Read in this order; the first that begins a word decides.
_DEAL_WORDS: tuple[tuple[str, DealKind], ...] = (
    ("renew", "renewal"),
    ("service", "services"),
    ("training", "services"),
    ("onboarding", "services"),
    ("upsell", "upsell"),
    ("upgrade", "upsell"),
    ("cross", "upsell"),
    ("expan", "upsell"),
    ("add on", "upsell"),
)
# HubSpot's own two deal types say less than a deal's lines do.
_BUSINESS_WORDS: tuple[tuple[str, DealKind], ...] = (("new", "new"), ("existing", "upsell"))
_PRODUCT_WORDS: tuple[tuple[str, ProductKind], ...] = (
    ("training", "training"),
    ("workshop", "training"),
    ("service", "services"),
    ("onboarding", "services"),
    ("consult", "services"),
    ("implementation", "services"),
)


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of a pipeline. closed, won: what HubSpot says of it; None where it does not."""

    label: str | None = None
    pipeline: str | None = None
    closed: bool | None = None
    won: bool | None = None


@dataclass(frozen=True, slots=True)
class Around:
    """What belongs to the objects of a page: by object id, its company, its contact and its line items."""

    companies: Mapping[str, str] = field(default_factory=dict)
    contacts: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[str, Sequence[Row]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DealRules:
    """What decides whether a deal is won, and what it is for: see `HubSpotConfig`."""

    kinds: Mapping[str, DealKind] = field(default_factory=dict)
    won: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()
    products: Mapping[str, ProductKind] = field(default_factory=dict)


# --- records ------------------------------------------------------------------------------------------------------------


def company(
    row: Row,
    *,
    fields: Mapping[str, Sequence[str]],
    references: Sequence[str] = (),
    custom: Sequence[str] = (),
    owners: Mapping[str, str],
    zone: ZoneInfo,
) -> Account:
    """A company. `fields` maps an attribute of ours to the properties that may hold it, and the first that is filled wins;
    `owners` maps owner ids to names. The ids of companies that were merged into it are references: others still know it by
    them."""
    source_id = object_id(row)
    known = properties(row)

    def pick(attribute: str) -> object:
        return first(known.get(name) for name in fields.get(attribute, ()))

    sites = (known.get("domain"), *listed(known.get("hs_additional_domains")))
    stated = (text(known.get(name)) for name in references)
    return Account(
        source_id=source_id,
        raw_ref=raw_ref("companies", source_id),
        name=text(known.get("name")),
        domains=tuple(dict.fromkeys(filter(None, map(text, sites)))) or tuple(filter(None, [text(known.get("website"))])),
        references=(*filter(None, stated), *merged_ids(row)),
        owner=owners.get(text(known.get("hubspot_owner_id")) or ""),
        parent=text(known.get("hs_parent_company_id")),
        plan=text(pick("plan")),
        industry=text(pick("industry")),
        region=text(pick("region")),
        employees=whole(pick("employees")),
        lifecycle_stage=text(pick("lifecycle_stage")),
        created_at=created_at(row, source_id, zone),
        customer_since=instant(pick("customer_since"), source_id, zone),
        renewal_at=instant(pick("renewal_at"), source_id, zone),
        churned_at=instant(pick("churned_at"), source_id, zone),
        custom={name: text(known.get(name)) for name in custom},
    )


def contact(row: Row, around: Around, *, zone: ZoneInfo) -> Contact | None:
    """A contact; None when it belongs to no company."""
    source_id = object_id(row)
    known = properties(row)
    account = around.companies.get(source_id)
    if account is None:
        return None
    names = (text(known.get("firstname")), text(known.get("lastname")))
    return Contact(
        source_id=source_id,
        raw_ref=raw_ref("contacts", source_id),
        account=account,
        email=text(known.get("email")),
        name=" ".join(filter(None, names)) or None,
        role=text(known.get("jobtitle")),
        created_at=created_at(row, source_id, zone),
    )


def deal(
    row: Row, around: Around, *, stages: Mapping[str, Stage], rules: DealRules, currency: str, zone: ZoneInfo
) -> Opportunity | None:
    """A deal; None when it belongs to no company. `stages` by stage id; `currency` is used where the deal names none."""
    source_id = object_id(row)
    known = properties(row)
    account = around.companies.get(source_id)
    if account is None:
        return None
    stage_id = text(known.get("dealstage")) or ""
    stage = stages.get(stage_id, Stage())
    currency = (text(known.get("deal_currency_code")) or currency).upper()
    opened_at = created_at(row, source_id, zone)
    closes_at = instant(known.get("closedate"), source_id, zone)
    won = deal_won(row, stage, rules)
    closed_at = closes_at if won is not None else None
    if closed_at is not None and closed_at < opened_at:
        days = (closed_at.astimezone(zone).date(), opened_at.astimezone(zone).date())
        # The close may be stated by its day alone: a deal opened and closed on one day must not close before it opened.
        closed_at = opened_at if days[0] == days[1] else closed_at
    lines = around.lines.get(source_id, ())
    held = held_by(lines, rules, currency, source_id)
    return Opportunity(
        source_id=source_id,
        raw_ref=raw_ref("deals", source_id),
        account=account,
        name=text(known.get("dealname")),
        kind=deal_kind(row, stage, lines, rules),
        stage=stage.label or stage_id or None,
        amount=minor_units(known.get("amount"), currency, source_id),
        services_amount=held["services"] if lines else None,
        training_amount=held["training"] if lines else None,
        currency=currency,
        opened_at=opened_at,
        closes_at=closes_at,
        closed_at=closed_at,
        won=won,
    )


def ticket(row: Row, around: Around, *, stages: Mapping[str, Stage], zone: ZoneInfo) -> Ticket | None:
    """A ticket; None when it belongs to no company. `stages` by stage id.

    HubSpot tells that a ticket was reopened, not how often: `reopened` is 0 or 1.
    """
    source_id = object_id(row)
    known = properties(row)
    account = around.companies.get(source_id)
    if account is None:
        return None
    stage = stages.get(text(known.get("hs_pipeline_stage")) or "", Stage())
    stated = (known.get("hs_last_closed_date"), known.get("closed_date"))
    closed = stage.closed if stage.closed is not None else first(stated) is not None
    solved_at = instant(first((*stated, known.get("hs_lastmodifieddate"), row.get("updatedAt"))), source_id, zone)
    return Ticket(
        source_id=source_id,
        raw_ref=raw_ref("tickets", source_id),
        account=account,
        subject=text(known.get("subject")),
        requester=around.contacts.get(source_id),
        opened_at=created_at(row, source_id, zone),
        first_replied_at=instant(known.get("first_agent_reply_date"), source_id, zone),
        solved_at=solved_at if closed else None,
        reopened=int(text(known.get("hs_ticket_reopened_at")) is not None),
        priority=_PRIORITY.get(str(known.get("hs_ticket_priority")).upper(), 2),
        channel=(text(known.get("source_type")) or "").lower() or None,
        outcome="solved" if closed else None,
    )


# --- what they are ------------------------------------------------------------------------------------------------------


def merged_ids(row: Row) -> tuple[str, ...]:
    """The ids of the objects that were merged into this one; HubSpot lists them nowhere else."""
    own = text(row.get("id"))
    return tuple(each for each in listed(properties(row).get("hs_merged_object_ids")) if each != own)


def deal_won(row: Row, stage: Stage, rules: DealRules) -> bool | None:
    """Whether a deal was won; None while it is open. Configured stages come first, then the stage's marks, then the deal's."""
    known = properties(row)
    names = {text(known.get("dealstage")), stage.label}
    if names & rules.won:
        return True
    if names & rules.lost:
        return False
    if stage.closed is not None:
        return stage.won is True if stage.closed else None
    if truth(known.get("hs_is_closed_won")):
        return True
    return False if truth(known.get("hs_is_closed")) else None


def deal_kind(row: Row, stage: Stage, lines: Sequence[Row], rules: DealRules) -> DealKind:
    """What a deal is for: as configured for its type or pipeline; else by their words, then by its lines, else new business."""
    known = properties(row)
    stated = [text(known.get("dealtype")), stage.pipeline, text(known.get("pipeline"))]
    configured = next((rules.kinds[each] for each in stated if each is not None and each in rules.kinds), None)
    if configured is not None:
        return configured
    for words in (_DEAL_WORDS, _BUSINESS_WORDS):
        for name in stated[:2]:
            found = by_word(name, words)
            if found is not None:
                return found
        if lines and all(product_kind(line, rules) for line in lines):
            return "services"
    return "new"


def product_kind(line: Row, rules: DealRules) -> ProductKind | None:
    """Whether a line item is for services or training: as configured, by its name, or of HubSpot's product type `service`."""
    known = properties(line)
    name = text(known.get("name"))
    for each in (name, text(known.get("hs_sku"))):
        if each is not None and each in rules.products:
            return rules.products[each]
    named = by_word(name, _PRODUCT_WORDS)
    return named or ("services" if str(known.get("hs_product_type")).lower() == "service" else None)


def held_by(lines: Sequence[Row], rules: DealRules, currency: str, source_id: str) -> dict[ProductKind, int]:
    """What a deal's lines come to for services and for training, in minor units."""
    found: dict[ProductKind, int] = {"services": 0, "training": 0}
    for line in lines:
        kind = product_kind(line, rules)
        if kind is not None:
            found[kind] += minor_units(properties(line).get("amount"), currency, source_id) or 0
    return found


def stages_of(pipelines: Sequence[Row]) -> dict[str, Stage]:
    """The stages of all pipelines, by id. A stage's id is unique in an account; archived pipelines are still on old deals."""
    found: dict[str, Stage] = {}
    for pipeline in pipelines:
        for each in pipeline.get("stages") or ():
            about = each.get("metadata") or {}
            state = str(about.get("ticketState") or "").upper()
            closed = truth(about.get("isClosed"))
            probability = number(about.get("probability"))
            found[str(each.get("id"))] = Stage(
                label=text(each.get("label")),
                pipeline=text(pipeline.get("label")),
                closed=state == "CLOSED" if closed is None and state else closed,
                won=probability >= 1 if probability is not None else None,
            )
    return found
