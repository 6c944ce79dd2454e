"""A small made world with known outcomes, on a real store: customers that use a product, pay for it, and leave or stay."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from accountpulse.core.audit.audit import AuditRequest, audit
from accountpulse.core.audit.report import AuditReport
from accountpulse.core.clock import FixedClock
from accountpulse.core.identity.linker import link_accounts
from accountpulse.core.identity.profiles import refresh_profiles
from accountpulse.core.metrics.asof import AsCorrected
from accountpulse.core.metrics.declare import attribute, count, latest, metric
from accountpulse.core.metrics.population import population
from accountpulse.core.model import Account, Record, Subscription, SubscriptionChange, UsageDay, schema_of
from accountpulse.core.scoring.day import Yardstick
from accountpulse.core.scoring.parse import model_of
from accountpulse.core.scoring.publication import Draft
from accountpulse.core.scoring.segments import parse_rules
from accountpulse.core.scoring.service import ScoringService
from accountpulse.core.scoring.weighted import WeightedScorer
from accountpulse.core.store import connections
from accountpulse.core.store.connections import ConnectionSpec
from accountpulse.core.store.database import Store
from accountpulse.core.store.writes import AccountKeys, write_records
from accountpulse.core.sync.connector import usage_key
from accountpulse.core.sync.rows import to_row

TODAY = date(2026, 6, 30)
NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
ZONE = ZoneInfo("UTC")
SINCE = datetime(2025, 1, 1, tzinfo=UTC)

METRICS = {
    m.name: m
    for m in (
        metric(
            "logins_30d", "n", title="Logins", group="usage", unit="count", better="higher", empty=0,
            n=count("usage_day", window=30),
        ),
        metric(
            "quiet_days", "x", title="Quiet days", group="usage", unit="days", better="lower", clock="since",
            x=latest("usage_day", "day"),
        ),
        metric(
            "seats", "n", title="Seats", group="billing", unit="count", better="higher", empty=0,
            n=count("subscription", where="seats > 5"),
        ),
        metric("size", "x", title="Size", group="relationship", unit="people", better="higher", x=attribute("employees")),
    )
}  # fmt: skip


def line(name: str, normalise: dict[str, object]) -> dict[str, object]:
    return {"metric": name, "weight": 1, "normalise": normalise, "typical": 50, "missing": "worst"}


LOGINS = line("logins_30d", {"linear": [[0, 0], [6, 100]]})
QUIET = line("quiet_days", {"linear": [[0, 100], [60, 0]]})
SEATS = line("seats", {"linear": [[0, 0], [1, 100]]})
SIZE = line("size", {"linear": [[0, 0], [100, 100]]})


def model(*lines: dict[str, object], name: str = "small") -> dict[str, object]:
    bands = [
        {"name": "red", "from": 0, "to": 40},
        {"name": "yellow", "from": 40, "to": 70},
        {"name": "green", "from": 70, "to": 100},
    ]
    groups = [{"name": "all", "weight": 1, "metrics": list(lines)}]
    return {
        "name": name, "goal": "churn", "scorer": "weighted", "coverage_floor": 0.1, "bands": bands, "groups": groups,
    }  # fmt: skip


def draft(content: dict[str, object], rules: list[dict[str, object]] | None = None) -> Draft:
    name = str(content["name"])
    parsed, problems = parse_rules(rules or [{"name": "everybody", "model": name, "default": True}])
    assert not problems
    return Draft(tuple(parsed), {name: model_of(content)})


class World:
    """A store with a CRM, a product, billing, and outcomes. Facts are put as of a first load, unless `late`."""

    def __init__(self, store: Store, content: dict[str, object] | None = None, *, now: datetime = NOW) -> None:
        self.store = store
        self.clock = FixedClock(now)
        provided = {
            "crm": ("account", "opportunity"),
            "app": ("usage_day",),
            "billing": ("subscription", "subscription_change"),
            "success": ("outcome",),
        }
        specs = [
            ConnectionSpec(
                name=name, connector=name, priority=i, anchor=name == "crm", provides=records, streams={"s": records}
            )
            for i, (name, records) in enumerate(provided.items())
        ]
        with store.write() as connection:
            self.ids = connections.register(connection, specs, now)
        self.loaded(now)
        self.yardstick = Yardstick(ZONE, "USD", METRICS, {"weighted": WeightedScorer}, {}, timedelta(days=3))
        made = draft(content or model(LOGINS, QUIET))
        self.service = ScoringService(store, self.clock, self.yardstick, made)

    def loaded(self, at: datetime) -> None:
        """Say when the sources were first loaded."""
        with self.store.write() as connection:
            for id in self.ids.values():
                connections.update_stream(connection, id, "s", first_loaded_at=at, last_success_at=at)

    def put(self, connection_name: str, *records: Record, late: bool = False, at: datetime | None = None) -> None:
        """Write records, learnt at `at` (now)."""
        now = at or self.clock.now()
        with self.store.write() as connection:
            keys = AccountKeys(self.ids[connection_name])
            by_type: dict[str, list[Record]] = {}
            for record in records:
                by_type.setdefault(schema_of(type(record)).name, []).append(record)
            for name, found in by_type.items():
                rows = [to_row(record) for record in found]
                write_records(connection, name, rows, keys=keys, now=now, assumed=not late)
            link_accounts(connection, now, account_keys=dict.fromkeys(("app", "billing", "success"), "reference"))
            everyone = population(connection, day=TODAY, zone=ZONE, mode=AsCorrected(), include_churned=True)
            refresh_profiles(connection, everyone)

    def audit(self, **request: object) -> AuditReport:
        with self.store.read() as connection:
            return audit(connection, self.yardstick, self.clock.now(), AuditRequest(**request))  # type: ignore[arg-type]

    def account_ids(self) -> dict[str, int]:
        with self.store.read() as connection:
            return dict(connection.execute(sa.text("select name, account_id from account_profile")).all())  # type: ignore[arg-type]


def at(day: date | datetime, hour: int = 9) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def company(key: str, **more: object) -> Account:
    return Account(source_id=key, name=key, created_at=SINCE, customer_since=SINCE, **more)  # type: ignore[arg-type]


def usage(key: str, days: Iterable[date]) -> list[UsageDay]:
    return [
        UsageDay(source_id=usage_key(key, "u", "login", day), account=key, user="u", feature="login", day=day, count=1)
        for day in days
    ]


def moved(key: str, day: date | datetime, kind: str, delta: int, number: int = 0, currency: str = "USD") -> SubscriptionChange:
    return SubscriptionChange(
        source_id=f"{key}-{kind}-{at(day):%Y%m%d}-{number}",
        account=key,
        subscription=f"{key}-s",
        kind=kind,  # type: ignore[arg-type]
        at=at(day),
        mrr_delta=delta,
        currency=currency,
    )


def subscribed(key: str, ended: date | None = None, **more: object) -> Subscription:
    return Subscription(
        source_id=f"{key}-s",
        account=key,
        status="canceled" if ended else "active",
        mrr=0 if ended else 1000,
        currency="USD",
        started_at=SINCE,
        ended_at=at(ended) if ended else None,
        **more,  # type: ignore[arg-type]
    )


def life(key: str, left: date | None, quiet_before: int = 45) -> tuple[Account, list[UsageDay], list[SubscriptionChange]]:
    """A customer that uses the product every five days; one that leaves stops `quiet_before` days earlier."""
    last = TODAY if left is None else left - timedelta(days=quiet_before)
    used = [day for n in range(0, 560, 5) if (day := SINCE.date() + timedelta(days=n)) <= last]
    paid = [moved(key, SINCE, "new", 1000)]
    if left is not None:
        paid.append(moved(key, left, "churn", -1000))
    return company(key), usage(key, used), paid


def populate(world: World, stayers: int, leavers: int, *, quiet_before: int = 45) -> dict[str, date]:
    """Fill the world; returns who leaves when: one after another, over the year before the last three months."""
    accounts, uses, payments = [], [], []
    leaving: dict[str, date] = {}
    for i in range(stayers + leavers):
        left = None
        if i < leavers:
            left = leaving[f"c{i}"] = date(2025, 7, 1) + timedelta(days=i * 330 // leavers)
        account, used, paid = life(f"c{i}", left, quiet_before)
        accounts.append(account)
        uses += used
        payments += paid
    world.put("crm", *accounts)
    world.put("app", *uses)
    world.put("billing", *payments)
    return leaving
