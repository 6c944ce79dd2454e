"""The customer base: 228 companies, their people, and how well each was doing week by week.

An archetype decides a company's course, noise blurs it, and everything the vendors hold follows from the course: usage,
tickets, payments and survey answers fade *before* a customer leaves. The archetype itself reaches no vendor.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random
from typing import Literal

from accountpulse.testing.vendors.world.names import (
    COMPANY_FIRST,
    COMPANY_SECOND,
    COUNTRIES,
    FIRST_NAMES,
    FREE_MAIL,
    INDUSTRIES,
    LAST_NAMES,
    TITLES,
)
from accountpulse.testing.vendors.world.wire import salesforce_id

WINDOW_DAYS = 548  # 18 months
CURRENT = 200
CHURNED = 28

Archetype = Literal[
    "thriving", "steady", "fading", "silent", "late-paying", "downgrading", "churning", "new", "churned", "left-suddenly"
]
Plan = Literal["starter", "business", "enterprise"]

_MIX: tuple[tuple[Archetype, int], ...] = (
    ("thriving", 42),
    ("steady", 73),
    ("fading", 16),
    ("silent", 9),
    ("late-paying", 14),
    ("downgrading", 10),
    ("churning", 6),
    ("new", 30),
    ("churned", 22),
    ("left-suddenly", 6),
)
_BASE = {
    "thriving": 0.80, "steady": 0.66, "fading": 0.66, "silent": 0.50, "late-paying": 0.60, "downgrading": 0.62,
    "churning": 0.60, "new": 0.55, "churned": 0.60, "left-suddenly": 0.63,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at a customer. `left` people are no longer active."""

    first: str
    last: str
    email: str
    title: str
    left: bool

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"


@dataclass(frozen=True, slots=True)
class Company:
    """One customer. Ages are days before `now`; `ended` is None for a current customer.

    `health[w]` is how well it was doing w weeks ago, 0..1. The flags say which vendors know it and by what.
    """

    index: int
    name: str
    domain: str
    archetype: Archetype
    plan: Plan
    region: str
    country: str
    industry: str
    employees: int
    seats: int
    started: float
    ended: float | None
    health: tuple[float, ...]
    people: tuple[Person, ...]
    billing_email: str
    parent: int | None
    in_crm_only: bool
    in_support: bool
    support_linked: bool
    in_billing: bool
    billing_linked: bool
    in_usage: bool
    in_surveys: bool

    @property
    def account_id(self) -> str:
        """Its Salesforce account id: what the other systems refer to."""
        return salesforce_id("001", self.index + 1)

    @property
    def last_day(self) -> float:
        """The age at which its activity stops: 0 for a current customer."""
        return self.ended or 0.0

    def health_at(self, age: float) -> float:
        """How well it was doing `age` days ago."""
        return self.health[max(0, min(len(self.health) - 1, int(age / 7)))]

    def random(self, seed: int, topic: str) -> Random:
        """Its own stream of chance for a topic, so that a change in one topic disturbs no other."""
        return Random(f"{seed}/{topic}/{self.index}")  # noqa: S311


RESELLER_DOMAIN = "channelworkspartners.com"
RESOLD = (61, 97)
SHARED_DOMAIN = (33, 84)


def build_companies(seed: int) -> tuple[Company, ...]:
    """The whole base, always in the same order: index 0 to 227."""
    rng = Random(f"{seed}/companies")  # noqa: S311
    archetypes = [archetype for archetype, count in _MIX for _ in range(count)]
    rng.shuffle(archetypes)
    for index in (*RESOLD, *SHARED_DOMAIN):  # the odd billing and domain cases are ordinary, living customers
        if archetypes[index] != "steady":
            other = next(i for i, each in enumerate(archetypes) if each == "steady" and i > 100 and i not in RESOLD)
            archetypes[index], archetypes[other] = "steady", archetypes[index]
    plans = _plans(rng, len(archetypes))
    names = _company_names(rng, len(archetypes))
    special = _special_cases(archetypes)
    return tuple(_company(seed, index, archetypes[index], plans[index], names, special) for index in range(len(archetypes)))


def _plans(rng: Random, count: int) -> list[Plan]:
    mix: tuple[tuple[Plan, int], ...] = (("enterprise", 44), ("business", 112), ("starter", count - 156))
    plans = [plan for plan, number in mix for _ in range(number)]
    rng.shuffle(plans)
    return plans


def _company_names(rng: Random, count: int) -> list[str]:
    stems = [first + second for first in COMPANY_FIRST for second in COMPANY_SECOND]
    return rng.sample(stems, count)


def _special_cases(archetypes: list[Archetype]) -> dict[str, frozenset[int]]:
    """Which companies are known by fewer systems, or by weaker keys."""
    silent = [i for i, each in enumerate(archetypes) if each == "silent"]
    ordinary = [i for i, each in enumerate(archetypes) if each in ("steady", "thriving") and i not in (*RESOLD, *SHARED_DOMAIN)]
    return {
        "crm_only": frozenset(silent[:6]),
        "no_support": frozenset([*silent[6:], *ordinary[3:60:7]]),
        "support_unlinked": frozenset(ordinary[5:100:6]),
        "billing_unlinked": frozenset([*ordinary[4:100:5], *ordinary[2:36:12]]),
        "free_mail": frozenset(ordinary[2:100:12]),
        "children": frozenset(ordinary[9:110:10]),
    }


def _company(
    seed: int, index: int, archetype: Archetype, plan: Plan, stems: list[str], special: dict[str, frozenset[int]]
) -> Company:
    rng = Random(f"{seed}/company/{index}")  # noqa: S311
    stem = stems[SHARED_DOMAIN[0]] if index == SHARED_DOMAIN[1] else stems[index]
    industry = rng.choice(sorted(INDUSTRIES))
    second = rng.choice(INDUSTRIES[industry])
    region = rng.choices(("NA", "EMEA", "APAC"), (5, 3, 2))[0]
    country, suffix = rng.choice(COUNTRIES[region])
    domain = f"{stem}{second}.{suffix}".lower()
    if index in SHARED_DOMAIN:
        domain = f"{stem}group.com".lower()
        second = "Europe" if index == SHARED_DOMAIN[1] else "Americas"
    started, ended = _lifetime(rng, archetype)
    employees = int(rng.lognormvariate({"starter": 3.6, "business": 5.0, "enterprise": 7.2}[plan], 0.6)) + 5
    seats = {"starter": rng.randint(3, 12), "business": rng.randint(10, 60), "enterprise": rng.randint(50, 320)}[plan]
    people = _people(rng, domain, plan)
    crm_only = index in special["crm_only"]
    billing_email = f"billing@{domain}" if rng.random() < 0.6 else people[0].email
    if index in special["free_mail"]:
        billing_email = f"{stem.lower()}.accounts@{rng.choice(FREE_MAIL)}"
    return Company(
        index=index,
        name=f"{stem} {second}",
        domain=domain,
        archetype=archetype,
        plan=plan,
        region=region,
        country=country,
        industry=industry,
        employees=employees,
        seats=seats,
        started=started,
        ended=ended,
        health=_course(rng, archetype, started, ended),
        people=people,
        billing_email=billing_email,
        parent=rng.randrange(8) * 20 + 1 if index in special["children"] else None,
        in_crm_only=crm_only,
        in_support=not crm_only and index not in special["no_support"],
        support_linked=index not in special["support_unlinked"],
        in_billing=not crm_only,
        billing_linked=index not in special["billing_unlinked"] and index not in RESOLD,
        in_usage=archetype != "silent",
        in_surveys=archetype != "silent",
    )


def _lifetime(rng: Random, archetype: Archetype) -> tuple[float, float | None]:
    if archetype == "new":
        return rng.uniform(8, 88), None
    if archetype in ("churned", "left-suddenly"):
        ended = rng.uniform(12, 530)
        return ended + rng.uniform(200, 760), ended
    return rng.uniform(130, 1300), None


def _people(rng: Random, domain: str, plan: Plan) -> tuple[Person, ...]:
    count = {"starter": rng.randint(2, 4), "business": rng.randint(4, 7), "enterprise": rng.randint(7, 12)}[plan]
    people: dict[str, Person] = {}
    while len(people) < count:
        first, last = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)
        email = f"{first}.{last}@{domain}".lower().replace("ö", "o")
        people.setdefault(email, Person(first, last, email, rng.choice(TITLES), rng.random() < 0.05))
    return tuple(people.values())


def _course(rng: Random, archetype: Archetype, started: float, ended: float | None) -> tuple[float, ...]:
    """Health by week, newest first: a base, a slow random walk back to it, and the archetype's drift."""
    bias = rng.gauss(0, 0.07)
    onset = rng.uniform(70, 150)
    depth = rng.uniform(0.22, 0.50)
    walk = 0.0
    course: list[float] = []
    for week in range(WINDOW_DAYS // 7 + 3, -1, -1):
        age = week * 7.0
        walk = 0.85 * walk + rng.gauss(0, 0.035)
        level = _BASE[archetype] + bias + walk + _drift(archetype, age, started, ended, onset, depth)
        course.append(round(max(0.03, min(0.97, level)), 4))
    course.reverse()
    return tuple(course)


def _drift(archetype: Archetype, age: float, started: float, ended: float | None, onset: float, depth: float) -> float:
    match archetype:
        case "thriving":
            return 0.08 * max(0.0, 1 - age / 200)
        case "fading" | "downgrading":
            return -0.75 * depth * _progress(age, onset)
        case "churning":
            return -depth * _progress(age, onset)
        case "churned":
            return -depth * _progress(age - (ended or 0.0), onset)
        case "new":
            return -0.25 * math.exp(-max(0.0, started - age) / 25) + (depth - 0.36) * 0.9
        case _:
            return 0.0


def _progress(age: float, onset: float) -> float:
    """From 0 at `onset` days before the end to 1 at the end and after."""
    return max(0.0, min(1.0, 1 - age / onset))
