"""Adds product events to daily roll-ups: raw events are never stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from accountpulse.core.clock import day_of
from accountpulse.core.model import UsageDay
from accountpulse.core.store.writes import FactRow, current_values
from accountpulse.core.sync.connector import UsageEvent, usage_key
from accountpulse.core.sync.rows import to_row


def roll_up(connection: sa.Connection, connection_id: int, events: Sequence[UsageEvent], zone: ZoneInfo) -> list[FactRow]:
    """The usage days that the events change, with what was counted before added in."""
    days: dict[str, UsageDay] = {}
    for event in events:
        day = day_of(event.at, zone)
        key = usage_key(event.account, event.user, event.feature, day)
        before = days.get(key)
        days[key] = UsageDay(
            source_id=key,
            account=event.account,
            user=event.user,
            feature=event.feature,
            day=day,
            count=(before.count if before else 0) + 1,
            seconds=(before.seconds if before else 0) + event.seconds,
        )
    known = current_values(connection, "usage_day", connection_id, list(days))
    return [to_row(_plus(usage, known.get(key))) for key, usage in days.items()]


def _plus(usage: UsageDay, known: sa.Row[Any] | None) -> UsageDay:
    if known is None:
        return usage
    stored = known._mapping
    return UsageDay(
        source_id=usage.source_id,
        account=usage.account,
        user=usage.user,
        feature=usage.feature,
        day=usage.day,
        count=usage.count + int(stored["count"]),
        seconds=usage.seconds + int(stored["seconds"]),
    )
