"""A small store for the API's tests, written row by row, and a hub with nothing else behind it."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import sqlalchemy as sa
from tests.core.scoring.builders import kept

from accountpulse.config.settings import Settings
from accountpulse.core.clock import FixedClock
from accountpulse.core.errors import AuthError, InvalidRecord, NotFound, RateLimited, Transient
from accountpulse.core.metrics.declare import Metric, count, metric
from accountpulse.core.metrics.states import ComponentState
from accountpulse.core.observe.freshness import Contracts
from accountpulse.core.people import People
from accountpulse.core.scoring.packing import pack
from accountpulse.core.scoring.preview import DraftProblem, Preview
from accountpulse.core.scoring.types import Adjustment, Component, Matched
from accountpulse.core.store import tables
from accountpulse.core.store.database import Store
from accountpulse.core.store.facts import FACTS
from accountpulse.core.store.history_rows import Packed
from accountpulse.core.store.metric_frames import KEPT
from accountpulse.core.store.scope import RowScope
from accountpulse.core.store.types import EPOCH
from accountpulse.core.store.upsert import insert
from accountpulse.core.sync.connector import InboundRequest

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TODAY = date(2026, 11, 21)
METRICS = {
    "logins_30d": metric(
        "logins_30d", "n", title="Logins", group="usage", unit="count", better="higher", n=count("usage_day", window=30)
    ),
    "tickets_30d": metric(
        "tickets_30d", "n", title="Tickets", group="support", unit="count", better="lower", n=count("ticket", window=30)
    ),
}
MODEL = {
    "name": "standard",
    "goal": "churn",
    "scorer": "weighted",
    "coverage_floor": 0.4,
    "bands": [
        {"name": "red", "from": 0, "to": 40},
        {"name": "yellow", "from": 40, "to": 70},
        {"name": "green", "from": 70, "to": 100},
    ],
    "groups": [
        {
            "name": group,
            "weight": 1.0,
            "metrics": [
                {
                    "metric": name,
                    "weight": 1.0,
                    "normalise": {"kind": "linear", "points": [[0, 0], [10, 100]]},
                    "typical": 60.0,
                    "missing": "typical",
                }
            ],
        }
        for group, name in (("usage", "logins_30d"), ("support", "tickets_30d"))
    ],
}


_STATES = (ComponentState.MEASURED, ComponentState.STALE)
EXPLAINING = ("components", "adjustments", "matched", "steadiness")


@dataclass(frozen=True)
class PluginRow:
    name: str = "accountpulse-acme"
    version: str | None = "1.0"
    status: str = "broken"
    reason: str | None = "No module named 'acme'"
    hooks: Sequence[str] = ("register_connectors",)


@dataclass
class SmallHub:
    """A hub with nothing behind it but a store."""

    store: Store
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOW))
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Europe/Berlin"))
    currency: str = "EUR"
    metrics: Mapping[str, Metric] = field(default_factory=lambda: METRICS)
    connector_titles: Mapping[str, str] = field(default_factory=lambda: {"salesforce": "Salesforce"})
    plugins: Sequence[PluginRow] = (PluginRow(),)
    graphql_types: Sequence[type] = ()
    contracts: Contracts = field(default_factory=Contracts)
    received: list[tuple[str, InboundRequest]] = field(default_factory=list)
    drafts: list[tuple[Sequence[str], str | None, int, str]] = field(default_factory=list)
    scorable: set[int] = field(default_factory=set)
    previewed: Preview | list[DraftProblem] = field(default_factory=list)
    settings: Settings = field(default_factory=Settings)

    @property
    def people(self) -> People:
        return People(self.store, self.clock, self.zone)

    def score_now(self, account_id: int) -> bool:
        return account_id in self.scorable

    def preview(
        self, models: Sequence[str], segments: str | None, limit: int, *, scope: RowScope
    ) -> Preview | list[DraftProblem]:
        self.drafts.append((models, segments, limit, threading.current_thread().name))
        return self.previewed

    def receive(self, connection_name: str, request: InboundRequest) -> int:
        self.received.append((connection_name, request))
        failures: dict[str, Exception] = {
            "unknown": NotFound("there is no connection 'unknown'"),
            "forged": AuthError("the signature does not match"),
            "bad": InvalidRecord("-", "the body is not JSON"),
            "eager": RateLimited(timedelta(seconds=30)),
            "busy": Transient("locked"),
            "locked": sa.exc.OperationalError("insert", {}, Exception("database is locked")),
            "broken": ZeroDivisionError("secret detail"),
        }
        if connection_name in failures:
            raise failures[connection_name]
        return 1


class World:
    """Writes rows straight into the tables."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._accounts = 0
        with store.write() as connection:
            for id, (name, connector) in enumerate((("crm", "salesforce"), ("desk", "zendesk")), 1):
                self._insert(
                    connection,
                    tables.connection,
                    id=id,
                    name=name,
                    connector=connector,
                    identity={"id": "00D1", "name": "Our Org", "details": {"edition": "Enterprise"}},
                    priority=id - 1,
                    anchor=id == 1,
                    provides=["account"],
                    state="ok",
                    state_since=NOW,
                )
            self._insert(connection, tables.segment, id=1, name="standard")
            self._insert(
                connection, tables.scoring_model, id=1, version="0123456789ab", name="standard", content=MODEL, created_at=NOW
            )
            self._insert(
                connection,
                tables.publication,
                segment_id=1,
                model_id=1,
                position=0,
                rule={"name": "standard", "model": "standard", "default": True},
                known_from=NOW - timedelta(days=100),
            )

    @classmethod
    def over(cls, store: Store) -> World:
        """One that goes on in a store that has its connections, model and segment."""
        world = cls.__new__(cls)
        world.store, world._accounts = store, 0
        return world

    @staticmethod
    def _insert(connection: sa.Connection, table: sa.Table, **values: Any) -> Any:
        return connection.execute(sa.insert(table).values(**values))

    def insert(self, table: sa.Table, *rows: dict[str, Any]) -> None:
        with self.store.write() as connection:
            for row in rows:
                self._insert(connection, table, **row)

    def account(self, name: str, *, score: float | None = None, link: bool = True, **values: Any) -> int:
        """An account, scored where `score` is given, linked to a source account of the CRM."""
        self._accounts += 1
        id = self._accounts
        of_score = {key: values.pop(key) for key in list(values) if key in tables.score_current.c or key in EXPLAINING}
        with self.store.write() as connection:
            self._insert(connection, tables.account, id=id, created_at=NOW)
            row = {"account_id": id, "name": name, "custom": {}, "origins": {"name": "crm"}, **values}
            self._insert(connection, tables.account_profile, **row)
            if score is not None:
                row = self._score(id, score) | of_score
                backdrop, row["numbers"], row["told"] = kept(row.pop("components"))
                row["backdrop"] = backdrop.digest
                known = insert(connection, tables.score_backdrop).on_conflict_do_nothing()
                connection.execute(known, {"digest": backdrop.digest, "content": backdrop.content})
                for table in (tables.score_current, tables.score_detail):
                    self._insert(connection, table, **{c.name: row[c.name] for c in table.c if c.name not in KEPT})
            if link:
                self._insert(connection, tables.source_account, id=id, connection_id=1, key=f"001-{id}", first_known_at=NOW)
                self._insert(
                    connection,
                    tables.link,
                    source_account_id=id,
                    account_id=id,
                    method="anchor",
                    evidence="crm founds accounts",
                    known_from=EPOCH,
                )
        return id

    @staticmethod
    def _score(account_id: int, score: float) -> dict[str, Any]:
        parts = [
            Component(
                "logins_30d",
                "Logins",
                "usage",
                "count",
                ComponentState.MEASURED,
                3.0,
                6.0,
                30.0,
                60.0,
                0.5,
                -15.0,
                "Logins at 3",
                ("usage_day",),
            ),
            Component(
                "tickets_30d",
                "Tickets",
                "support",
                "count",
                ComponentState.NOT_CONNECTED,
                None,
                None,
                None,
                60.0,
                0.5,
                0.0,
                "No support desk is connected: contributes nothing",
            ),
        ]
        return {
            "account_id": account_id,
            "day": TODAY,
            "segment_id": 1,
            "model_id": 1,
            "score": score,
            "reference": score + 15.0 + 2.0,
            "band": "red" if score < 40 else "yellow" if score < 70 else "green",
            "raw_score": score,
            "raw_band": "red" if score < 40 else "yellow" if score < 70 else "green",
            "band_since": TODAY - timedelta(days=3),
            "coverage": 0.5,
            "low": score - 20,
            "high": score + 20,
            "trend_28d": -4.0,
            "trend_90d": None,
            "components": parts,
            "adjustments": [Adjustment("cap", "Open invoice", -2.0).to_json()],
            "matched": [Matched("standard", "the default segment").to_json()],
            "steadiness": None,
            "content_hash": b"",
            "scored_at": NOW,
        }

    def history(
        self,
        account_id: int,
        day: date,
        score: float,
        *,
        live: bool = True,
        model_id: int = 1,
        components: int = 2,
        **values: Any,
    ) -> None:
        aside = {name: values.pop(name) for name in list(values) if name in Packed._fields}
        parts, states = np.resize([score, 0.0], (1, components)), np.resize(_STATES, (1, components))
        packed = pack(parts, states.astype(np.int8))
        row = {
            "account_id": account_id,
            "basis": 0 if live else 1,
            "day": day,
            "model_id": model_id,
            "segment_id": 1,
            "score_centi": round(score * 100),
            "band": 0 if score < 40 else 1 if score < 70 else 2,
            "packed": Packed(50, packed[0].tobytes(), **aside).pack(day),
            **values,
        }
        scored = {"day": day, "basis": row["basis"], "scored_at": NOW, "accounts": 1}
        with self.store.write() as connection:
            self._insert(connection, tables.score_history, **row)
            connection.execute(insert(connection, tables.scored_day).values(scored).on_conflict_do_nothing())

    def unlinked(self, key: str, *candidates: int, name: str | None = None) -> int:
        """A source account of the desk that no rule could place."""
        with self.store.write() as connection:
            id = 1_000 + int(connection.execute(sa.select(sa.func.count()).select_from(tables.unlinked)).scalar_one())
            self._insert(connection, tables.source_account, id=id, connection_id=2, key=key, first_known_at=NOW)
            suggestions = [
                {"account_id": c, "name": "Some name", "method": "name", "evidence": "both are called the same"}
                for c in candidates
            ]
            self._insert(connection, tables.unlinked, source_account_id=id, reason="nothing matches", candidates=suggestions)
            if name is not None:
                self._insert(
                    connection,
                    FACTS["account"],
                    connection_id=2,
                    source_id=key,
                    source_account_id=id,
                    known_from=NOW,
                    assumed=False,
                    hash=b"1",
                    name=name,
                    domains=["acme.example"],
                    emails=[],
                    references=[],
                    custom={},
                )
        return id
