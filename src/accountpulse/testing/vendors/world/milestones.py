"""Tasks in the CRM that mark what was done with a customer: the steps of the onboarding, and the surveys that were sent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from accountpulse.testing.vendors.world.companies import Company
from accountpulse.testing.vendors.world.surveys import rounds
from accountpulse.testing.vendors.world.wire import day_text, salesforce_id, salesforce_time

Json = dict[str, Any]
_STEPS = (
    ("Onboarding step", "Kick-off", 1, 5),
    ("Onboarding step", "Data connected", 5, 20),
    ("Onboarding step", "First team trained", 12, 40),
    ("Go-live", "Live with all teams", 25, 75),
)
_FIRST = 100  # of the task ids of a company; `crm` has those below


def milestones(company: Company, contacts: list[Json], owner: str, now: datetime, seed: int) -> list[Json]:
    """Closed tasks, in the shape of Salesforce's Task."""
    found: list[Json] = []
    for kind, subject, age, person in (*_onboarding(company, seed), *_surveys(company, now, seed)):
        at = now - timedelta(days=age)
        created = salesforce_time(at)
        found.append(
            {
                "Id": salesforce_id("00T", company.index * 200 + _FIRST + len(found) + 1),
                "AccountId": company.account_id,
                "WhatId": company.account_id,
                "WhoId": contacts[person]["Id"],
                "OwnerId": owner,
                "Subject": subject,
                "Type": kind,
                "ActivityDate": day_text(at.date()),
                "IsArchived": age > 365,
                "CreatedDate": created,
                "LastModifiedDate": created,
                "SystemModstamp": created,
                "IsDeleted": False,
                "Status": "Completed",
                "Priority": "Normal",
                "IsClosed": True,
                "TaskSubtype": "Task",
                "CallType": None,
                "CompletedDateTime": created,
            }
        )
    return found


def _onboarding(company: Company, seed: int) -> Iterator[tuple[str, str, float, int]]:
    """Kind, subject, age in days and contact of each step done so far; an unhealthy start takes longer."""
    rng = company.random(seed, "onboarding")
    slow = 1.6 - company.health_at(max(company.started - 30, company.last_day))
    for kind, subject, earliest, latest in _STEPS:
        age = company.started - rng.uniform(earliest, latest) * slow
        if age > max(company.last_day, 0):
            yield kind, subject, age, 0


def _surveys(company: Company, now: datetime, seed: int) -> Iterator[tuple[str, str, float, int]]:
    for sent in rounds(company, now, seed):
        yield "Survey sent", f"Survey {sent.form_id} to {company.people[sent.person].name}", sent.age, sent.person
