"""Ids and times in the forms the vendors write them."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def salesforce_id(prefix: str, number: int) -> str:
    """An 18-character Salesforce id: key prefix, a running number in base 62, and the case checksum."""
    digits = ""
    while number:
        number, rest = divmod(number, 62)
        digits = _BASE62[rest] + digits
    short = f"{prefix}gK0000{digits.rjust(6, '0')}"
    return short + checksum(short)


def checksum(short: str) -> str:
    """The three characters that make a 15-character Salesforce id safe where case is lost."""
    return "".join(
        _SUFFIX[sum(1 << bit for bit, character in enumerate(short[start : start + 5]) if character.isupper())]
        for start in (0, 5, 10)
    )


def stripe_id(prefix: str, *parts: object) -> str:
    """A Stripe-looking id that depends on `parts` only."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return f"{prefix}_" + "".join(_BASE62[byte % 62] for byte in digest[:14])


def token_of(*parts: object) -> str:
    """A stable 32-character hexadecimal token."""
    return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()[:32]


def unix(at: datetime) -> int:
    """Whole seconds since 1970."""
    return int(at.timestamp())


def from_unix(seconds: float) -> datetime:
    """The UTC instant of a Unix time."""
    return datetime.fromtimestamp(seconds, UTC)


def salesforce_time(at: datetime) -> str:
    """2026-11-21T10:00:00.000+0000, always UTC, so that the strings sort as the instants do."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}+0000"


def zulu(at: datetime) -> str:
    """2026-11-21T10:00:00Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def day_text(day: date) -> str:
    """2026-11-21."""
    return day.isoformat()
