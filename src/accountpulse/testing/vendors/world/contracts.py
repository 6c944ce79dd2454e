"""What each company bought and when it changed: prices, seats, discounts, billing rhythm. Pure data, no Stripe shapes."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from accountpulse.testing.vendors.world.companies import RESOLD, WINDOW_DAYS, Company, Plan

MONTH = 365 / 12  # days: every world has the same rhythm, whatever `now` is
YEAR = 365.0
MONTHLY_CENTS = {"starter": 1900, "business": 4500, "enterprise": 7900}
YEARLY_CENTS = {"starter": 19000, "business": 46000, "enterprise": 82000}
ADDONS = ("Analytics", "Premium Support", "Sandbox", "Audit Log", "Single Sign-On", "Data Residency", "API Plus",
          "Mobile", "Branding", "Workflow Packs", "Forecasting")  # fmt: skip
ADDON_CENTS = {"month": 15000, "year": 150000}
MANY_ITEMS = 11  # one enterprise buys every add-on, so that its embedded list of items is cut


@dataclass(frozen=True, slots=True)
class Terms:
    """A plan and a number of seats, in force until the age at which the next terms begin."""

    plan: Plan
    seats: int


@dataclass(frozen=True, slots=True)
class Change:
    """A plan change: at `age` days before now, `before` became `after`."""

    age: float
    before: Terms
    after: Terms


@dataclass(frozen=True, slots=True)
class Contract:
    """How a company is billed. `changes` are oldest first."""

    interval: str
    currency: str
    invoiced: bool
    percent_off: int
    addons: tuple[str, ...]
    changes: tuple[Change, ...]
    final: Terms
    onboarding_paid: bool

    @property
    def period(self) -> float:
        """Days in a billing period."""
        return MONTH if self.interval == "month" else YEAR

    def terms_at(self, age: float) -> Terms:
        """The terms in force `age` days ago."""
        for change in self.changes:
            if age > change.age:
                return change.before
        return self.final

    def seat_cents(self, plan: Plan) -> int:
        return (MONTHLY_CENTS if self.interval == "month" else YEARLY_CENTS)[plan]


def contract_of(company: Company, seed: int, many_items: bool) -> Contract:
    """The company's contract. `many_items` gives it every add-on there is."""
    rng = company.random(seed, "contract")
    yearly = rng.random() < {"starter": 0.05, "business": 0.25, "enterprise": 0.5}[company.plan]
    euro = company.country in ("DE", "FR", "NL") and rng.random() < 0.8
    invoiced = company.plan == "enterprise" or company.archetype == "late-paying" or rng.random() < 0.12
    off = rng.choice((10, 15, 20)) if rng.random() < 0.09 else 0
    addons = ADDONS[:MANY_ITEMS] if many_items else (rng.choice(ADDONS),) if rng.random() < 0.25 else ()
    final = Terms(company.plan, company.seats)
    changes = () if company.index in RESOLD else _changes(company, final, rng)
    return Contract(
        interval="year" if yearly else "month",
        currency="eur" if euro else "usd",
        invoiced=invoiced,
        percent_off=off,
        addons=tuple(addons),
        changes=changes,
        final=final,
        onboarding_paid=rng.random() < 0.4,
    )


def _changes(company: Company, final: Terms, rng: Random) -> tuple[Change, ...]:
    """Walk back from today's terms, so that the last change ends in the plan the CRM shows."""
    after = final
    newest_first: list[Change] = []
    for age, shrink in sorted(_moments(company, rng)):
        before = _before(after, shrink, rng)
        newest_first.append(Change(age, before, after))
        after = before
    return tuple(reversed(newest_first))


def _moments(company: Company, rng: Random) -> list[tuple[float, bool]]:
    oldest = min(company.started, WINDOW_DAYS) - 8
    newest = company.last_day + 3
    found: list[tuple[float, bool]] = []
    if company.archetype == "downgrading":
        found.append((rng.uniform(4, 100), True))
    elif company.archetype == "churned" and rng.random() < 0.6:
        found.append((newest + rng.uniform(12, 110), True))
    elif company.archetype in ("fading", "churning") and rng.random() < 0.3:
        found.append((rng.uniform(5, 90), True))
    age = oldest - rng.uniform(0, 60)
    while age > newest:
        health = company.health_at(age)
        if rng.random() < 0.45 * max(0.0, health - 0.35):
            found.append((age, False))
        elif rng.random() < 0.05 + 0.2 * max(0.0, 0.45 - health):
            found.append((age, True))
        age -= rng.uniform(50, 110)
    return [(age, shrink) for age, shrink in found if newest < age < oldest]


def _before(after: Terms, shrink: bool, rng: Random) -> Terms:
    if shrink:
        if after.plan != "enterprise" and rng.random() < 0.35:
            return Terms("business" if after.plan == "starter" else "enterprise", after.seats)
        return Terms(after.plan, max(after.seats + 1, round(after.seats * rng.uniform(1.2, 1.9))))
    if after.plan != "starter" and rng.random() < 0.1:
        return Terms("starter" if after.plan == "business" else "business", after.seats)
    return Terms(after.plan, max(1, min(after.seats - 1, round(after.seats / rng.uniform(1.08, 1.4)))))
