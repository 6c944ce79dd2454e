"""Adds product events to daily roll-ups: raw events are never stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from accountpulse.core.clock import day_of
from accountpulse.core.errors import InvalidRecord
from accountpulse.core.model import UsageDay, schema_of
from accountpulse.core.store.writes import FactRow, current_values
from accountpulse.core.sync.connector import UsageEvent, usage_key
from accountpulse.core.sync.rows import to_row

# Longer is a mistake; and sums of less always fit the store.
LONGEST_EVENT = 366 * 24 * 3600


def usage_of(event: UsageEvent, zone: ZoneInfo) -> UsageDay:
    """The usage day of a single event. Raises InvalidRecord naming the field, what was found and what is allowed."""
    place = f"{event.account}|{event.user}|{event.feature}"
    if not isinstance(event.at, datetime) or event.at.utcoffset() is None:
        raise InvalidRecord(place, f"usage_event.at must be a time with an offset, found {event.at!r}")
    try:
        day = day_of(event.at, zone)
    except OverflowError:
        raise InvalidRecord(place, f"usage_event.at lies outside of the calendar: {event.at.isoformat()}") from None
    usage = UsageDay(
        source_id=usage_key(str(event.account), str(event.user), str(event.feature), day),
        account=event.account,
        user=event.user,
        feature=event.feature,
        day=day,
        count=1,
        seconds=event.seconds,
    )
    to_row(usage)
    if not 0 <= event.seconds <= LONGEST_EVENT:
        raise InvalidRecord(place, f"usage_event.seconds must be from 0 to {LONGEST_EVENT}, found {event.seconds}")
    return usage


def roll_up(connection: sa.Connection, connection_id: int, usage: Sequence[UsageDay]) -> list[FactRow]:
    """The usage days that change, with what was counted before added in."""
    days: dict[str, UsageDay] = {}
    for each in usage:
        before = days.get(each.source_id)
        days[each.source_id] = each if before is None else _plus(each, before.count, before.seconds)
    known = current_values(connection, schema_of(UsageDay).name, connection_id, list(days))
    return [
        to_row(_plus(each, known[id]._mapping["count"], known[id]._mapping["seconds"]) if id in known else each)
        for id, each in days.items()
    ]


def _plus(usage: UsageDay, count: int, seconds: int) -> UsageDay:
    return replace(usage, count=usage.count + count, seconds=usage.seconds + seconds)
