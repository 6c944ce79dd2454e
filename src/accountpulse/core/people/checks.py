"""What a person may enter: each check returns the value as it is kept, or raises InvalidInput that says what is allowed."""

from __future__ import annotations

import math
from collections.abc import Collection
from datetime import date, datetime, timedelta
from decimal import Decimal

from accountpulse.core.clock import require_aware
from accountpulse.core.errors import InvalidInput
from accountpulse.core.model.money import is_currency, minor_digits
from accountpulse.core.sync.rows import storable

LONGEST_TEXT = 4_000
LONGEST_NAME = 200
LONGEST_OVERRIDE = timedelta(days=366)
"""A word against the model that holds longer is a wrong model: the person is asked again once a year."""
LARGEST_AMOUNT = 10**15
"""In minor units: more than any account pays, and far from what a database's integer can't hold."""


def words(field: str, text: str, *, longest: int = LONGEST_TEXT) -> str:
    """A text without the white space around it; not empty, at most `longest` characters, and such that a store can keep it."""
    kept = text.strip()
    if not kept:
        raise InvalidInput(field, "it is empty; write a few words")
    if len(kept) > longest:
        raise InvalidInput(field, f"it has {len(kept):,} characters; allowed are {longest:,}")
    if not storable(kept):
        raise InvalidInput(field, "it holds a NUL character or half a surrogate pair, which no store can keep; leave them out")
    return kept


def person(field: str, text: str) -> str:
    """Who says so: a name or an e-mail address."""
    return words(field, text, longest=LONGEST_NAME)


def points(field: str, value: float) -> float:
    """A score or a judgement: 0 to 100."""
    if not math.isfinite(value) or not 0 <= value <= 100:
        raise InvalidInput(field, f"found {value:g}; allowed are 0 to 100")
    return float(value) + 0.0  # -0.0 would be printed as such


def expiry(field: str, at: datetime, now: datetime) -> datetime:
    """When an override ends: after `now`, and at most 366 days after it."""
    kept = _aware(field, at)
    if kept <= now:
        raise InvalidInput(field, f"{_minute(kept)} is not in the future; an override needs an end that is still to come")
    if kept - now > LONGEST_OVERRIDE:
        advice = f"say it again then, or change the model; the latest allowed is {_minute(now + LONGEST_OVERRIDE)}"
        raise InvalidInput(field, f"{_minute(kept)} is more than {LONGEST_OVERRIDE.days} days away; {advice}")
    return kept


def due(field: str, day: date, today: date) -> date:
    """The last day for a target: today or later."""
    if day < today:
        raise InvalidInput(field, f"{day} is past; a target is for today, {today}, or a later day")
    return day


def happened(field: str, at: datetime, now: datetime) -> datetime:
    """When something came about: not after `now`."""
    kept = _aware(field, at)
    if kept > now:
        raise InvalidInput(field, f"{_minute(kept)} has not come yet; only what has happened is an outcome")
    return kept


def one_of(field: str, value: str, allowed: Collection[object]) -> str:
    """One of a few words."""
    if value not in allowed:
        raise InvalidInput(field, f"found {value!r}; allowed are {', '.join(map(str, allowed))}")
    return value


def minor_units(field: str, amount: Decimal, currency: str) -> int:
    """An amount of money, in minor units: 12.5 USD is 1250, 12 JPY is 12. Raises for a currency that ISO 4217 does not list."""
    if not is_currency(currency):
        raise InvalidInput("currency", f"found {currency!r}; allowed is an ISO 4217 code such as USD or EUR")
    if not amount.is_finite() or amount < 0:
        raise InvalidInput(field, f"found {amount}; allowed is a number that is not negative: the outcome says the direction")
    digits = minor_digits(currency)
    largest = Decimal(LARGEST_AMOUNT).scaleb(-digits)
    if amount >= largest:
        raise InvalidInput(field, f"found {amount:.3g}; allowed is less than {largest:,}")
    minor = int(amount.scaleb(digits))
    if Decimal(minor).scaleb(-digits) != amount:
        raise InvalidInput(field, f"found {amount}; {currency} has {digits} decimals")
    return minor


def _aware(field: str, at: datetime) -> datetime:
    try:
        return require_aware(at)
    except (ValueError, OverflowError) as error:
        raise InvalidInput(field, str(error)) from None


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
