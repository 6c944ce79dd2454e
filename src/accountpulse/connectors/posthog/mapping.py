"""PostHog's rows -> records. Pure: no I/O, no clock."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from itertools import groupby
from typing import Any

from accountpulse.plugins import Account, InvalidRecord, UsageDay, usage_key

Row = list[Any]  # group, user, event, uses, seconds
_TRAITS = frozenset({"name", "website", "domain", "plan", "industry", "region", "employees"})
_NEVER_CUSTOM = frozenset({"email", "phone", "address", "avatar", "description", "id"})


def usage_days(rows: Iterable[Row], day: date, features: Mapping[str, str]) -> Iterator[UsageDay | InvalidRecord]:
    """A day's rows as usage: one record for each group, user and feature. Rows come in the order of group and user.

    features: what an event counts as, where that is not its own name. Events that count as one feature are added up.
    """
    for (group, user), of_user in groupby(rows, key=lambda row: (row[0], row[1])):
        found: dict[str, tuple[int, float]] = {}
        for row in of_user:
            event, uses, seconds = row[2:]
            wrong = _wrong(group, user, event, uses, seconds)
            if wrong is not None:
                yield InvalidRecord(f"{day}|{group}|{user}|{event}"[:200], wrong)
                continue
            feature = features.get(event, event)
            count, lasted = found.get(feature, (0, 0.0))
            found[feature] = (count + uses, lasted + seconds)
        for feature, (count, lasted) in found.items():
            yield UsageDay(
                source_id=usage_key(group, user, feature, day),
                account=group,
                user=user,
                feature=feature,
                day=day,
                count=count,
                seconds=round(lasted),
            )


def account(row: Row) -> Account:
    """A group, with its properties as the account's; its key is an id that the customer's own systems gave.

    Properties that no field takes are custom attributes; those that describe persons are left out. Raises InvalidRecord.
    """
    key, found, created = row
    if not isinstance(key, str) or not key:
        raise InvalidRecord("(unknown)", "the group has no key")
    traits = _traits(found)
    employees = traits.get("employees")
    domains = [_text(traits.get(name)) for name in ("website", "domain")]
    custom = {
        name: value
        for name, value in sorted(traits.items())
        if name not in _TRAITS | _NEVER_CUSTOM and not name.startswith("$") and isinstance(value, (str, int, float, bool))
    }
    return Account(
        source_id=key,
        name=_text(traits.get("name")),
        domains=tuple(dict.fromkeys(each for each in domains if each)),
        references=(key,),
        plan=_text(traits.get("plan")),
        industry=_text(traits.get("industry")),
        region=_text(traits.get("region")),
        employees=employees if isinstance(employees, int) and not isinstance(employees, bool) and employees > 0 else None,
        created_at=_instant(created, key),
        custom=custom,
    )


def key_of(row: Row) -> tuple[str, str, str]:
    """What usage rows are ordered by."""
    return str(row[0]), str(row[1]), str(row[2])


def _wrong(group: object, user: object, event: object, uses: object, seconds: object) -> str | None:
    for name, value in (("group", group), ("distinct_id", user), ("event", event)):
        if not isinstance(value, str) or not value:
            return f"the {name} must be a text that is not empty, found {str(value)[:40]!r}"
    if isinstance(uses, bool) or not isinstance(uses, int) or uses < 0:
        return f"count() must be a whole number, found {str(uses)[:40]!r}"
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds < 1e12:
        return f"the seconds must be a number, found {str(seconds)[:40]!r}"
    return None


def _traits(found: object) -> Mapping[str, Any]:
    """A group's properties, which PostHog gives as JSON text."""
    if isinstance(found, str):
        try:
            found = json.loads(found)
        except (ValueError, RecursionError):
            return {}
    return found if isinstance(found, Mapping) else {}


def _text(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _instant(value: object, key: str) -> datetime | None:
    if value is None:
        return None
    try:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ValueError
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        raise InvalidRecord(key, f"created_at {str(value)[:40]!r} is not a time in seconds since 1970") from None
