"""A small firm: a CRM that founds accounts, a billing system, and people who have something to say."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from accountpulse.core.clock import FixedClock, day_of
from accountpulse.core.identity.service import Links
from accountpulse.core.metrics.asof import AsCorrected
from accountpulse.core.metrics.evaluate import evaluate
from accountpulse.core.metrics.library.relationship import RELATIONSHIP
from accountpulse.core.metrics.states import ComponentState
from accountpulse.core.model import Account, Record, schema_of
from accountpulse.core.people import People
from accountpulse.core.store import connections as store_connections
from accountpulse.core.store import tables
from accountpulse.core.store.connections import ConnectionSpec
from accountpulse.core.store.database import Store
from accountpulse.core.store.writes import AccountKeys, delete_records, write_records
from accountpulse.core.sync.rows import to_row

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
PULSE = next(metric for metric in RELATIONSHIP if metric.name == "pulse_latest")


@dataclass
class Firm:
    """A store, its clock, and the people who write into it."""

    store: Store
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOON))

    def __post_init__(self) -> None:
        self.people = People(self.store, self.clock, BERLIN)
        self.links = Links(self.store, self.clock, BERLIN, account_keys={}, precedence={})
        self.configure("crm")
        self.know("crm", company("a1", "Acme", "acme.com"), company("b1", "Beta", "beta.com"))
        self.relink()

    def configure(self, *anchors: str) -> None:
        specs = [
            ConnectionSpec(name=name, connector=name, priority=rank, anchor=name in anchors, provides=("account",), streams={})
            for rank, name in enumerate(("crm", "billing"))
        ]
        with self.store.write() as connection:
            self.ids = store_connections.register(connection, specs, self.clock.now())

    def know(self, connection_name: str, *records: Record) -> None:
        keys = AccountKeys(self.ids[connection_name])
        with self.store.write() as connection:
            for record in records:
                name = schema_of(type(record)).name
                write_records(connection, name, [to_row(record)], keys=keys, now=self.clock.now(), assumed=False)

    def lose(self, connection_name: str, key: str) -> None:
        keys = AccountKeys(self.ids[connection_name])
        with self.store.write() as connection:
            delete_records(connection, "account", [key], keys=keys, now=self.clock.now())

    def relink(self) -> None:
        """Link as a sync does."""
        self.clock.advance(timedelta(minutes=1))
        self.links.relink()

    def score(self, account_id: int, score: float, *, raw: float | None = None, band: str = "green") -> None:
        """Let the account have a score, or another one."""
        day = day_of(self.clock.now(), BERLIN)
        row: dict[str, Any] = {c.name: 0 for c in tables.score_current.c} | {
            "account_id": account_id, "day": day, "segment_id": 1, "model_id": 1, "score": score, "band": band,
            "raw_score": score if raw is None else raw, "raw_band": band, "band_since": day, "trend_28d": None,
            "trend_90d": None, "content_hash": b"", "scored_at": self.clock.now(),
        }  # fmt: skip
        with self.store.write() as connection:
            if not connection.execute(sa.select(tables.segment.c.id)).first():
                connection.execute(sa.insert(tables.segment).values(id=1, name="standard"))
                connection.execute(
                    sa.insert(tables.scoring_model).values(
                        id=1, version="0", name="standard", content={}, created_at=self.clock.now()
                    )
                )
            connection.execute(sa.delete(tables.score_current).where(tables.score_current.c.account_id == account_id))
            connection.execute(sa.insert(tables.score_current).values(row))

    def rows(self, table: sa.Table) -> list[sa.Row[Any]]:
        with self.store.read() as connection:
            return list(connection.execute(sa.select(table).order_by(*table.primary_key)))

    def account(self, connection_name: str, key: str) -> int | None:
        """The account that a source's key is linked to."""
        query = (
            sa.select(tables.link.c.account_id)
            .join(tables.source_account, tables.source_account.c.id == tables.link.c.source_account_id)
            .join(tables.connection, tables.connection.c.id == tables.source_account.c.connection_id)
            .where(
                tables.connection.c.name == connection_name,
                tables.source_account.c.key == key,
                tables.link.c.known_to.is_(None),
            )
        )
        with self.store.read() as connection:
            return connection.execute(query).scalar_one_or_none()

    def pulse(self, account_id: int) -> tuple[float | None, str]:
        """The pulse metric of an account today: its value and state."""
        with self.store.read() as connection:
            frame = evaluate(
                connection,
                [PULSE],
                day=day_of(self.clock.now(), BERLIN),
                zone=BERLIN,
                mode=AsCorrected(),
                reporting_currency="EUR",
                now=self.clock.now(),
            )
        row = [int(id) for id in frame.account_ids].index(account_id)
        state = ComponentState(int(frame.states[row, 0]))
        value = float(frame.values[row, 0])
        return (value if state is ComponentState.MEASURED else None), state.label


def company(key: str, name: str, domain: str, **values: Any) -> Account:
    return Account(source_id=key, name=name, domains=(domain,), customer_since=datetime(2024, 1, 1, tzinfo=UTC), **values)
