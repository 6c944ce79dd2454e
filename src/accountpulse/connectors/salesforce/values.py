"""Salesforce's ids, times, amounts and free text -> ours. Pure: no I/O, no clock."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, TypeVar
from zoneinfo import ZoneInfo

from accountpulse.plugins import ActivityKind, InvalidRecord, minor_digits

Row = Mapping[str, Any]
OpportunityKind = Literal["new", "renewal", "upsell", "services"]
ProductKind = Literal["licence", "services", "training", "other"]

# Read in this order; the first of these that begins a word of the vendor's text decides.
_OPPORTUNITY_WORDS: tuple[tuple[str, OpportunityKind], ...] = (
    ("renew", "renewal"),
    ("service", "services"),
    ("training", "services"),
    ("upsell", "upsell"),
    ("upgrade", "upsell"),
    ("cross", "upsell"),
    ("expan", "upsell"),
    ("add-on", "upsell"),
    ("add on", "upsell"),
    ("existing", "upsell"),
)
_ACTIVITY_WORDS: tuple[tuple[str, ActivityKind], ...] = (
    ("onboarding completed", "onboarding_completed"),
    ("go-live", "onboarding_completed"),
    ("go live", "onboarding_completed"),
    ("training", "training"),
    ("webinar", "webinar"),
    ("survey sent", "survey_sent"),
    ("onboarding", "onboarding_step"),
    ("kick-off", "onboarding_step"),
    ("kickoff", "onboarding_step"),
    ("community", "community"),
    ("call", "call"),
    ("email", "email"),
    ("mail", "email"),
    ("listemail", "email"),
    ("meeting", "meeting"),
    ("demo", "meeting"),
)
# Licences first: "Customer service licence" and "Software as a service" are no services.
_PRODUCT_WORDS: tuple[tuple[str, ProductKind], ...] = (
    ("licen", "licence"),
    ("subscription", "licence"),
    ("seat", "licence"),
    ("software", "licence"),
    ("training", "training"),
    ("course", "training"),
    ("certification", "training"),
    ("service", "services"),
    ("consult", "services"),
    ("implementation", "services"),
    ("onboarding", "services"),
    ("professional", "services"),
)
_CHECKSUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"

K = TypeVar("K", bound=str)


def record_id(row: Row) -> str:
    """The row's id in its 18-character form. Raises InvalidRecord without one."""
    found = text(row.get("Id"))
    if found is None:
        raise InvalidRecord("(unknown)", "the row has no Id")
    return long_id(found)


def reference(value: object) -> str | None:
    """The id in a reference field, in its 18-character form; None where it is empty."""
    found = text(value)
    return long_id(found) if found is not None else None


def long_id(identifier: str) -> str:
    """The 18-character form of a Salesforce id. The 15-character form is case-sensitive and names the same record; the three
    characters that are added encode which letters are upper case. Anything else is returned as it is."""
    if not re.fullmatch(r"[0-9A-Za-z]{15}", identifier):
        return identifier
    return identifier + "".join(
        _CHECKSUM[sum(1 << bit for bit, character in enumerate(identifier[start : start + 5]) if "A" <= character <= "Z")]
        for start in (0, 5, 10)
    )


def raw_ref(sobject: str, source_id: str) -> str:
    """Where the original is, relative to `/services/data/vXX.X`."""
    return f"/sobjects/{sobject}/{source_id}"


def text(value: object) -> str | None:
    """A non-empty string, or None."""
    return (str(value).strip() or None) if value is not None else None


def scalar(value: object) -> str | int | float | bool | None:
    """A value that a custom attribute can hold; None for a compound one (an address, a location)."""
    return value if isinstance(value, (str, int, float, bool)) else None


def whole(value: object) -> int | None:
    """A whole number, or None where there is none to read."""
    try:
        return int(Decimal(str(value)))
    except (InvalidOperation, ValueError, OverflowError):
        return None


def instant(value: object, source_id: str, zone: ZoneInfo) -> datetime | None:
    """A Salesforce dateTime, in UTC; a date is the start of that day in the store's zone. Raises InvalidRecord."""
    if value in (None, ""):
        return None
    stated = str(value)
    try:
        if len(stated) == len("2026-01-31"):
            day = date.fromisoformat(stated)
            return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
        found = datetime.fromisoformat(stated)
        if found.tzinfo is None:
            raise ValueError("no time zone")
        return found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidRecord(source_id, f"{stated[:40]!r} is not a Salesforce date or dateTime with an offset") from error


def day_of(value: object, source_id: str) -> date | None:
    """A Salesforce date, or the date of a dateTime. Raises InvalidRecord."""
    if value in (None, ""):
        return None
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError as error:
        raise InvalidRecord(source_id, f"{str(value)[:40]!r} is not a Salesforce date") from error


def end_of(day: date | None, zone: ZoneInfo) -> datetime | None:
    """The end of a day in the store's zone: the start of the next one."""
    if day is None:
        return None
    following = day + timedelta(days=1)
    return datetime(following.year, following.month, following.day, tzinfo=zone).astimezone(UTC)


def pick(row: Row, fields: Mapping[str, Sequence[str]], attribute: str) -> Any:
    """The first filled field of those that may hold an attribute."""
    return next((row[name] for name in fields.get(attribute, ()) if row.get(name) not in (None, "")), None)


def required(row: Row, name: str, source_id: str, zone: ZoneInfo) -> datetime:
    """The instant in a field that must be filled. Raises InvalidRecord."""
    found = instant(row.get(name), source_id, zone)
    if found is None:
        raise InvalidRecord(source_id, f"{name} is empty: the row has no time")
    return found


def minor_units(amount: object, currency: str, source_id: str) -> int | None:
    """An amount as Salesforce has it, in major units, in minor ones: 12.5 USD is 1250, 500 JPY is 500. Raises InvalidRecord."""
    if amount in (None, ""):
        return None
    try:
        return int((Decimal(str(amount)).scaleb(minor_digits(currency))).to_integral_value())
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise InvalidRecord(source_id, f"Amount {str(amount)[:40]!r} is not a number") from error


def domains(website: object) -> tuple[str, ...]:
    """The host names in a Website field, which people fill with anything: URLs, bare hosts, several of them, "n/a"."""
    found: dict[str, None] = {}
    for part in re.split(r"[\s,;|]+", str(website or "").lower()):
        host = re.sub(r"^[a-z][a-z0-9+.-]*://", "", part).split("/", 1)[0].split("?", 1)[0].split("#", 1)[0]
        host = host.rsplit("@", 1)[-1].split(":", 1)[0].strip(".")
        if re.fullmatch(r"[^\s.]+(\.[^\s.]+)+", host):
            found[host] = None
    return tuple(found)


def opportunity_kind(stated: str | None, kinds: Mapping[str, OpportunityKind]) -> OpportunityKind | None:
    """The kind of a deal: what the configuration says about its Type, else by the words in it. None if they don't tell."""
    return None if stated is None else kinds.get(stated) or _by_word(stated, _OPPORTUNITY_WORDS)


def product_kind(product: Row, kinds: Mapping[str, ProductKind]) -> ProductKind | None:
    """What a product is: what the configuration says about its Family, else by the words in Family, then Name. None if
    unknown."""
    family, name = text(product.get("Family")), text(product.get("Name"))
    told = kinds.get(family) if family is not None else None
    return told or next((kind for each in (family, name) if each and (kind := _by_word(each, _PRODUCT_WORDS))), None)


def activity_kind(stated: Iterable[object], kinds: Mapping[str, ActivityKind]) -> ActivityKind | None:
    """The kind of a task or event: of each text in turn what the configuration says, else by its words. None if unknown."""
    for each in map(text, stated):
        found = (kinds.get(each) or _by_word(each, _ACTIVITY_WORDS)) if each is not None else None
        if found is not None:
            return found
    return None


def activity_account(row: Row) -> str | None:
    """The account of a task or event: AccountId, which Salesforce derives from What and Who, else What if it is an account."""
    what = reference(row.get("WhatId"))
    return reference(row.get("AccountId")) or (what if what is not None and what.startswith("001") else None)


def activity_contact(row: Row) -> str | None:
    """The contact of a task or event. WhoId may also name a lead (00Q), which is nobody's contact."""
    who = reference(row.get("WhoId"))
    return who if who is not None and who.startswith("003") else None


def direction(call_type: object) -> Literal["inbound", "outbound"] | None:
    """CallType, where the task was a call."""
    stated = str(call_type or "").lower()
    return "inbound" if stated == "inbound" else "outbound" if stated == "outbound" else None


def _by_word(stated: str, words: Sequence[tuple[str, K]]) -> K | None:
    lowered = stated.lower()
    return next((kind for word, kind in words if re.search(rf"\b{re.escape(word)}", lowered)), None)
