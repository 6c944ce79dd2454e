"""A made-up company whose desk is a simulated Zendesk, and whose product's usage is a file: of any size, and never at rest."""

from __future__ import annotations

import csv
import random
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from accountpulse.config.model_schema import DEFAULT_MODELS, default_model_text
from accountpulse.config.settings import DEFAULT_PATH
from accountpulse.config.yaml import dump_yaml
from accountpulse.connectors.zendesk import mapping
from accountpulse.core.clock import SystemClock
from accountpulse.core.model import Record, UsageDay
from accountpulse.testing.vendors.world.wire import zulu
from accountpulse.testing.vendors.zendesk import ZendeskVendor

DESK, PRODUCT = "desk", "product"
PRIORITIES = ("low", "normal", "high", "urgent")
# The vendor shows nothing of its last minute, so what is to be seen now was changed before it.
SETTLED = timedelta(seconds=90)
Contents = Mapping[tuple[str, str], Mapping[str, Record]]


class Company:
    """One account in 25 records; of the others three quarters are tickets, one quarter days of usage."""

    def __init__(self, records: int, folder: Path, chance: random.Random) -> None:
        self._folder = folder
        self._chance = chance
        self._now = datetime.now(UTC)
        self._changed = self._now - timedelta(days=100)
        self.accounts = max(2, records // 50)
        rest = max(8, records - 2 * self.accounts)
        self._vendor_ids = rest * 3 // 4
        self.desk = ZendeskVendor(None, SystemClock())
        long_ago = self._now - timedelta(days=200)
        for n in range(self.accounts):
            body = {"id": n + 1, "name": f"Company {n}", "domain_names": [f"c{n}.example"], "created_at": zulu(long_ago)}
            self._load("organization", body, long_ago + timedelta(seconds=n))
        for n in range(self._vendor_ids):
            at = long_ago + timedelta(seconds=n * 100)
            self._load("ticket", self._ticket(n + 1, at), at)
        self._usage = [self._day(n) for n in range(rest - self._vendor_ids)]
        self._write_files()

    def change(self, share: float) -> None:
        """Let this share of the tickets change, some come, some go, and some usage be corrected."""
        # A second after what changed before: the vendor's cursor, which may stand there, counts whole seconds.
        self._changed = max(datetime.now(UTC) - SETTLED, self._changed + timedelta(seconds=1))
        chance, at = self._chance, self._changed
        alive = [each.id for each in self.desk.stored("ticket") if not each.deleted]
        # By id, as the vendor's cursor goes within a second: whoever reads meanwhile would be past those that come later.
        for id in sorted(chance.sample(alive, max(2, int(len(alive) * share))), key=int):
            if chance.random() < 0.05:
                self.desk.put("ticket", {**self._ticket(int(id), at), "status": "deleted"}, at=at)
            else:
                self.desk.put("ticket", self._ticket(int(id), at), at=at)
        for _ in range(max(1, int(self._vendor_ids * share / 10))):
            self._vendor_ids += 1
            self.desk.put("ticket", self._ticket(self._vendor_ids, at), at=at)
        for row in chance.sample(self._usage, max(1, int(len(self._usage) * share))):
            row["count"] = chance.randrange(1, 500)
        self._write_files()

    def expected(self) -> Contents:
        """What a store must hold, by (connection, record type) and id."""
        tickets = [mapping.ticket(each.body) for each in self.desk.stored("ticket")]
        accounts = [mapping.account(each.body) for each in self.desk.stored("organization")]
        usage = [
            UsageDay(
                source_id=row["id"], account=row["account"], user=row["user"], feature=row["feature"],
                day=date.fromisoformat(row["day"]), count=row["count"],
            )
            for row in self._usage
        ]  # fmt: skip
        return {
            (DESK, "ticket"): {each.source_id: each for each in tickets if each is not None},
            (DESK, "account"): {each.source_id: each for each in accounts if each is not None},
            (PRODUCT, "usage_day"): {each.source_id: each for each in usage},
        }

    def write_configuration(self, store: str) -> Path:
        """Write a configuration that reads the company into a store; returns its path."""
        models = self._folder / "models"
        models.mkdir(exist_ok=True)
        for name in DEFAULT_MODELS:
            (models / f"{name}.yaml").write_text(default_model_text(name), encoding="utf-8")
        token = self._folder / "token"
        token.write_text(self.desk.credentials["oauth_token"], encoding="utf-8")
        token.chmod(0o600)
        accounts = {
            "path": "accounts.csv", "record": "account", "timezone": "UTC",
            "columns": {"source_id": "id", "name": "name", "domains": "domain", "customer_since": "since"},
        }  # fmt: skip
        usage = {"path": "usage.csv", "record": "usage_day", "columns": {"source_id": "id", **{n: n for n in _USAGE[1:]}}}
        path = self._folder / DEFAULT_PATH
        path.write_text(
            dump_yaml(
                {
                    "store": {"url": store},
                    "connections": {
                        PRODUCT: {"connector": "tabular", "anchor": True, "config": {"files": [accounts, usage]}},
                        DESK: {"connector": "zendesk", "config": {"base_url": self.desk.base_url, "oauth_token": "file:token"}},
                    },
                    "segments": [{"name": "standard", "default": True, "model": "models/standard.yaml"}],
                }
            ),
            encoding="utf-8",
        )
        return path

    def _load(self, kind: str, body: dict[str, Any], at: datetime) -> None:
        self.desk.complete(kind, body, at)
        self.desk.load(kind, body, at)

    def _ticket(self, number: int, at: datetime) -> dict[str, Any]:
        return {
            "id": number,
            "organization_id": number % self.accounts + 1,
            "subject": f"Ticket {number}",
            "priority": self._chance.choice(PRIORITIES),
            "status": self._chance.choice(("open", "solved")),
            "created_at": zulu(self._now - timedelta(days=1 + number % 120)),
            "updated_at": zulu(at),
        }

    def _day(self, number: int) -> dict[str, Any]:
        return {
            "id": f"u{number}",
            "account": f"a{number % self.accounts}",
            "user": f"user{number % 7}@c{number % self.accounts}.example",
            "feature": f"feature {number % 5}",
            "day": (self._now.date() - timedelta(days=1 + number // self.accounts)).isoformat(),
            "count": self._chance.randrange(1, 500),
        }

    def _write_files(self) -> None:
        accounts = [
            {"id": f"a{n}", "name": f"Company {n}", "domain": f"c{n}.example", "since": "2024-02-01"}
            for n in range(self.accounts)
        ]
        for name, rows in (("accounts.csv", accounts), ("usage.csv", self._usage)):
            new = self._folder / f"{name}.new"
            with new.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
            new.replace(self._folder / name)


_USAGE = ("id", "account", "user", "feature", "day", "count")


def differing(record: Record, row: Mapping[str, Any]) -> list[str]:
    """The fields of a record that a row has otherwise."""
    said = {f.name: getattr(record, f.name) for f in fields(record) if f.name != "raw_ref"}
    return [name for name, value in said.items() if name in row and not _same(row[name], value)]


def _same(stored: Any, said: Any) -> bool:
    return list(stored) == list(said) if isinstance(said, tuple) else bool(stored == said)
