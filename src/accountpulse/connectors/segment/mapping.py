"""Messages of the Segment specification to records and usage events. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from accountpulse.plugins import Account, Contact, UsageEvent

Json = Mapping[str, Any]
KINDS = frozenset({"track", "identify", "group", "page", "screen", "alias"})
MAX_KEY = 200
MOST_SECONDS = 86_400
_ACCOUNT_TRAITS = frozenset(
    {"name", "plan", "industry", "region", "employees", "website", "domain", "createdAt", "lifecycleStage"}
)
_NEVER_CUSTOM = frozenset({"email", "phone", "address", "avatar", "description", "id"})


def message_key(event: Json) -> str:
    """What makes a re-delivery recognisable: the sender's messageId, or a hash of the content without one."""
    given = event.get("messageId")
    if isinstance(given, str) and given and len(given) <= MAX_KEY:
        return given
    content = {name: value for name, value in event.items() if name not in ("sentAt", "writeKey")}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "sha256:" + hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def instant(text: object) -> datetime | None:
    """An ISO 8601 time as an instant, UTC where it names no offset (Segment's rule); None for anything else."""
    if not isinstance(text, str):
        return None
    try:
        at = datetime.fromisoformat(text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def happened_at(event: Json, sent_at: object, received_at: datetime) -> datetime:
    """When it happened by our clock: received - (sent - original) takes a wrong device clock out. Never in the future."""
    original = instant(event.get("originalTimestamp")) or instant(event.get("timestamp"))
    if original is None:
        return received_at
    sent = instant(event.get("sentAt")) or instant(sent_at)
    try:
        at = original if sent is None else received_at - (sent - original)
    except OverflowError:
        return received_at
    return min(at, received_at)


def account_of(event: Json) -> str | None:
    """The account an event belongs to: its own groupId, its context's, or one among its traits."""
    context = _object(event.get("context"))
    traits = _traits(event)
    company = _object(traits.get("company"))
    for found in (event.get("groupId"), context.get("groupId"), traits.get("groupId"), company.get("id")):
        if isinstance(found, (str, int)) and not isinstance(found, bool) and str(found).strip():
            return str(found).strip()
    return None


def user_of(event: Json) -> str | None:
    """Who it was: the user's id, else the anonymous one."""
    found = event.get("userId") or event.get("anonymousId")
    return str(found) if isinstance(found, (str, int)) and str(found) else None


def feature_of(event: Json) -> str | None:
    """The feature an event is about: its name, or the page or screen; None for other kinds."""
    kind = event.get("type")
    properties = _object(event.get("properties"))
    if kind == "track":
        return _text(event.get("event"))
    if kind in ("page", "screen"):
        shown = _object(_object(event.get("context")).get("page"))
        names = (event.get("name"), properties.get("name"), properties.get("path"), shown.get("path"))
        return f"{kind}: {next((name for name in map(_text, names) if name), 'unnamed')}"
    return None


def usage_event(event: Json, account: str, user: str, feature: str, at: datetime) -> UsageEvent:
    """One use of a feature. `properties.seconds` or `properties.duration_seconds` says for how long."""
    properties = _object(event.get("properties"))
    lasted = properties.get("seconds", properties.get("duration_seconds"))
    if not isinstance(lasted, (int, float)) or isinstance(lasted, bool) or not 0 <= lasted <= MOST_SECONDS:
        lasted = 0
    return UsageEvent(account=account, user=user, feature=feature, at=at, seconds=round(lasted))


def account_record(event: Json, key: str) -> Account:
    """A group call as the account it describes; traits that no field takes are its custom attributes."""
    traits = _object(event.get("traits"))
    domains = [_text(traits.get(name)) for name in ("website", "domain")]
    employees = traits.get("employees")
    custom = {
        name: value
        for name, value in sorted(traits.items())
        if name not in _ACCOUNT_TRAITS | _NEVER_CUSTOM and isinstance(value, (str, int, float, bool))
    }
    return Account(
        source_id=key,
        name=_text(traits.get("name")),
        domains=tuple(dict.fromkeys(d for d in domains if d)),
        references=(key,),
        plan=_text(traits.get("plan")),
        industry=_text(traits.get("industry")),
        region=_text(traits.get("region")),
        employees=_whole(employees),
        lifecycle_stage=_text(traits.get("lifecycleStage")),
        created_at=instant(traits.get("createdAt")),
        custom=custom,
    )


def contact_record(event: Json, account: str, at: datetime) -> Contact | None:
    """An identify call as the person it describes; None when it brings no e-mail.

    created_at: the trait `createdAt`; without it, when the call was made.
    """
    traits = _traits(event)
    email = _text(traits.get("email"))
    user = event.get("userId") or email
    if email is None or "@" not in email:
        return None
    spelt = " ".join(part for part in (_text(traits.get("firstName")), _text(traits.get("lastName"))) if part)
    return Contact(
        source_id=str(user),
        account=account,
        email=email,
        name=_text(traits.get("name")) or spelt or None,
        role=_text(traits.get("title")) or _text(traits.get("role")),
        created_at=instant(traits.get("createdAt")) or at,
    )


def _traits(event: Json) -> Json:
    """What is known of the person: an identify call's traits, or those that libraries put into the context."""
    return _object(event.get("traits")) or _object(_object(event.get("context")).get("traits"))


def _object(value: object) -> Json:
    # Senders write what they like into the free parts of a call.
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _whole(value: object) -> int | None:
    if isinstance(value, str) and value.strip().isdigit():
        return int(value)
    return (
        int(value)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value == value and abs(value) < 1e12
        else None
    )
