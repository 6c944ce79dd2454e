"""The metrics' contract as tests: subclass `MetricSuite` in your own test module, and pytest runs all of it.

    from accountpulse.testing.metrics import MetricSuite

    class TestLateBills(MetricSuite):
        metric = LATE_BILLS
        facts = (Invoice(source_id="1", account="acme", ...), ...)
        expected = {date(2026, 2, 28): {"acme": 0.5}}

The facts are synced by the real engine into a real store, and the metric is compiled and run there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from accountpulse.core.clock import FixedClock, start_of_day
from accountpulse.core.identity.linker import link_accounts
from accountpulse.core.metrics.asof import AsCorrected
from accountpulse.core.metrics.declare import Metric
from accountpulse.core.metrics.evaluate import evaluate
from accountpulse.core.metrics.frame import MetricFrame
from accountpulse.core.model import Account, Record, schema_of
from accountpulse.core.model.records import RECORD_TYPES
from accountpulse.core.store import connections as store_connections
from accountpulse.core.sync.connector import Connector, ConnectorConfig, Identity, Item, Window, stream
from accountpulse.core.sync.context import Context
from accountpulse.core.sync.engine import Source, SyncEngine
from accountpulse.core.sync.specs import spec_of
from accountpulse.testing.stores import fresh_store

ZONE = ZoneInfo("UTC")
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
TOLERANCE = 1e-9


class MetricSuite:
    """What holds for every metric, over facts that an author makes up.

    facts: records of any types; accounts that they name are made, long ago, where they are not among them. expected: day ->
    account -> the value at the end of that day in UTC, None where there is none. currency: in which amounts are reported.
    """

    metric: ClassVar[Metric]
    facts: ClassVar[Sequence[Record]]
    expected: ClassVar[Mapping[date, Mapping[str, float | None]]]
    currency: ClassVar[str] = "USD"

    def test_it_is_explained(self) -> None:
        for name in ("title", "unit", "description"):
            assert getattr(self.metric, name).strip(), f"{name} is shown to people, and must not be empty"

    def test_worked_examples(self, tmp_path: Path) -> None:
        assert self.expected, "expected must have at least one day, with the value of each account in the evening"
        found = self._values(self.facts, tmp_path)
        for day, values in self.expected.items():
            for account, value in values.items():
                assert account in found[day], f"{day}: there is no account {account!r}; there are: {', '.join(found[day])}"
                assert _same(found[day][account], value), f"{day}: {account} has {found[day][account]}, expected {value}"
        wanted = [value for each in self.expected.values() for value in each.values()]
        assert any(value is not None for value in wanted), "no example has a value, so nothing is shown"

    def test_what_comes_later_does_not_count(self, tmp_path: Path) -> None:
        """As of a day, the value is the one that the facts up to its end give."""
        found = self._values(self.facts, tmp_path)
        for day, values in found.items():
            folder = tmp_path / str(day)
            folder.mkdir()
            told = self._values([f for fact in self.facts for f in _until(fact, day)], folder)[day]
            for account, value in values.items():
                assert _same(told.get(account), value), (
                    f"{day}: {account} has {value}, but {told.get(account)} when nothing after that day is known"
                )

    def test_an_account_stands_for_itself(self, tmp_path: Path) -> None:
        """What is asked about one account alone is what is said of it among all: scoring may ask about those that changed."""
        together = self._values(self.facts, tmp_path)
        (tmp_path / "alone").mkdir()
        alone = self._values(self.facts, tmp_path / "alone", alone=True)
        for day, values in together.items():
            for account, value in values.items():
                assert _same(alone[day].get(account), value), (
                    f"{day}: {account} has {value} among all, but {alone[day].get(account)} when it is asked about alone"
                )

    def _values(self, facts: Sequence[Record], folder: Path, *, alone: bool = False) -> dict[date, dict[str, float | None]]:
        """The metric for each account on each expected day. alone: ask about each account by itself."""
        clock = FixedClock(datetime.combine(max(self.expected) + timedelta(days=400), datetime.min.time(), UTC))
        with fresh_store(folder) as store:
            connector: Connector[Any] = _Facts(
                _FactsConfig(), Context("facts", clock=clock), [*_named(self.facts, facts), *facts]
            )
            with store.write() as connection:
                spec = spec_of("facts", connector, connector.config, anchor=True)
                ids = store_connections.register(connection, [spec], clock.now())
            run = SyncEngine(store, clock).sync(Source(ids["facts"], "facts", connector))
            assert run.state == "ok", f"the facts can't be stored: {run.streams[0].message}"
            assert not run.streams[0].quarantined, f"the facts can't be stored: {self._reasons(store, ids['facts'])}"
            with store.write() as connection:
                link_accounts(connection, clock.now(), account_keys={connector.id: "own"})
            with store.read() as connection:
                return {day: self._evening(connection, day, alone) for day in self.expected}

    def _evening(self, connection: sa.Connection, day: date, alone: bool) -> dict[str, float | None]:
        """The metric for each account at the end of a day."""

        def asked(accounts: Sequence[int] | None = None) -> MetricFrame:
            return evaluate(
                connection,
                [self.metric],
                day=day,
                zone=ZONE,
                mode=AsCorrected(),
                reporting_currency=self.currency,
                accounts=accounts,
                include_churned=True,
            )

        everybody = asked()
        frames = [asked([id]) for id in everybody.account_ids.tolist()] if alone else [everybody]
        found: dict[str, float | None] = {}
        for frame in frames:
            values = [None if math.isnan(value) else float(value) for value in frame.values[:, 0]]
            found |= {str(n): v for n, v in zip(frame.attributes["name"], values, strict=True)}
        return found

    @staticmethod
    def _reasons(store: Any, connection_id: int) -> str:
        with store.read() as connection:
            return "; ".join(row.reason for row in store_connections.quarantined(connection, connection_id))


class _FactsConfig(ConnectorConfig):
    """No settings."""


class _Facts(Connector[_FactsConfig]):
    """Brings what it is given."""

    id, title = "facts", "Facts"

    def __init__(self, config: _FactsConfig, context: Context, facts: Sequence[Record]) -> None:
        super().__init__(config, context)
        self._facts = facts

    def check(self) -> Identity:
        return Identity("facts", "Facts")

    @stream(*RECORD_TYPES)
    def read(self, _: Window) -> Iterator[Item]:
        """All facts."""
        yield from self._facts


def _named(everything: Sequence[Record], facts: Sequence[Record]) -> Iterator[Account]:
    """The accounts that facts name without bringing them; of all facts, so that an account without any exists too."""
    brought = {fact.source_id for fact in facts if isinstance(fact, Account)}
    known = {str(fact.account) for fact in everything if hasattr(fact, "account")}
    for key in sorted(known - brought):
        yield Account(source_id=key, name=key, created_at=LONG_AGO)


def _until(fact: Record, day: date) -> Iterator[Record]:
    """A fact as it was at the end of a day; nothing when it had not happened."""
    end = start_of_day(day + timedelta(days=1), ZONE)
    schema = schema_of(type(fact))
    roles = {field.name: field for field in schema.fields}
    if schema.event is not None:
        happened = getattr(fact, schema.event.name)
        if (happened >= end) if isinstance(happened, datetime) else (happened > day):
            return
    later = {f.name for f in fields(fact) if f.name in roles and roles[f.name].role == "lifecycle"}
    gone = {name for name in later if getattr(fact, name) is not None and getattr(fact, name) >= end}
    gone |= {f.name for f in fields(fact) if f.name in roles and roles[f.name].dated_by in gone}
    changes: dict[str, Any] = dict.fromkeys(gone)
    yield replace(fact, **changes)


def _same(found: float | None, expected: float | None) -> bool:
    if found is None or expected is None:
        return found is expected
    return math.isclose(found, expected, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
