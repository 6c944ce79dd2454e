"""The base as Zendesk holds it: organizations, users, tickets with their metric sets, and satisfaction ratings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from accountpulse.testing.vendors.world.companies import WINDOW_DAYS, Company
from accountpulse.testing.vendors.world.names import AGENTS
from accountpulse.testing.vendors.world.wire import unix, zulu

Json = dict[str, Any]
_SUBJECTS = (
    "Cannot log in", "Export is missing rows", "Dashboard loads slowly", "How do I add a user?", "Alert did not fire",
    "Integration stopped syncing", "API returns 500", "Question about our invoice", "Feature request", "Report totals differ",
)  # fmt: skip
_CHANNELS = ("email", "web", "chat", "api")


def build_support(companies: Sequence[Company], now: datetime, seed: int) -> dict[str, list[Json]]:
    """Zendesk objects by kind. `generated_timestamp` is on each ticket; a ticket carries its `metric_set`."""
    support: dict[str, list[Json]] = {
        "organization": [],
        "user": [_agent(number, now) for number in range(len(AGENTS))],
        "ticket": [],
        "satisfaction_rating": [],
    }
    for company in companies:
        if not company.in_support:
            continue
        rng = company.random(seed, "support")
        support["organization"].append(_organization(company, now, rng))
        support["user"] += [_end_user(company, number, now, rng) for number in range(len(company.people))]
        for ticket, rating in _tickets(company, now, rng):
            support["ticket"].append(ticket)
            if rating is not None:
                support["satisfaction_rating"].append(rating)
    return support


def _organization_id(company: Company) -> int:
    return 360_000_000_000 + company.index * 17 + 1


def _user_id(company: Company, number: int) -> int:
    return 380_000_100_000 + company.index * 40 + number


def _agent(number: int, now: datetime) -> Json:
    first, last = AGENTS[number]
    created = zulu(now - timedelta(days=1500 - number))
    return _user(
        380_000_000_000 + number, f"{first} {last}", f"{first}.{last}@fernwoodanalytics.com".lower(), "agent", None, created
    )


def _end_user(company: Company, number: int, now: datetime, rng: Random) -> Json:
    person = company.people[number]
    created = now - timedelta(days=company.started - rng.uniform(0, min(40, 0.8 * (company.started - company.last_day))))
    user = _user(_user_id(company, number), person.name, person.email, "end-user", _organization_id(company), zulu(created))
    user["updated_at"] = zulu(created + (now - created) * rng.random() * 0.95)
    user["active"] = not person.left
    return user


def _user(identifier: int, name: str, email: str, role: str, organization_id: int | None, created: str) -> Json:
    return {
        "id": identifier,
        "name": name,
        "email": email.lower(),
        "role": role,
        "organization_id": organization_id,
        "active": True,
        "verified": True,
        "suspended": False,
        "external_id": None,
        "time_zone": "UTC",
        "tags": [],
        "created_at": created,
        "updated_at": created,
    }


def _organization(company: Company, now: datetime, rng: Random) -> Json:
    created = now - timedelta(days=company.started)
    updated = created + (now - created) * rng.random() * 0.95
    return {
        "id": _organization_id(company),
        "name": company.name,
        "external_id": company.account_id if company.support_linked else None,
        "domain_names": [company.domain],
        "details": None,
        "notes": None,
        "group_id": None,
        "shared_tickets": False,
        "shared_comments": False,
        "tags": [company.plan],
        "organization_fields": {},
        "deleted_at": None,
        "created_at": zulu(created),
        "updated_at": zulu(updated),
    }


def _tickets(company: Company, now: datetime, rng: Random) -> list[tuple[Json, Json | None]]:
    pace = {"starter": 34.0, "business": 20.0, "enterprise": 9.0}[company.plan]
    eagerness = rng.lognormvariate(0, 0.35)
    age = min(company.started, WINDOW_DAYS)
    found: list[tuple[Json, Json | None]] = []
    while True:
        trouble = 1 - company.health_at(age)
        age -= rng.expovariate(1 / pace) * eagerness / (0.6 + 1.1 * trouble)
        if age <= company.last_day + 0.05:
            return found
        found.append(_ticket(company, age, len(found), now, rng))


def _ticket(company: Company, age: float, number: int, now: datetime, rng: Random) -> tuple[Json, Json | None]:
    identifier = 100_000 + company.index * 400 + number
    trouble = 1 - company.health_at(age)
    created = now - timedelta(days=age)
    priority = rng.choices(
        ("low", "normal", "high", "urgent", None), (2 - trouble, 5, 1 + 2.5 * trouble, 0.15 + 2 * trouble**2, 0.6)
    )[0]
    reply_minutes = int(rng.lognormvariate(4.0 + 0.9 * trouble, 0.9)) + 2
    solve_minutes = reply_minutes + int(rng.lognormvariate(6.6 + 1.6 * trouble, 1.0))
    reopens = sum(rng.random() < 0.03 + 0.38 * trouble**1.5 for _ in range(2))
    age_minutes = age * 1440
    replied = reply_minutes < age_minutes
    solved = solve_minutes < age_minutes and rng.random() > 0.015 + 0.06 * trouble
    deleted = rng.random() < 0.02
    if solved:
        status = "closed" if age_minutes - solve_minutes > 28 * 1440 else "solved"
        updated = created + timedelta(minutes=solve_minutes)
    else:
        status = rng.choice(("open", "pending", "hold")) if replied else "new"
        updated = created + timedelta(minutes=min(reply_minutes, age_minutes * 0.9))
    score, reason = _score(trouble, solved, rng)
    ticket: Json = {
        "id": identifier,
        "external_id": None,
        "via": {"channel": rng.choices(_CHANNELS, (6, 3, 2, 1))[0], "source": {"from": {}, "to": {}, "rel": None}},
        "type": rng.choice(("question", "incident", "problem", "task")),
        "subject": rng.choice(_SUBJECTS),
        "description": "Hello, could you help us with this?",
        "priority": priority,
        "status": status,
        "recipient": None,
        "requester_id": _user_id(company, rng.randrange(len(company.people))),
        "assignee_id": 380_000_000_000 + rng.randrange(len(AGENTS)) if replied else None,
        "organization_id": _organization_id(company),
        "group_id": 360_900_000_001,
        "problem_id": None,
        "has_incidents": False,
        "due_at": None,
        "tags": [company.plan],
        "custom_fields": [],
        "satisfaction_rating": {"score": score},
        "created_at": zulu(created),
        "updated_at": zulu(updated),
        "generated_timestamp": _generated(updated, now, rng),
        "metric_set": _metrics(
            identifier,
            created,
            updated,
            reply_minutes if replied else None,
            solve_minutes if solved else None,
            reopens if replied else 0,
            rng,
        ),
    }
    ticket["submitter_id"] = ticket["requester_id"]
    if deleted:
        ticket |= {
            "status": "deleted",
            "subject": "SCRUBBED",
            "description": "X",
            "satisfaction_rating": {"score": "unoffered"},
        }
    if score not in ("good", "bad") or deleted:
        return ticket, None
    return ticket, _rating(ticket, score, reason, updated + timedelta(hours=rng.uniform(0.2, 30)), now)


def _generated(updated: datetime, now: datetime, rng: Random) -> int:
    """When Zendesk last wrote the row: often later than `updated_at`, for jobs touch tickets without bumping it."""
    latest = unix(now) - 120
    if rng.random() < 0.5:
        return min(latest, unix(updated) + rng.randint(0, 3))
    return min(latest, unix(updated) + rng.randint(60, 4 * 86_400))


def _score(trouble: float, solved: bool, rng: Random) -> tuple[str, str | None]:
    if not solved or rng.random() > 0.35:
        return ("offered" if solved else "unoffered"), None
    if rng.random() < 0.99 - 0.62 * trouble**1.4:
        return "good", None
    return "bad", rng.choice(("The issue took too long to resolve", "The issue was not resolved", None))


def _rating(ticket: Json, score: str, reason: str | None, at: datetime, now: datetime) -> Json:
    stamp = zulu(min(at, now - timedelta(minutes=5)))
    return {
        "id": 5_000_000 + ticket["id"],
        "score": score,
        "comment": "Thanks, quick and clear." if score == "good" else None,
        "reason": reason,
        "ticket_id": ticket["id"],
        "requester_id": ticket["requester_id"],
        "assignee_id": ticket["assignee_id"],
        "group_id": ticket["group_id"],
        "created_at": stamp,
        "updated_at": stamp,
    }


def _metrics(
    ticket_id: int, created: datetime, updated: datetime, reply: int | None, solve: int | None, reopens: int, rng: Random
) -> Json:
    def minutes(value: int | None) -> Json:
        return {"calendar": value, "business": None if value is None else int(value * 0.42)}

    waited = None if solve is None else int(solve * rng.uniform(0.4, 0.8))
    return {
        "id": 700_000_000 + ticket_id,
        "ticket_id": ticket_id,
        "group_stations": 1,
        "assignee_stations": 1 if reply is not None else 0,
        "reopens": reopens,
        "replies": 0 if reply is None else 1 + reopens + rng.randrange(3),
        "initially_assigned_at": None if reply is None else zulu(created + timedelta(minutes=reply // 2)),
        "assigned_at": None if reply is None else zulu(created + timedelta(minutes=reply // 2)),
        "solved_at": None if solve is None else zulu(created + timedelta(minutes=solve)),
        "latest_comment_added_at": zulu(updated),
        "status_updated_at": zulu(updated),
        "reply_time_in_minutes": minutes(reply),
        "first_resolution_time_in_minutes": minutes(None if solve is None else int(solve * (0.6 if reopens else 1.0))),
        "full_resolution_time_in_minutes": minutes(solve),
        "agent_wait_time_in_minutes": minutes(None if solve is None or waited is None else solve - waited),
        "requester_wait_time_in_minutes": minutes(waited),
        "on_hold_time_in_minutes": minutes(0),
        "created_at": zulu(created),
        "updated_at": zulu(updated),
    }
