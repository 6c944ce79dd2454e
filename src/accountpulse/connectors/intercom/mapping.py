"""Intercom objects (as the API writes them) -> records. Pure: no I/O, no clock.

Every function takes one object and raises `InvalidRecord` when it can't be understood. An object that is no record of ours (a
conversation that nobody at a company began or answered) maps to None.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from accountpulse.plugins import Account, Contact, InvalidRecord, SurveyResponse, Ticket

Json = Mapping[str, Any]
RATING_SCALE = (1.0, 5.0)  # the five faces
_TAG = re.compile(r"<[^>]*>")
_RESOLVED_BY_AI = frozenset({"confirmed_resolution", "assumed_resolution"})


# --- records ------------------------------------------------------------------------------------------------------------


def account(found: Json) -> Account:
    """A company. `company_id` is the id that the customer's own systems gave it: explicit evidence of identity."""
    source_id = object_id(found)
    own = text(found.get("company_id"))
    website = text(found.get("website"))
    size = found.get("size")
    attributes = _object(found.get("custom_attributes"))
    custom = {str(name): value for name, value in attributes.items() if value is None or _scalar(value)}
    spend = found.get("monthly_spend")
    return Account(
        source_id=source_id,
        raw_ref=f"/companies/{source_id}",
        name=text(found.get("name")),
        domains=(website,) if website is not None else (),
        references=(own,) if own is not None else (),
        plan=text(_object(found.get("plan")).get("name")),
        industry=text(found.get("industry")),
        employees=size if isinstance(size, int) and not isinstance(size, bool) and size > 0 else None,
        created_at=instant(found.get("created_at"), source_id),
        custom=custom if spend is None or not _scalar(spend) else {"monthly_spend": spend, **custom},
    )


def contact(found: Json) -> Contact | None:
    """A user or lead of exactly one company; None of none, of several (nobody says which one counts) and of archived ones.

    Intercom knows nobody's job title: its `role` is user or lead.
    """
    source_id = object_id(found)
    company = sole_company(found)
    if company is None or found.get("archived") is True:
        return None
    return Contact(
        source_id=source_id,
        raw_ref=f"/contacts/{source_id}",
        account=company,
        email=text(found.get("email")),
        name=text(found.get("name")),
        created_at=required(found, "created_at", source_id),
    )


def ticket(found: Json, company: str) -> Ticket | None:
    """A conversation of a company; None of what we sent and nobody there answered (a campaign is no request for help).

    opened_at: when the customer began it; of one that we began, when the customer first wrote. first_replied_at: Intercom's
    first_admin_reply_at, an instant; its time_to_admin_reply leaves out the hours outside office hours. solved_at: the last
    close, only while it is closed. outcome: a closed conversation is `solved` if an agent, or to its own knowledge Intercom's
    AI agent, answered it, else `closed`. priority: 3 where it is marked as a priority, else 2: Intercom knows no others.
    """
    source_id = object_id(found)
    statistics = _object(found.get("statistics"))
    source = _object(found.get("source"))
    opened_at = required(found, "created_at", source_id)
    if source.get("delivered_as", "customer_initiated") != "customer_initiated":
        wrote = _first_contact_reply(found, statistics, source_id)
        if wrote is None:
            return None
        opened_at = wrote
    replied_at = instant(statistics.get("first_admin_reply_at"), source_id)
    closed = found.get("state") == "closed"
    answered = replied_at is not None or _object(found.get("ai_agent")).get("resolution_state") in _RESOLVED_BY_AI
    return Ticket(
        source_id=source_id,
        raw_ref=f"/conversations/{source_id}",
        account=company,
        subject=text(found.get("title")) or _plain(source.get("subject")),
        requester=requester(found),
        opened_at=opened_at,
        first_replied_at=replied_at,
        solved_at=_closed_at(found, statistics, source_id) if closed else None,
        reopened=_count(statistics.get("count_reopens")),
        priority=3 if found.get("priority") == "priority" else 2,
        channel=text(source.get("type")),
        outcome=("solved" if answered else "closed") if closed else None,
    )


def survey_response(found: Json, company: str) -> SurveyResponse | None:
    """The rating of a conversation, 1 to 5, under the conversation's id; None while it is only asked for."""
    source_id = object_id(found)
    rated = _object(found.get("conversation_rating"))
    rating = rated.get("rating")
    if rating is None:
        return None
    low, high = RATING_SCALE
    if isinstance(rating, bool) or not isinstance(rating, (int, float)) or not low <= rating <= high:
        raise InvalidRecord(source_id, f"the rating {str(rating)[:40]!r} is not a number from {low:g} to {high:g}")
    asked = instant(rated.get("created_at"), source_id)
    at = instant(rated.get("updated_at"), source_id) or asked
    if at is None:
        raise InvalidRecord(source_id, "the rating has no time: both its updated_at and its created_at are empty")
    return SurveyResponse(
        source_id=source_id,
        raw_ref=f"/conversations/{source_id}",
        account=company,
        kind="csat",
        score=float(rating),
        scale_min=low,
        scale_max=high,
        comment=text(rated.get("remark")),
        respondent=text(_object(rated.get("contact")).get("id")) or requester(found),
        responded_at=at,
    )


# --- whose it is --------------------------------------------------------------------------------------------------------


def sole_company(found: Json) -> str | None:
    """The company of a contact that has exactly one."""
    companies = _object(found.get("companies"))
    ids = {text(each.get("id")) for each in _objects(companies.get("data"))} - {None}
    total = companies.get("total_count")
    more = companies.get("has_more") is True or (isinstance(total, int) and total > 1)
    return next(iter(ids)) if len(ids) == 1 and not more else None


def company(found: Json) -> str | None:
    """The company that Intercom itself filed a conversation under, if it did."""
    return text(found.get("company_id"))


def requester(found: Json) -> str | None:
    """The contact who began a conversation; of a group, the first."""
    people = _objects(_object(found.get("contacts")).get("contacts"))
    return next((identifier for each in people if (identifier := text(each.get("id"))) is not None), None)


# --- values -------------------------------------------------------------------------------------------------------------


def object_id(found: Json) -> str:
    """The object's id. Raises InvalidRecord without one."""
    identifier = text(found.get("id"))
    if identifier is None:
        raise InvalidRecord("(unknown)", "the object has no id")
    return identifier


def text(value: object) -> str | None:
    """A text that is not empty; ids may be numbers. None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return None
    return str(value).strip() or None


def instant(value: object, source_id: str) -> datetime | None:
    """An Intercom time: whole seconds since 1970, UTC. Raises InvalidRecord."""
    if value is None:
        return None
    try:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ValueError
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        raise InvalidRecord(source_id, f"{str(value)[:40]!r} is not a time in seconds since 1970") from None


def required(found: Json, name: str, source_id: str) -> datetime:
    """The instant in a field that must be filled. Raises InvalidRecord."""
    at = instant(found.get(name), source_id)
    if at is None:
        raise InvalidRecord(source_id, f"{name} is empty")
    return at


def _first_contact_reply(found: Json, statistics: Json, source_id: str) -> datetime | None:
    reply = _object(found.get("first_contact_reply"))
    return instant(statistics.get("first_contact_reply_at"), source_id) or instant(reply.get("created_at"), source_id)


def _closed_at(found: Json, statistics: Json, source_id: str) -> datetime | None:
    """When it was last closed; of one closed before its statistics knew, when it last changed."""
    return instant(statistics.get("last_close_at"), source_id) or instant(found.get("updated_at"), source_id)


def _object(value: object) -> Json:
    return value if isinstance(value, Mapping) else {}


def _objects(value: object) -> list[Json]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _scalar(value: object) -> bool:
    return isinstance(value, (str, int, float, bool))


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0


def _plain(value: object) -> str | None:
    """The subject of an e-mail, which Intercom wraps in a paragraph of HTML."""
    found = text(value)
    return text(_TAG.sub("", found)) if found is not None else None
