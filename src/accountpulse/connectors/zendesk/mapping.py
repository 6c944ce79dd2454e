"""Zendesk objects (as the API writes them) -> records. Pure: no I/O, no clock.

Every function takes one object and raises `InvalidRecord` when it can't be understood. An object that is deleted, or no record
of ours (a ticket without an organization, an agent), maps to None.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from accountpulse.plugins import Account, Contact, InvalidRecord, SurveyResponse, Ticket

Json = Mapping[str, Any]
Outcome = Literal["solved", "closed", "merged", "deleted"]

_PRIORITY: dict[str, Literal[1, 2, 3, 4]] = {"low": 1, "normal": 2, "high": 3, "urgent": 4}
_REPLIED = (("reply_time_in_seconds", timedelta(seconds=1)), ("reply_time_in_minutes", timedelta(minutes=1)))
_SCORE = {"good": 1.0, "bad": 0.0}


# --- records ------------------------------------------------------------------------------------------------------------


def account(found: Json) -> Account | None:
    """An organization; None once it is deleted. `external_id` is filled by other systems (the Salesforce integration writes the
    account id there): explicit evidence of identity."""
    source_id = object_id(found)
    if found.get("deleted_at"):
        return None
    custom = _object(found.get("organization_fields"))
    external = text(found.get("external_id"))
    return Account(
        source_id=source_id,
        raw_ref=raw_ref("organizations", source_id),
        name=text(found.get("name")),
        domains=tuple(str(each) for each in found.get("domain_names") or () if each),
        references=(external,) if external is not None else (),
        created_at=instant(found.get("created_at"), source_id),
        custom={
            str(name): value for name, value in custom.items() if value is None or isinstance(value, (str, int, float, bool))
        },
    )


def contact(found: Json) -> Contact | None:
    """An end user with an organization; None for agents, for people without one and for those deleted for good.

    A deleted user stays, inactive; a suspended one is inactive too. Zendesk knows nobody's job title.
    """
    source_id = object_id(found)
    organization = text(found.get("organization_id"))
    if organization is None or found.get("role", "end-user") != "end-user" or found.get("permanently_deleted") is True:
        return None
    return Contact(
        source_id=source_id,
        raw_ref=raw_ref("users", source_id),
        account=organization,
        email=text(found.get("email")),
        name=text(found.get("name")),
        active=found.get("active") is not False and found.get("suspended") is not True,
        created_at=required(found, "created_at", source_id),
    )


def ticket(found: Json) -> Ticket | None:
    """A ticket with its side-loaded `metric_set`; None when it is deleted or has no organization.

    first_replied_at is created_at plus the calendar minutes to the first reply (seconds, for messaging tickets): Zendesk states
    no instant. solved_at counts only while the ticket is solved (a reopened one keeps the old stamp in its metrics); of one
    closed without being solved, such as the loser of a merge, it is when its status last changed.
    """
    source_id = object_id(found)
    organization = text(found.get("organization_id"))
    if organization is None or found.get("status") == "deleted":
        return None
    metrics = _object(found.get("metric_set"))
    opened_at = required(found, "created_at", source_id)
    done = outcome(found)
    solved = metrics.get("solved_at") or metrics.get("status_updated_at") or found.get("updated_at")
    return Ticket(
        source_id=source_id,
        raw_ref=raw_ref("tickets", source_id),
        account=organization,
        subject=text(found.get("subject")),
        requester=text(found.get("requester_id")),
        opened_at=opened_at,
        first_replied_at=first_reply(metrics, opened_at),
        solved_at=instant(solved, source_id) if done is not None else None,
        reopened=count(metrics.get("reopens")),
        priority=_PRIORITY.get(str(found.get("priority")).lower(), 2),
        channel=text(_object(found.get("via")).get("channel")),
        outcome=done,
    )


def survey_response(found: Json, organization: str) -> SurveyResponse | None:
    """A satisfaction rating of a ticket of `organization`, on the scale 0 (bad) to 1 (good); None while it is only offered."""
    source_id = object_id(found)
    score = _SCORE.get(str(found.get("score")))
    if score is None:
        return None
    responded_at = instant(found.get("updated_at"), source_id) or required(found, "created_at", source_id)
    return SurveyResponse(
        source_id=source_id,
        raw_ref=raw_ref("satisfaction_ratings", source_id),
        account=organization,
        kind="csat",
        score=score,
        scale_min=0.0,
        scale_max=1.0,
        comment=text(found.get("comment")),
        respondent=text(found.get("requester_id")),
        responded_at=responded_at,
    )


# --- values -------------------------------------------------------------------------------------------------------------


def object_id(found: Json) -> str:
    """The object's id. Raises InvalidRecord without one."""
    identifier = text(found.get("id"))
    if identifier is None:
        raise InvalidRecord("(unknown)", "the object has no id")
    return identifier


def raw_ref(collection: str, source_id: str) -> str:
    """Where the original is, as an API path."""
    return f"/api/v2/{collection}/{source_id}.json"


def outcome(found: Json) -> Outcome | None:
    """What became of a ticket: null while open. The loser of a merge is closed and tagged closed_by_merge."""
    status = found.get("status")
    if status == "closed" and "closed_by_merge" in (found.get("tags") or ()):
        return "merged"
    return "solved" if status == "solved" else "closed" if status == "closed" else None


def first_reply(metrics: Json, opened_at: datetime) -> datetime | None:
    """When an agent first answered; None before that."""
    for name, unit in _REPLIED:
        taken = _object(metrics.get(name)).get("calendar")
        if isinstance(taken, (int, float)) and not isinstance(taken, bool) and 0 <= taken < 1e9:
            try:
                return opened_at + taken * unit
            except OverflowError:
                return None  # beyond the calendar: no reply that anybody can have given
    return None


def _object(value: object) -> Json:
    """A JSON object, empty where there is none."""
    return value if isinstance(value, dict) else {}


def text(value: object) -> str | None:
    """A non-empty string, or None. Ids are numbers in JSON and text for us."""
    return (str(value).strip() or None) if value is not None else None


def count(value: object) -> int:
    """A number of times, 0 where there is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0


def instant(value: object, source_id: str) -> datetime | None:
    """A Zendesk time (ISO 8601, UTC). Raises InvalidRecord."""
    if value in (None, ""):
        return None
    try:
        found = datetime.fromisoformat(str(value))
        if found.tzinfo is None:
            raise ValueError("no time zone")
        return found if found.tzinfo is UTC else found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidRecord(source_id, f"{str(value)[:40]!r} is not an ISO 8601 time with an offset") from error


def required(found: Json, name: str, source_id: str) -> datetime:
    """The instant in a field that must be filled. Raises InvalidRecord."""
    at = instant(found.get(name), source_id)
    if at is None:
        raise InvalidRecord(source_id, f"{name} is empty")
    return at
