"""The base as Salesforce holds it: accounts, contacts, opportunities with lines and history, users, tasks and events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from accountpulse.testing.vendors.world.companies import WINDOW_DAYS, Company
from accountpulse.testing.vendors.world.contracts import MONTHLY_CENTS
from accountpulse.testing.vendors.world.deals import history_of, line_of, products
from accountpulse.testing.vendors.world.milestones import milestones
from accountpulse.testing.vendors.world.names import CSMS
from accountpulse.testing.vendors.world.wire import day_text, salesforce_id, salesforce_time

Json = dict[str, Any]
_MEETINGS = (
    ("Meeting", "Quarterly business review"),
    ("Meeting", "Success plan check-in"),
    ("Training", "Admin training"),
    ("Training", "New user onboarding session"),
    ("Webinar", "Product webinar"),
)
_TASKS = (("Call", "Check-in call"), ("Email", "Follow-up e-mail"), ("Call", "Renewal call"), ("Email", "Usage review"))


def build_crm(companies: Sequence[Company], now: datetime, seed: int) -> dict[str, list[Json]]:
    """Salesforce records by object name, without `attributes`. Dates and times are in wire form."""
    crm: dict[str, list[Json]] = {
        "Organization": [_organization(now)],
        "User": [_user(number, now) for number in range(len(CSMS))],
        "Product2": products(now),
        **{name: [] for name in ("Account", "Contact", "Opportunity", "Task", "Event")},
        **{name: [] for name in ("OpportunityLineItem", "OpportunityFieldHistory")},
    }
    for company in companies:
        rng = company.random(seed, "crm")
        contacts = [_contact(company, number, now, rng) for number in range(len(company.people))]
        crm["Contact"] += contacts
        deals = _opportunities(company, now, rng)
        crm["Opportunity"] += deals
        moves = company.random(seed, "deals")
        for number, deal in enumerate(deals, company.index * 40 + 1):
            crm["OpportunityLineItem"].append(line_of(deal, number, moves))
            crm["OpportunityFieldHistory"] += history_of(deal, number, company.health_at(company.last_day), moves)
        activities = [] if company.in_crm_only else _activities(company, contacts, now, rng)
        crm["Task"] += [each for name, each in activities if name == "Task"]
        crm["Event"] += [each for name, each in activities if name == "Event"]
        if not company.in_crm_only:
            crm["Task"] += milestones(company, contacts, owner_of(company), now, seed)
        last = max(
            (each["ActivityDate"] for _, each in activities if each["ActivityDate"] <= day_text(now.date())), default=None
        )
        crm["Account"].append(_account(company, last, now, rng))
    return crm


def owner_of(company: Company) -> str:
    """The Salesforce user id of the company's customer-success manager."""
    return salesforce_id("005", company.index % len(CSMS) + 1)


def _stamps(created: datetime, modified: datetime) -> Json:
    return {
        "CreatedDate": salesforce_time(created),
        "LastModifiedDate": salesforce_time(modified),
        "SystemModstamp": salesforce_time(modified),
        "IsDeleted": False,
    }


def _organization(now: datetime) -> Json:
    created = now - timedelta(days=2000)
    return {
        "Id": salesforce_id("00D", 1),
        "Name": "Fernwood Analytics",
        "OrganizationType": "Enterprise Edition",
        "IsSandbox": False,
        "InstanceName": "SIM1",
        **_stamps(created, created),
    }


def _user(number: int, now: datetime) -> Json:
    first, last = CSMS[number]
    created = now - timedelta(days=1400)
    return {
        "Id": salesforce_id("005", number + 1),
        "Name": f"{first} {last}",
        "FirstName": first,
        "LastName": last,
        "Email": f"{first}.{last}@fernwoodanalytics.com".lower(),
        "Username": f"{first}.{last}@fernwoodanalytics.com".lower(),
        "Title": "Customer Success Manager",
        "IsActive": True,
        **{name: value for name, value in _stamps(created, created).items() if name != "IsDeleted"},
    }


def renewal_age(company: Company) -> float:
    """The age of the next yearly renewal: negative, for it lies ahead. Of a churned customer, its end."""
    if company.ended is not None:
        return company.ended
    return -(365.0 - company.started % 365.0)


def _account(company: Company, last_activity: str | None, now: datetime, rng: Random) -> Json:
    start = now - timedelta(days=company.started)
    modified = now - timedelta(days=company.ended if company.ended else min(company.started, rng.uniform(0.1, 120)))
    churned = company.ended is not None
    stage = "Churned" if churned else ("Onboarding" if company.started < 60 else "Active")
    renewal = now - timedelta(days=renewal_age(company))
    return {
        "Id": company.account_id,
        "Name": company.name,
        "Website": rng.choice(("https://www.{}", "https://{}", "www.{}", "http://{}/")).format(company.domain),
        "Type": "Former Customer" if churned else "Customer",
        "Industry": company.industry,
        "ParentId": salesforce_id("001", company.parent + 1) if company.parent is not None else None,
        "OwnerId": owner_of(company),
        "NumberOfEmployees": company.employees,
        "AnnualRevenue": float(company.employees * rng.randint(90, 240) * 1000),
        "BillingCountry": company.country,
        "LastActivityDate": last_activity,
        "MasterRecordId": None,
        "Plan__c": company.plan,
        "Region__c": company.region,
        "Lifecycle_Stage__c": stage,
        "Customer_Since__c": day_text(start.date()),
        "Renewal_Date__c": None if churned else day_text(renewal.date()),
        "Churned_On__c": day_text((now - timedelta(days=company.last_day)).date()) if churned else None,
        **_stamps(start - timedelta(days=rng.uniform(5, 60)), modified),
    }


def _contact(company: Company, number: int, now: datetime, rng: Random) -> Json:
    person = company.people[number]
    created = now - timedelta(days=company.started - min(rng.expovariate(1 / 40), 0.9 * (company.started - company.last_day)))
    modified = created + (now - created) * rng.random() * 0.9
    return {
        "Id": salesforce_id("003", company.index * 20 + number + 1),
        "AccountId": company.account_id,
        "FirstName": person.first,
        "LastName": person.last,
        "Name": person.name,
        "Email": person.email,
        "Title": person.title,
        "HasOptedOutOfEmail": person.left,
        "MasterRecordId": None,
        **_stamps(created, modified),
    }


def _yearly_amount(company: Company, age: float) -> float:
    seats = company.seats * (0.85 if age > 365 else 1.0)
    return round(seats * MONTHLY_CENTS[company.plan] * 12 / 100, 2)


def _opportunities(company: Company, now: datetime, rng: Random) -> list[Json]:
    found: list[Json] = []

    def add(kind: str, closed_age: float, won: bool | None, amount: float, lead_days: float) -> None:
        stage = {True: "Closed Won", False: "Closed Lost", None: rng.choice(("Proposal", "Negotiation", "Qualification"))}
        closed = now - timedelta(days=closed_age)
        created = min(closed, now) - timedelta(days=lead_days)
        found.append(
            {
                "Id": salesforce_id("006", company.index * 40 + len(found) + 1),
                "AccountId": company.account_id,
                "OwnerId": owner_of(company),
                "Name": f"{company.name} - {kind}",
                "Type": kind,
                "StageName": stage[won],
                "IsClosed": won is not None,
                "IsWon": won is True,
                "Amount": amount,
                "Probability": {True: 100.0, False: 0.0, None: float(rng.choice((30, 50, 75)))}[won],
                "CloseDate": day_text(closed.date()),
                "ForecastCategoryName": "Pipeline" if won is None else ("Closed" if won else "Omitted"),
                **_stamps(created, closed if won is not None else created + (now - created) * 0.8),
            }
        )

    add("New Business", company.started, True, _yearly_amount(company, company.started), rng.uniform(20, 80))
    age = company.started - 365
    while age > company.last_day + 1:
        add("Renewal", age, True, _yearly_amount(company, age), rng.uniform(40, 90))
        age -= 365
    if company.ended is not None:
        add("Renewal", company.ended, False, _yearly_amount(company, company.ended), rng.uniform(40, 90))
    elif renewal_age(company) > -90:
        add("Renewal", renewal_age(company), None, _yearly_amount(company, 0), rng.uniform(5, 40))
    month = min(company.started, WINDOW_DAYS) - 60
    while month > company.last_day + 5:
        health = company.health_at(month)
        if rng.random() < 0.05 + 0.10 * max(0.0, health - 0.5):
            won = rng.random() < 0.25 + 0.6 * health
            add("Upsell", month, won, round(_yearly_amount(company, month) * rng.uniform(0.08, 0.3), 2), rng.uniform(10, 50))
        if rng.random() < 0.02:
            add("Services", month, True, float(rng.choice((1500, 2500, 4000, 7500))), rng.uniform(5, 30))
        month -= 30
    return found


def _activities(company: Company, contacts: list[Json], now: datetime, rng: Random) -> list[tuple[str, Json]]:
    found: list[tuple[str, Json]] = []
    pace = {"starter": 52.0, "business": 30.0, "enterprise": 15.0}[company.plan]
    age = min(company.started, WINDOW_DAYS)
    while True:
        health = company.health_at(age)
        age -= rng.expovariate(1 / pace) * (1.7 - health) + 2
        if age < company.last_day:
            break
        found.append(_activity(company, rng.choice(contacts), age, len(found), now, rng))
    if company.ended is None and rng.random() < 0.5:
        found.append(_activity(company, contacts[0], -rng.uniform(1, 25), len(found), now, rng))
    return found


def _activity(company: Company, contact: Json, age: float, number: int, now: datetime, rng: Random) -> tuple[str, Json]:
    at = now - timedelta(days=age)
    name = "Event" if age < 0 or rng.random() < 0.45 else "Task"
    onboarding = company.started - age < 60
    kind, subject = rng.choice(_MEETINGS if name == "Event" else _TASKS)
    if onboarding and name == "Event":
        kind, subject = ("Training", "New user onboarding session") if rng.random() < 0.7 else ("Meeting", "Kick-off")
    created = min(at, now) - timedelta(days=rng.uniform(1, 8))
    record: Json = {
        "Id": salesforce_id("00U" if name == "Event" else "00T", company.index * 200 + number + 1),
        "AccountId": company.account_id,
        "WhatId": company.account_id,
        "WhoId": contact["Id"],
        "OwnerId": owner_of(company),
        "Subject": subject,
        "Type": kind,
        "ActivityDate": day_text(at.date()),
        "IsArchived": age > 365,
        **_stamps(created, max(created, min(at, now))),
    }
    if name == "Task":
        done = rng.random() < 0.55 + 0.4 * company.health_at(age)
        record |= {
            "Status": "Completed" if done else rng.choice(("Not Started", "Deferred")),
            "Priority": "Normal",
            "IsClosed": done,
            "TaskSubtype": kind,
            "CallType": "Outbound" if kind == "Call" else None,
            "CompletedDateTime": salesforce_time(at) if done else None,
        }
    else:
        minutes = rng.choice((30, 45, 60, 90))
        record |= {
            "ActivityDateTime": salesforce_time(at),
            "StartDateTime": salesforce_time(at),
            "EndDateTime": salesforce_time(at + timedelta(minutes=minutes)),
            "DurationInMinutes": minutes,
            "IsChild": False,
        }
    return name, record
