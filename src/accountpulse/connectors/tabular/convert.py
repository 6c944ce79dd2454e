"""Cells of a file to values of the account model. Pure. Each converter raises ValueError with what would have been allowed."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

Converter = Callable[[Any], Any]
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_SEPARATORS = re.compile(r"[;,|\s]+")
_BOOLEANS: Mapping[str, bool] = {
    **dict.fromkeys(("true", "t", "yes", "y", "1"), True),
    **dict.fromkeys(("false", "f", "no", "n", "0"), False),
}
MANY = 100_000  # a cache must not grow with the file


def text(value: Any) -> str:
    """Any text; numbers as they are written."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float, date)):
        raise ValueError("a text")
    return value.isoformat() if isinstance(value, date) else str(value)


def integer(value: Any) -> int:
    """A whole number; 12.0 counts as one."""
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    try:
        as_float = float(value)
        if as_float.is_integer() and abs(as_float) < 10**18 and not isinstance(value, bool) and "_" not in str(value):
            return int(as_float) if isinstance(value, str) else int(value)
    except (TypeError, ValueError, OverflowError):
        pass
    raise ValueError("a whole number, such as 12 (amounts in minor units: 4900 for 49.00)")


def number(value: Any) -> float:
    """A number, with a point for decimals."""
    try:
        found = float(value)
        if math.isfinite(found) and not isinstance(value, bool) and not (isinstance(value, str) and "_" in value):
            return found
    except (TypeError, ValueError, OverflowError):
        pass
    raise ValueError("a number, such as 7 or 7.5")


def boolean(value: Any) -> bool:
    """Yes or no, in the usual words."""
    found = value if isinstance(value, bool) else _BOOLEANS.get(str(value).strip().lower())
    if found is None:
        raise ValueError("true or false (also yes / no, 1 / 0)")
    return found


def instants(zone: ZoneInfo | None) -> Converter:
    """Times with an offset; without one, in `zone` where the file has one."""
    seen: dict[Any, datetime] = {}

    def instant(value: Any) -> datetime:
        known = seen.get(value)
        if known is not None:
            return known
        at = _moment(value)
        if at is None:
            raise ValueError("a time, such as 2026-11-21T10:00:00+00:00")
        if at.tzinfo is None:
            if zone is None:
                raise ValueError("a time with an offset, such as 2026-11-21T10:00:00+00:00; or set `timezone` for this file")
            at = at.replace(tzinfo=zone)
        try:
            found = at.astimezone(UTC)
        except OverflowError:
            raise ValueError("a time between the years 1 and 9999") from None
        if len(seen) < MANY:
            seen[value] = found
        return found

    return instant


def days(zone: ZoneInfo | None) -> Converter:
    """Calendar days; a time with an offset counts for its day in `zone`."""
    seen: dict[Any, date] = {}

    def day(value: Any) -> date:
        known = seen.get(value)
        if known is not None:
            return known
        at = _moment(value)
        if at is None:
            raise ValueError("a day, such as 2026-11-21")
        if at.tzinfo is not None:
            if zone is None:
                raise ValueError("a day, such as 2026-11-21; or set `timezone` for this file, to say which day a time is on")
            at = at.astimezone(zone)
        found = at.date()
        if len(seen) < MANY:
            seen[value] = found
        return found

    return day


def names(value: Any) -> tuple[str, ...]:
    """Several texts: a list, or a text with commas, semicolons or blanks between."""
    if isinstance(value, str):
        return tuple(dict.fromkeys(part for part in _SEPARATORS.split(value) if part))
    if isinstance(value, (list, tuple)) and all(isinstance(each, str) for each in value):
        return tuple(dict.fromkeys(each for each in value if each))
    raise ValueError("texts separated by commas or semicolons")


def attributes(value: Any) -> dict[str, Any]:
    """Custom attributes: a JSON object of plain values."""
    try:
        found = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        found = None
    if not isinstance(found, Mapping) or not all(_plain(each) for each in found.values()):
        raise ValueError('a JSON object of plain values, such as {"tier": "gold"}')
    return {str(name): each for name, each in found.items()}


def plain(value: Any) -> Any:
    """One custom attribute: a text, a number, true or false."""
    if isinstance(value, date):
        return value.isoformat()
    if not _plain(value):
        raise ValueError("a text, a number, true or false")
    return value


def one_of(convert: Converter, allowed: tuple[str | int, ...]) -> Converter:
    """A converter whose values must be among `allowed`; texts in any case."""
    by_text = {str(each).lower(): each for each in allowed}

    def choose(value: Any) -> Any:
        try:
            found = by_text.get(str(convert(value)).lower())
        except ValueError:
            found = None
        if found is None:
            raise ValueError("one of " + ", ".join(map(str, allowed)))
        return found

    return choose


def _plain(value: Any) -> bool:
    return value is None or isinstance(value, (str, int, bool)) or (isinstance(value, float) and math.isfinite(value))


def _moment(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - the caller gives it its zone
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
