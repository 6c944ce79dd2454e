"""A value of a Singer record -> what a field of the account model holds. Pure; every refusal says what is allowed."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

Converter = Callable[[Any], Any]
Epoch = Literal["seconds", "milliseconds"]


def converter(kind: str, allowed: tuple[str | int, ...], *, zone: ZoneInfo | None, epoch: Epoch | None) -> Converter:
    """The converter for a kind of field. zone: of times without an offset, which are refused without one."""
    by_kind: dict[str, Converter] = {
        "text": text,
        "integer": integer,
        "float": number,
        "boolean": boolean,
        "instant": lambda value: instant(value, zone, epoch),
        "day": lambda value: day(value, zone, epoch),
        "json": names,
        "plain": plain,
    }
    convert = by_kind[kind]
    return convert if not allowed else lambda value: one_of(convert(value), allowed)


def text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("a text")
    return str(value)


def plain(value: Any) -> str | int | float | bool:
    """What a custom attribute may hold."""
    if not isinstance(value, str | int | float):
        raise ValueError("a text, a number, true or false")
    return value


def number(value: Any) -> float:
    """A number; also one written as text, as taps do for `singer.decimal`."""
    try:
        found = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        found = math.nan
    if not math.isfinite(found):
        raise ValueError("a number")
    return found


def integer(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    found = number(value)
    if found != int(found):
        raise ValueError("a whole number")
    return int(found)


def boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "True", "false", "False"):
        return str(value).lower() == "true"
    raise ValueError("true or false")


def instant(value: Any, zone: ZoneInfo | None, epoch: Epoch | None) -> datetime:
    if epoch is not None:
        step = timedelta(seconds=1) if epoch == "seconds" else timedelta(milliseconds=1)
        try:
            return datetime(1970, 1, 1, tzinfo=UTC) + number(value) * step
        except (OverflowError, ValueError):
            raise ValueError(f"a time in {epoch} since 1970") from None
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError("a time in ISO 8601, or a number where the mapping says `epoch: seconds`") from None
    if found.tzinfo is None:
        if zone is None:
            raise ValueError("a time with an offset; where the vendor gives none, say `time_zone` in the mapping")
        found = found.replace(tzinfo=zone)
    return found.astimezone(UTC)


def day(value: Any, zone: ZoneInfo | None, epoch: Epoch | None) -> date:
    if epoch is None and isinstance(value, str) and len(value) == len("2026-01-31"):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValueError("a day, such as 2026-01-31") from None
    return instant(value, zone, epoch).date()


def names(value: Any) -> tuple[str, ...]:
    return tuple(text(each) for each in (value if isinstance(value, list) else [value]))


def one_of(value: Any, allowed: tuple[str | int, ...]) -> Any:
    if value not in allowed:
        raise ValueError(f"one of {', '.join(map(str, allowed))}; the mapping's `words` can translate")
    return value
