"""Random worlds of facts for the metric laws: many versions, late knowledge, moved links, times on a window's edge."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from accountpulse.core.clock import day_of, start_of_day
from accountpulse.core.model import FieldSchema, Kind, RecordSchema, schemas
from accountpulse.core.store import tables
from accountpulse.core.store.facts import FACTS
from accountpulse.core.store.metadata import metadata

DAY = date(2026, 3, 10)
ZONE = ZoneInfo("America/New_York")
EDGES = (0, 30, 60, 90, 180, 360, 365, 730)
CURRENCIES = ("USD",) * 12 + ("EUR", "EUR", "JPY", "KWD")
Row = dict[str, Any]
WORDS = {"source_id": None, "user": ["ann", "bob", "cy"], "feature": ["export", "report"], "stage": ["open", "closed"]}


@dataclass
class World:
    """Rows of the tables that metrics read."""

    connections: list[Row] = field(default_factory=list)
    streams: list[Row] = field(default_factory=list)
    accounts: list[Row] = field(default_factory=list)
    source_accounts: list[Row] = field(default_factory=list)
    links: list[Row] = field(default_factory=list)
    rates: list[Row] = field(default_factory=list)
    key_features: list[str] | None = None
    facts: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in FACTS})

    def histories(self, record: str) -> Iterator[list[Row]]:
        """The versions of each record, oldest first."""
        found: dict[tuple[int, str], list[Row]] = {}
        for row in self.facts[record]:
            found.setdefault((row["connection_id"], row["source_id"]), []).append(row)
        for rows in found.values():
            yield sorted(rows, key=lambda r: (r["known_from"], r["id"]))

    def copy(self) -> World:
        return copy.deepcopy(self)


def connection_row(number: int, **given: object) -> Row:
    return {
        "id": number,
        "name": f"connection{number}",
        "connector": "test",
        "priority": number,
        "anchor": number == 1,
        "provides": list(FACTS),
        "state": "ok",
        "state_since": datetime(2020, 1, 1, tzinfo=UTC),
        **given,
    }


def random_world(seed: int, *, day: date = DAY, zone: ZoneInfo = ZONE) -> World:
    return _Maker(random.Random(seed), day, zone).world()


class _Maker:
    def __init__(self, dice: random.Random, day: date, zone: ZoneInfo) -> None:
        self.dice = dice
        self.edges = [start_of_day(day + timedelta(days=1 - n), zone) for n in EDGES]
        self.end = self.edges[0]

    def world(self) -> World:
        world = World()
        world.connections = [connection_row(1, priority=self.dice.randint(1, 2)), connection_row(2, priority=1)]
        world.accounts = [{"id": i, "created_at": self.instant()} for i in (1, 2, 3)]
        for i in range(1, 6):
            # Named before anything else is known: who was not yet is unknown then, which test_states says.
            row = {"id": i, "connection_id": 1 + i % 2, "key": f"k{i}", "first_known_at": datetime(1990, 1, 1, tzinfo=UTC)}
            world.source_accounts.append(row)
            for begin, end in self.periods():
                link = {"id": len(world.links) + 1, "source_account_id": i, "account_id": self.dice.randint(1, 3)}
                world.links.append(link | {"method": "manual", "evidence": "", "known_from": begin, "known_to": end})
        world.rates = self.rates()
        world.key_features = self.dice.choice((None, None, [], ["export", "chat"]))
        for name, schema in schemas().items():
            if name == "account":
                for source in world.source_accounts:
                    self.record(world, schema, source, source["key"])
            else:
                for n in range(self.dice.randint(0, 25)):
                    self.record(world, schema, self.dice.choice(world.source_accounts), f"{self.dice.choice('aBä')}{n}")
        return world

    def rates(self) -> list[Row]:
        """Dated rates of some currencies; most have one by T, a few come later, and CHF often has none."""
        found = {}
        for currency, rate in (("EUR", 1.085), ("JPY", 0.0067), ("KWD", 3.25), ("CHF", 1.13)):
            for _ in range(self.dice.choice((0, 1, 2) if currency == "CHF" else (1, 2, 3))):
                day = self.end.date() - timedelta(days=self.dice.choice((-3, -1, 0, 1, 2, 40, 900, 900)))
                found[currency, day] = round(rate * self.dice.choice((0.9, 1.0, 1.3)), 6)
        return [{"currency": c, "day": d, "rate": rate} for (c, d), rate in found.items()]

    def record(self, world: World, schema: RecordSchema, source: Row, source_id: str) -> None:
        values = {f.name: self.value(f) for f in schema.fields}
        rows = world.facts[schema.name]
        for begin, end in self.periods():
            for f in schema.fields:
                # Undated attributes change from version to version; what happens later is filled in; the rest may be corrected.
                if f.role == "undated" or self.dice.random() < (0.5 if f.role == "lifecycle" else 0.1):
                    values[f.name] = self.value(f)
            rows.append(
                {
                    "id": len(rows) + 1,
                    "connection_id": source["connection_id"],
                    "source_id": source_id,
                    "source_account_id": source["id"],
                    "known_from": begin,
                    "known_to": end,
                    "assumed": self.dice.random() < 0.5,
                    "hash": b"",
                    "raw_ref": None,
                    **values,
                }
            )

    def periods(self) -> list[tuple[datetime, datetime | None]]:
        """Up to three adjoining periods of knowledge; usually the last one is open."""
        begins = sorted({self.instant() for _ in range(self.dice.choice((0, 0, 1, 2)))} | {self.long_ago()})
        final = None if self.dice.random() < 0.85 else begins[-1] + timedelta(days=self.dice.randint(0, 40))
        return list(zip(begins, [*begins[1:], final], strict=True))

    def instant(self) -> datetime:
        if self.dice.random() < 0.3:
            return self.dice.choice(self.edges) + self.dice.choice((-1, 0, 1)) * timedelta(microseconds=1)
        if self.dice.random() < 0.5:
            return self.end + timedelta(minutes=self.dice.randint(-60 * 24 * 60, 10 * 24 * 60))
        return self.end + timedelta(minutes=self.dice.randint(-800 * 24 * 60, 20 * 24 * 60))

    def long_ago(self) -> datetime:
        """Usually early enough that there is something to see at T."""
        return self.instant() - timedelta(days=self.dice.choice((0, 300, 400)))

    def value(self, field: FieldSchema) -> Any:
        if field.nullable and self.dice.random() < (0.85 if field.name == "churned_at" else 0.3):
            return None
        if field.name in ("created_at", "customer_since"):
            return self.long_ago()
        if field.name == "currency":
            return self.dice.choice(CURRENCIES if self.dice.random() < 0.9 else (*CURRENCIES, "CHF"))
        if field.name in ("scale_min", "scale_max"):
            return {"scale_min": 0.0, "scale_max": self.dice.choice((0.0, 5.0, 10.0))}[field.name]
        if field.allowed:
            return self.dice.choice(field.allowed)
        if field.name == "parent":
            return f"k{self.dice.randint(1, 6)}"
        match field.kind:
            case Kind.TEXT:
                return self.dice.choice(WORDS.get(field.name) or ["x", "Y", "ä", "it's", "a:b"])
            case Kind.INTEGER:
                return self.dice.choice((0, 1, 2, 3, 7, 10, 999_999, -5))
            case Kind.FLOAT:
                return self.dice.choice((0.0, 1.0, 0.1, 9.5, 10.0))
            case Kind.BOOLEAN:
                return self.dice.random() < 0.6
            case Kind.INSTANT:
                return self.instant()
            case Kind.DAY:
                edge = self.dice.choice(EDGES) if self.dice.random() < 0.4 else self.dice.randint(-5, 100)
                return DAY + timedelta(days=1 - edge - self.dice.choice((0, 0, 1)))
            case Kind.JSON:
                if field.name == "custom":
                    return {k: self.dice.choice((1, "b", True, None)) for k in self.dice.sample("abc", self.dice.randint(0, 3))}
                return self.dice.sample(["a.example", "b.example"], self.dice.randint(0, 2))


def load(engine: sa.Engine, world: World) -> None:
    """Empty the store and put the world into it."""
    with engine.begin() as c:
        if engine.dialect.name == "postgresql":
            c.execute(sa.text("truncate " + ", ".join(f'"{t.name}"' for t in metadata.sorted_tables)))
        else:
            for table in reversed(metadata.sorted_tables):
                c.execute(table.delete())
        for table, rows in (
            (tables.connection, world.connections),
            (tables.stream_state, world.streams),
            (tables.account, world.accounts),
            (tables.source_account, world.source_accounts),
            (tables.link, world.links),
            (tables.fx_rate, world.rates),
            (tables.setting, [{"key": "key_features", "value": world.key_features}]),
            *((FACTS[name], rows) for name, rows in world.facts.items()),
        ):
            if rows:
                # The first row decides which columns are written.
                names = dict.fromkeys(name for row in rows for name in row)
                c.execute(table.insert(), [{name: row.get(name) for name in names} for row in rows])


def without_the_future(world: World, end: datetime, day: date) -> World:
    """The same world with everything after T removed: later events, later stamps, and later values of undated fields."""
    result = world.copy()
    for name, schema in schemas().items():
        kept: list[Row] = []
        for versions in result.histories(name):
            known = [v for v in versions if v["known_from"] < end]
            valid = known[-1] if known else versions[0]
            undated = {f.name: valid[f.name] for f in schema.fields if f.role == "undated"}
            for version in versions:
                if schema.event and not _before(version[schema.event.name], end, day):
                    continue
                if version["known_from"] >= end:
                    version.update(undated)
                happens = {f.name: f.name if f.role == "lifecycle" else f.dated_by for f in schema.fields}
                version.update({n: None for n, at in happens.items() if at and version[at] is not None and version[at] >= end})
                kept.append(version)
        result.facts[name] = kept
    result.rates = [r for r in result.rates if r["day"] <= day]
    return result


def without_later_knowledge(world: World, known_at: datetime, zone: ZoneInfo) -> World:
    """The same world as it was stored at `known_at`."""
    result = world.copy()
    result.rates = [r for r in result.rates if r["day"] <= day_of(known_at, zone)]
    for rows in (result.links, *result.facts.values()):
        rows[:] = [r for r in rows if r["known_from"] <= known_at]
        for row in rows:
            if row["known_to"] is not None and row["known_to"] > known_at:
                row["known_to"] = None
    return result


def _before(at: date | datetime, end: datetime, day: date) -> bool:
    return at < end if isinstance(at, datetime) else at <= day
