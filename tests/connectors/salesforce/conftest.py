"""A simulated Salesforce organisation and a connector that talks to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from accountpulse.connectors.salesforce.source import LAG, Salesforce
from accountpulse.core.clock import FixedClock
from accountpulse.plugins import Checkpoint, Context, Deleted, InvalidRecord, Item, Window
from accountpulse.testing.vendors import SalesforceVendor, start_vendors

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@dataclass
class Read:
    """What a run of a stream yielded; `error` is what ended it early."""

    records: list[Any] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    invalid: list[InvalidRecord] = field(default_factory=list)
    checkpoints: list[Any] = field(default_factory=list)
    error: Exception | None = None

    @property
    def ids(self) -> list[str]:
        return [each.source_id for each in self.records]

    @property
    def cursor(self) -> Any:
        return self.checkpoints[-1] if self.checkpoints else None

    def take(self, item: Item) -> None:
        match item:
            case Checkpoint(cursor):
                self.checkpoints.append(cursor)
            case Deleted(_, source_id):
                self.deleted.append(source_id)
            case InvalidRecord():
                self.invalid.append(item)
            case _:
                self.records.append(item)


@dataclass
class Org:
    """The simulated organisation, its clock, and connectors to it."""

    vendor: SalesforceVendor
    clock: FixedClock
    made: list[Salesforce] = field(default_factory=list)

    def settings(self, **changes: Any) -> dict[str, Any]:
        known = self.vendor.credentials
        own = {"client_id": known["consumer_key"], "client_secret": known["consumer_secret"]}
        return {"base_url": self.vendor.base_url, **own, **changes}

    def connect(self, **changes: Any) -> Salesforce:
        config = Salesforce.Config.model_validate(self.settings(**changes))
        self.made.append(Salesforce(config, Context("crm", clock=self.clock)))
        return self.made[-1]

    def read(self, stream: str, cursor: Any = None, connector: Salesforce | None = None) -> Read:
        """Run a stream as the engine does; an error ends the run and is kept."""
        found = Read()
        window = Window(since=None, until=self.clock.now() - LAG, cursor=cursor)
        try:
            for item in getattr(connector or self.connect(), stream)(window):
                found.take(item)
        except Exception as error:  # the test says which it expects
            found.error = error
        return found


@pytest.fixture
def org() -> Iterator[Org]:
    """An empty organisation at `NOW`."""
    clock = FixedClock(NOW)
    with start_vendors(clock=clock, empty=True) as vendors:
        made = Org(vendors.salesforce, clock)
        yield made
        for each in made.made:
            each.close()
