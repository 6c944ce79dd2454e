"""HubSpot's ids, times, amounts and texts -> ours. Pure: no I/O, no clock.

An object is `{"id", "properties": {name: text or null}, "createdAt", "updatedAt", "archived"}`. Every property is a text,
whatever its type: numbers, "true", times as ISO 8601 or, from older properties, milliseconds since 1970.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from accountpulse.plugins import InvalidRecord, minor_digits

Row = Mapping[str, Any]
K = TypeVar("K", bound=str)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def object_id(row: Row) -> str:
    """The object's id. Raises InvalidRecord without one."""
    found = text(row.get("id"))
    if found is None:
        raise InvalidRecord("(unknown)", "the object has no id")
    return found


def properties(row: Row) -> Mapping[str, Any]:
    """The properties that came with an object; empty where there are none."""
    found = row.get("properties")
    return found if isinstance(found, Mapping) else {}


def raw_ref(kind: str, source_id: str) -> str:
    """Where the original is, as an API path."""
    return f"/crm/v3/objects/{kind}/{source_id}"


def text(value: object) -> str | None:
    """A non-empty text, or None. Ids are sometimes numbers in JSON."""
    if isinstance(value, (str, int, float)):
        return str(value).strip() or None
    return None


def listed(value: object) -> tuple[str, ...]:
    """The parts of a property of several values, which HubSpot separates by semicolons."""
    return tuple(filter(None, (part.strip() for part in (text(value) or "").split(";"))))


def truth(value: object) -> bool | None:
    """A yes or no, or None where there is none to read."""
    return {"true": True, "false": False}.get(str(value).lower())


def whole(value: object) -> int | None:
    """A whole number, or None where there is none to read."""
    try:
        return int(Decimal(str(value)))
    except (InvalidOperation, ValueError, OverflowError):
        return None


def number(value: object) -> float | None:
    """A finite number, or None where there is none to read."""
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return float(found) if found.is_finite() else None


def minor_units(amount: object, currency: str, source_id: str) -> int | None:
    """An amount, which HubSpot has in major units, in minor ones: 12.5 USD is 1250, 500 JPY is 500. Raises InvalidRecord."""
    stated = text(amount)
    if stated is None:
        return None
    try:
        return int(Decimal(stated).scaleb(minor_digits(currency)).to_integral_value())
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise InvalidRecord(source_id, f"amount {stated[:40]!r} is not a number") from error


def instant(value: object, source_id: str, zone: ZoneInfo) -> datetime | None:
    """A time in UTC; a date is the start of that day in the store's zone. Raises InvalidRecord."""
    stated = text(value)
    if stated is None:
        return None
    try:
        if re.fullmatch(r"-?\d{9,15}", stated):
            return _EPOCH + timedelta(milliseconds=int(stated))
        if len(stated) == len("2026-01-31"):
            day = date.fromisoformat(stated)
            return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
        found = datetime.fromisoformat(stated)
        if found.tzinfo is None:
            raise ValueError("no time zone")
        return found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidRecord(source_id, f"{stated[:40]!r} is not a time of HubSpot's") from error


def created_at(row: Row, source_id: str, zone: ZoneInfo) -> datetime:
    """When the object was created. Raises InvalidRecord where it does not say."""
    known = properties(row)
    stated = (known.get("createdate"), known.get("hs_createdate"), row.get("createdAt"))
    found = instant(first(stated), source_id, zone)
    if found is None:
        raise InvalidRecord(source_id, "createdAt is empty: the object has no time")
    return found


def first(values: Iterable[object]) -> object:
    """The first value that is filled, or None."""
    return next((value for value in values if text(value) is not None), None)


def epoch_ms(at: datetime) -> int:
    """An instant as search filters take it."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


def from_ms(stated: int) -> datetime:
    """The instant of a number of milliseconds. Raises OverflowError beyond year 9999."""
    return _EPOCH + timedelta(milliseconds=stated)


def by_word(stated: str | None, words: Sequence[tuple[str, K]]) -> K | None:
    """What the first of these words that begins a word of the text stands for; None where none does."""
    lowered = re.sub(r"[_-]+", " ", stated or "").lower()
    return next((kind for word, kind in words if re.search(rf"\b{re.escape(word)}", lowered)), None)
