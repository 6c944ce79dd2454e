"""A store with four connections that know companies, and what each source says of them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from accountpulse.core.clock import FixedClock
from accountpulse.core.identity.linker import LinkReport, link_accounts
from accountpulse.core.identity.resolve import Match
from accountpulse.core.model import Account, Contact, Record, Ticket, schema_of
from accountpulse.core.store import connections as store_connections
from accountpulse.core.store import link_decisions
from accountpulse.core.store.connections import ConnectionSpec
from accountpulse.core.store.database import Store
from accountpulse.core.store.tables import link, source_account, unlinked
from accountpulse.core.store.writes import AccountKeys, delete_records, write_records
from accountpulse.core.sync.rows import to_row

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass
class Company:
    """A store with four connections: crm (the anchor), billing, desk and app, whose keys are other systems' ids."""

    store: Store
    anchors: tuple[str, ...] = ("crm",)
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOON))

    def __post_init__(self) -> None:
        self.configure(*self.anchors)

    def configure(self, *anchors: str) -> None:
        specs = [
            ConnectionSpec(name=name, connector=name, priority=rank, anchor=name in anchors, provides=(), streams={})
            for rank, name in enumerate(("crm", "billing", "desk", "app"))
        ]
        with self.store.write() as connection:
            self.ids = store_connections.register(connection, specs, NOON)

    def know(self, connection_name: str, *records: Record) -> None:
        id = self.ids[connection_name]
        with self.store.write() as connection:
            for record in records:
                name = schema_of(type(record)).name
                write_records(connection, name, [to_row(record)], keys=AccountKeys(id), now=self.clock.now(), assumed=False)

    def lose(self, connection_name: str, key: str) -> None:
        id = self.ids[connection_name]
        with self.store.write() as connection:
            delete_records(connection, "account", [key], keys=AccountKeys(id), now=self.clock.now())

    def relink(self, match: Match | None = None) -> LinkReport:
        with self.store.write() as connection:
            return link_accounts(connection, self.clock.now(), account_keys={"app": "reference"}, match=match)

    def by_hand(self, place: str, account_id: int) -> None:
        """What a person's word writes."""
        values = {"account_id": account_id, "author": "ann@example.com", "reason": None}
        with self.store.write() as connection:
            link_decisions.decide(connection, self.sources()[place], values, by="ann@example.com", now=self.clock.now())

    def rows(self, table: sa.Table) -> list[sa.Row[Any]]:
        with self.store.read() as connection:
            return list(connection.execute(sa.select(table).order_by(*table.primary_key)))

    def sources(self) -> dict[str, int]:
        """Source accounts by `connection:key`."""
        names = {id: name for name, id in self.ids.items()}
        return {f"{names[row.connection_id]}:{row.key}": row.id for row in self.rows(source_account)}

    def links(self, place: str | None = None) -> list[sa.Row[Any]]:
        wanted = None if place is None else self.sources()[place]
        return [row for row in self.rows(link) if wanted is None or row.source_account_id == wanted]

    def account_of(self, place: str) -> int | None:
        current = [row.account_id for row in self.links(place) if row.known_to is None]
        assert len(current) < 2
        return current[0] if current else None

    def method_of(self, place: str) -> str | None:
        return next((row.method for row in self.links(place) if row.known_to is None), None)

    def reason(self, place: str) -> str | None:
        wanted = self.sources()[place]
        return next((row.reason for row in self.rows(unlinked) if row.source_account_id == wanted), None)

    def grouping(self) -> set[frozenset[str]]:
        groups: dict[int | str, set[str]] = defaultdict(set)
        for place in self.sources():
            groups[self.account_of(place) or place].add(place)
        return {frozenset(group) for group in groups.values()}


def company(key: str, **values: Any) -> Account:
    return Account(source_id=key, **values)


def person(id: str, account: str, email: str) -> Contact:
    return Contact(source_id=id, account=account, email=email, created_at=NOON)


def request(id: str, account: str) -> Ticket:
    return Ticket(source_id=id, account=account, opened_at=NOON)
