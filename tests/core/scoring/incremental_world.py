"""A small company that everything happens to, in random order: what incremental scoring must notice."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from tests.core.scoring.incremental_models import METRICS, draft

from accountpulse.core.clock import FixedClock, start_of_day
from accountpulse.core.identity.linker import link_accounts
from accountpulse.core.identity.profiles import refresh_profiles
from accountpulse.core.metrics.asof import AsCorrected
from accountpulse.core.metrics.features import configure_key_features
from accountpulse.core.metrics.population import population
from accountpulse.core.model import (
    Account,
    Activity,
    Invoice,
    Pulse,
    Record,
    Subscription,
    SubscriptionChange,
    SurveyResponse,
    Ticket,
    UsageDay,
    schema_of,
)
from accountpulse.core.scoring.day import Yardstick
from accountpulse.core.scoring.points import PointsScorer
from accountpulse.core.scoring.publication import Draft, put_in_force, withdraw_shadow
from accountpulse.core.scoring.service import ScoringService
from accountpulse.core.scoring.weighted import WeightedScorer
from accountpulse.core.store import connections, people
from accountpulse.core.store.connections import ConnectionSpec
from accountpulse.core.store.database import Store
from accountpulse.core.store.people_tables import score_override
from accountpulse.core.store.rates import write_rates
from accountpulse.core.store.scorecards import PUBLISHED, SHADOW, in_force
from accountpulse.core.store.tables import account_profile
from accountpulse.core.store.writes import AccountKeys, delete_records, write_records
from accountpulse.core.sync.connector import usage_key
from accountpulse.core.sync.rows import to_row

NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)
ZONE = ZoneInfo("America/New_York")
KEYS = [f"k{i}" for i in range(7)]
PROVIDES = {
    "crm": ("account", "activity", "pulse"),
    "billing": ("subscription", "subscription_change", "invoice"),
    "app": ("usage_day",),
    "desk": ("account", "ticket", "survey_response"),
}
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
EDGES = (0, 1, 29, 30, 31, 59, 60, 61, 89, 90, 91, 120)


Writing = tuple[str, Sequence[tuple[Record, bool]], bool]
"""To which connection, its records and whether their beginning is assumed, and whether links are looked at after it."""


class IncrementalWorld:
    """A store, a clock, and everything that can happen. quiet: nothing has happened yet, to five customers of long ago."""

    def __init__(self, store: Store, seed: int, *, quiet: bool = False) -> None:
        self.store = store
        self.dice = random.Random(seed)
        self.clock = FixedClock(NOON)
        self.ids: dict[str, int] = {}
        self.known: dict[str, list[tuple[str, str]]] = {}
        self.accounts: dict[tuple[str, str], Account] = {}
        self.number = 0
        self.born: list[Writing] | None = None
        self.configure()
        with store.write() as connection:
            for name in PROVIDES:
                connections.update_stream(connection, self.ids[name], "s", first_loaded_at=NOON, last_success_at=NOON)
        self.service = self.make_service(store)
        if quiet:
            with store.write() as connection:
                configure_key_features(connection, ["export"])
            self.put("crm", *(customer(key) for key in KEYS[:5]))
            self.relink()
            return
        self.born = births = []
        for key in KEYS[:5]:
            self.company(key)
        for _ in range(60):
            self.dice.choice((self.use, self.ticket, self.invoice, self.move_revenue, self.answer, self.activity))()
        self.born = None
        # Nothing is scored in between, so only the last look at what is linked counts.
        linked = max((i for i, (_, _, relinked) in enumerate(births, 1) if relinked), default=0)
        self.write(births[:linked])
        if linked:
            self.relink()
        self.write(births[linked:])

    def make_service(self, store: Store) -> ScoringService:
        scorers = {"weighted": WeightedScorer, "points": PointsScorer}
        yardstick = Yardstick(ZONE, "USD", METRICS, scorers, {"plan": [self.ids["desk"], self.ids["crm"]]}, timedelta(days=3))
        return ScoringService(store, self.clock, yardstick, draft())

    # --- what happens -------------------------------------------------------------------------------------------------

    def happen(self) -> str:
        """Let something happen; returns what."""
        often = (self.use, self.ticket, self.invoice, self.move_revenue, self.answer, self.activity, self.pulse, self.seats)
        seldom = (
            self.company,
            self.move,
            self.delete,
            self.rates,
            self.features,
            self.freshness,
            self.configure,
            self.override,
            self.publish,
            self.shade,
            self.backfill,
            self.wait,
            self.wait,
            self.sleep,
            self.rescore,
            self.relink,
        )
        chosen: Callable[[], object] = self.dice.choice(often if self.dice.random() < 0.55 else seldom)
        said = chosen()
        return f"{chosen.__name__}{'' if said is None else f' {said}'}"

    @property
    def today(self) -> date:
        return self.service.today

    def day(self) -> date:
        return self.today - timedelta(days=self.dice.choice(EDGES) - self.dice.choice((0, 0, 0, 1)))

    def at(self) -> datetime:
        hour = self.dice.choice((0, 0, 5, 23))
        return start_of_day(self.day(), ZONE) + hour * HOUR - timedelta(microseconds=self.dice.choice((0, 0, 1)))

    def key(self) -> str:
        return self.dice.choice(KEYS[:6])

    def put(self, name: str, *records: Record) -> None:
        drawn = [(record, self.dice.random() < 0.3) for record in records]
        self.known.setdefault(name, []).extend((schema_of(type(record)).name, record.source_id) for record in records)
        writing = (name, drawn, self.dice.random() < 0.6)
        if self.born is not None:
            self.born.append(writing)
            return
        self.write([writing])
        if writing[2]:
            self.relink()

    def write(self, writings: Sequence[Writing]) -> None:
        now = self.clock.now()
        with self.store.write() as connection:
            for name, drawn, _ in writings:
                keys = AccountKeys(self.ids[name])
                for record, assumed in drawn:
                    kind = schema_of(type(record)).name
                    open_day = self.today if kind == "usage_day" else None
                    write_records(connection, kind, [to_row(record)], keys=keys, now=now, assumed=assumed, open_day=open_day)

    def relink(self) -> None:
        with self.store.write() as connection:
            link_accounts(connection, self.clock.now(), account_keys={"app": "reference", "billing": "reference"})
            everyone = population(connection, day=self.today, zone=ZONE, mode=AsCorrected(), include_churned=True)
            refresh_profiles(connection, everyone)

    def name(self, prefix: str) -> str:
        """A record's id: usually a new one."""
        if self.dice.random() < 0.3 and self.number:
            return f"{prefix}{self.dice.randint(1, self.number)}"
        self.number += 1
        return f"{prefix}{self.number}"

    def use(self) -> None:
        key, user, day = self.key(), self.dice.choice(("ann", "bob")), self.day()
        feature = self.dice.choice(("export", "report", "chat", "rare"))
        id = usage_key(key, user, feature, day)
        count = self.dice.randint(1, 30)
        self.put("app", UsageDay(source_id=id, account=key, user=user, feature=feature, day=day, count=count))

    def ticket(self) -> None:
        opened = self.at()
        solved = (
            opened + timedelta(hours=self.dice.choice((3, 24 * 20, 24 * 31, 24 * 60))) if self.dice.random() < 0.6 else None
        )
        priority = self.dice.choice((1, 2, 4, 4))
        self.put(
            "desk",
            Ticket(source_id=self.name("t"), account=self.key(), opened_at=opened, solved_at=solved, priority=priority),  # type: ignore[arg-type]  # one of the allowed
        )

    def invoice(self) -> None:
        due = self.at()
        paid = due + timedelta(days=self.dice.choice((-3, 1, 31))) if self.dice.random() < 0.5 else None
        currency = self.dice.choice(("USD", "EUR", "CHF"))
        self.put(
            "billing",
            Invoice(
                source_id=self.name("i"),
                account=self.key(),
                issued_at=due - self.dice.choice((0, 30)) * DAY,
                due_at=due,
                paid_at=paid,
                amount=self.dice.randint(1, 9) * 5000,
                currency=currency,
            ),
        )

    def move_revenue(self) -> None:
        self.put(
            "billing",
            SubscriptionChange(
                source_id=self.name("m"),
                account=self.key(),
                subscription="s",
                kind="new",
                at=self.at(),
                mrr_delta=self.dice.choice((-2000, 1000, 5000, 8000)),
                currency=self.dice.choice(("USD", "USD", "EUR", "CHF")),
            ),
        )

    def seats(self) -> None:
        status = self.dice.choice(("active", "canceled"))
        self.put(
            "billing",
            Subscription(
                source_id=self.name("s"), account=self.key(), status=status, seats=3, currency="USD", started_at=self.at()
            ),  # type: ignore[arg-type]  # one of the allowed
        )

    def answer(self) -> None:
        self.put(
            "desk",
            SurveyResponse(
                source_id=self.name("a"),
                account=self.key(),
                kind="csat",
                score=self.dice.randint(1, 5),
                scale_min=1,
                scale_max=5,
                responded_at=self.at(),
            ),
        )

    def activity(self) -> None:
        self.put("crm", Activity(source_id=self.name("v"), account=self.key(), kind="meeting", at=self.at()))

    def pulse(self) -> None:
        value = self.dice.choice((10, 50, 95))
        self.put("crm", Pulse(source_id=self.name("p"), account=self.key(), value=value, author="x", reason="y", at=self.at()))

    def company(self, key: str | None = None) -> str:
        """A customer begins, changes, gets a parent, leaves, or comes back."""
        chosen = key or self.dice.choice(KEYS)
        since = self.clock.now() - self.dice.choice((400, 400, 95, 90, 89, 60, 30, 0, -1)) * DAY
        created = Account(
            source_id=chosen,
            name=chosen,
            owner=self.dice.choice(("Ann", "Bo", None)),
            plan=self.dice.choice(("basic", "basic", "enterprise")),
            parent=self.dice.choice((None, *KEYS)),
            domains=(f"{chosen}.com",),
            created_at=since,
            customer_since=since,
            churned_at=self.at() if self.dice.random() < (0 if key else 0.15) else None,
            custom={"tier": self.dice.choice(("a", "b"))},
        )
        self.put("crm", created)
        return chosen

    def move(self) -> None:
        """The desk's organisation belongs to another customer now, or to none."""
        key = self.key()
        domains = self.dice.choice(((), *((f"{other}.com",) for other in KEYS)))
        self.put("desk", Account(source_id=key, name=key, plan=self.dice.choice((None, "enterprise")), domains=domains))

    def delete(self) -> None:
        name = self.dice.choice(sorted(self.known))
        kind, id = self.dice.choice(self.known[name])
        with self.store.write() as connection:
            delete_records(connection, kind, [id], keys=AccountKeys(self.ids[name]), now=self.clock.now())
        if self.dice.random() < 0.5:
            self.relink()

    def rates(self) -> None:
        rate = self.dice.choice((1.0, 1.1, 1.2))
        rates = {"EUR": {date(2020, 1, 1): 1.1, self.day(): rate}}
        if self.dice.random() < 0.5:
            rates["CHF"] = {self.day(): rate}
        with self.store.write() as connection:
            write_rates(connection, rates)

    def features(self) -> None:
        with self.store.write() as connection:
            configure_key_features(connection, self.dice.choice((None, None, ["export"], ["export", "chat", "x"])))

    def freshness(self) -> None:
        """A source is read again, or was never loaded, or not for days."""
        name = self.dice.choice(sorted(PROVIDES))
        now = self.clock.now()
        last, first = self.dice.choice(((now, now), (now, now), (now - 4 * DAY, now), (None, None)))
        with self.store.write() as connection:
            connections.update_stream(connection, self.ids[name], "s", first_loaded_at=first, last_success_at=last)

    def configure(self) -> None:
        """The configuration changes who is believed first, or what is connected."""
        names = list(PROVIDES)
        if self.ids:
            self.dice.shuffle(names)
            names = names if self.dice.random() < 0.7 else names[1:]
        specs = [
            ConnectionSpec(
                name=name,
                connector=name,
                priority=i,
                anchor=name == "crm",
                provides=PROVIDES[name],
                streams={"s": PROVIDES[name]},
            )
            for i, name in enumerate(names)
        ]
        with self.store.write() as connection:
            self.ids |= connections.register(connection, specs, self.clock.now())

    def override(self) -> None:
        with self.store.read() as connection:
            accounts = list(connection.execute(sa.select(account_profile.c.account_id)).scalars())
        if not accounts:
            return
        account, now = self.dice.choice(accounts), self.clock.now()
        with self.store.write() as connection:
            if self.dice.random() < 0.3:
                people.end_current(connection, score_override, account, by="x", now=now)
                return
            values = {
                "score": self.dice.choice((5.0, 90.0)),
                "owner": "x",
                "reason": "y",
                "expires_at": now + self.dice.choice((2, 30, 100)) * HOUR,
            }
            people.replace(connection, score_override, account, values, by="x", now=now)

    def publish(self) -> None:
        with self.store.write() as connection:
            put_in_force(connection, self.draft(), PUBLISHED, author="x", now=self.clock.now())

    def shade(self) -> None:
        with self.store.write() as connection:
            if in_force(connection, SHADOW) and self.dice.random() < 0.5:
                withdraw_shadow(connection, author="x", now=self.clock.now())
            else:
                put_in_force(connection, self.draft(), SHADOW, author="x", now=self.clock.now())

    def draft(self) -> Draft:
        return draft(self.dice.choice(("whole", "other", "young")), self.dice.choice((9000, 6000)))

    def backfill(self) -> None:
        day = self.today - timedelta(days=self.dice.randint(1, 3))
        self.service.run(day)

    def rescore(self) -> None:
        with self.store.read() as connection:
            accounts = list(connection.execute(sa.select(account_profile.c.account_id)).scalars())
        if accounts:
            self.service.run_accounts([self.dice.choice(accounts)])

    def wait(self) -> None:
        self.clock.advance(self.dice.choice((timedelta(minutes=1), 3 * HOUR, 13 * HOUR)))

    def sleep(self) -> None:
        self.clock.advance(self.dice.choice((1, 1, 1, 2, 30)) * DAY)


def customer(key: str, *, since: datetime = NOON - 400 * DAY, **more: Any) -> Account:
    """A customer as the CRM knows it."""
    return Account(source_id=key, name=key, domains=(f"{key}.com",), created_at=since, customer_since=since, **more)


def usage(world: IncrementalWorld, key: str, day: date) -> UsageDay:
    count = world.dice.randint(1, 10**6)
    return UsageDay(
        source_id=usage_key(key, "zoe", "export", day), account=key, user="zoe", feature="export", day=day, count=count
    )
