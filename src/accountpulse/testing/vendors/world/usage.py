"""Product usage: daily roll-ups for eighteen months, and the last three days as Segment messages."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from accountpulse.testing.vendors.world.companies import WINDOW_DAYS, Company
from accountpulse.testing.vendors.world.wire import token_of

Json = dict[str, Any]
FEATURES = ("login", "dashboards", "reports", "alerts", "automations", "integrations", "exports", "api")
COLUMNS = ("account_id", "user", "feature", "day", "count", "seconds")
EVENT_DAYS = 3
TARGET_ROWS = 135_000
_QUIET = (0, 6)  # two days a week, counted from now: every world has the same rhythm
_ROWS_PER_VISIT = 3.37
_APPETITE = (1.0, 0.62, 0.44, 0.24, 0.20, 0.10, 0.14, 0.12)


@dataclass(frozen=True, slots=True)
class UsageRow:
    """What one user did with one feature on one day (UTC). `user` is an e-mail address."""

    account_id: str
    user: str
    feature: str
    day: date
    count: int
    seconds: int


def build_usage(companies: Sequence[Company], now: datetime, seed: int) -> list[UsageRow]:
    """Roll-ups of the 18 months that end `EVENT_DAYS` full days before the day of `now`, in order of company and day."""
    scale = _scale(companies)
    today = now.date()
    return [
        row
        for company in companies
        if company.in_usage
        for row in _company_rows(company, today, range(WINDOW_DAYS, EVENT_DAYS, -1), scale, company.random(seed, "usage"))
    ]


def write_usage_csv(rows: Sequence[UsageRow], path: Path) -> None:
    """Write roll-ups as CSV with a header: account_id, user, feature, day, count, seconds."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(astuple(row) for row in rows)


def build_messages(companies: Sequence[Company], now: datetime, seed: int) -> list[Json]:
    """Segment messages of the last three full days: `identify` and `group` once per user seen, then `track` calls.

    Each has a stable `messageId`, so that sending them again adds nothing. `timestamp` is an aware datetime.
    """
    scale = _scale(companies)
    midnight = datetime(now.year, now.month, now.day, tzinfo=UTC)
    messages: list[Json] = []
    for company in companies:
        if not company.in_usage or company.ended is not None:
            continue
        rng = company.random(seed, "events")
        seen: set[str] = set()
        for row in _company_rows(company, now.date(), range(EVENT_DAYS, 0, -1), scale, rng):
            start = midnight - timedelta(days=(now.date() - row.day).days)
            if row.user not in seen:
                seen.add(row.user)
                messages += _introductions(company, row.user, start, seed)
            messages += _tracks(company, row, start, seed, rng)
    messages.sort(key=lambda each: (each["timestamp"], each["messageId"]))
    return messages


def _scale(companies: Sequence[Company]) -> float:
    """How often users come, set so that every seed gives about `TARGET_ROWS` roll-ups."""
    expected = 0.0
    for company in companies:
        if company.in_usage:
            for age in range(WINDOW_DAYS, EVENT_DAYS, -1):
                if company.last_day < age < company.started:
                    expected += _pull(company, age) * len(company.people)
    return TARGET_ROWS / (expected * _ROWS_PER_VISIT)


def _pull(company: Company, age: float) -> float:
    return math.pow(company.health_at(age), 1.6)


def _company_rows(company: Company, today: date, ages: range, scale: float, rng: Random) -> Iterator[UsageRow]:
    breadth = {"starter": 0.75, "business": 1.0, "enterprise": 1.25}[company.plan]
    habits = [rng.lognormvariate(0, 0.45) for _ in company.people]
    for age in ages:
        if not company.last_day < age < company.started:
            continue
        day = today - timedelta(days=age)
        health = company.health_at(age)
        pull = _pull(company, age) * scale * (0.25 if age % 7 in _QUIET else 1.25)
        for person, habit in zip(company.people, habits, strict=True):
            if rng.random() < min(0.95, pull * habit):
                yield from _visit(company, person.email, day, health, breadth, rng)


def _visit(company: Company, user: str, day: date, health: float, breadth: float, rng: Random) -> Iterator[UsageRow]:
    for feature, appetite in zip(FEATURES, _APPETITE, strict=True):
        wanted = 1.0 if feature == "login" else appetite * breadth * (0.55 + 0.8 * health)
        if rng.random() < wanted:
            count = 1 + int(rng.expovariate(1 / (0.4 if feature == "login" else 2.5)))
            seconds = 0 if feature in ("login", "api") else count * rng.randint(25, 240)
            yield UsageRow(company.account_id, user, feature, day, count, seconds)


def _introductions(company: Company, user: str, start: datetime, seed: int) -> list[Json]:
    person = next(each for each in company.people if each.email == user)
    at = start + timedelta(hours=5)
    return [
        {
            "type": "identify",
            "userId": user,
            "traits": {"email": user, "name": person.name, "title": person.title},
            "context": {"groupId": company.account_id},
            "timestamp": at,
            "messageId": "identify-" + token_of(seed, user, start.date()),
        },
        {
            "type": "group",
            "userId": user,
            "groupId": company.account_id,
            "traits": {"name": company.name, "plan": company.plan},
            "context": {},
            "timestamp": at,
            "messageId": "group-" + token_of(seed, user, company.account_id, start.date()),
        },
    ]


def _tracks(company: Company, row: UsageRow, start: datetime, seed: int, rng: Random) -> Iterator[Json]:
    moment = start + timedelta(hours=6, seconds=rng.randint(0, 12 * 3600))
    for number in range(row.count):
        moment += timedelta(seconds=rng.randint(5, 400))
        yield {
            "type": "track",
            "userId": row.user,
            "event": row.feature,
            "properties": {"seconds": row.seconds // row.count},
            "context": {"groupId": company.account_id},
            "timestamp": moment,
            "messageId": "track-" + token_of(seed, row.account_id, row.user, row.feature, row.day, number),
        }
