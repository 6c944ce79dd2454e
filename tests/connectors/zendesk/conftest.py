"""A simulated Zendesk account and a connector that talks to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from accountpulse.connectors.zendesk.source import LAG, Zendesk
from accountpulse.core.clock import FixedClock
from accountpulse.plugins import Checkpoint, Context, Deleted, InvalidRecord, Item, Window
from accountpulse.testing.vendors import ZendeskVendor, start_vendors

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
class Desk:
    """The simulated account, its clock, and connectors to it."""

    vendor: ZendeskVendor
    clock: FixedClock
    made: list[Zendesk] = field(default_factory=list)

    def settings(self, **changes: Any) -> dict[str, Any]:
        known = self.vendor.credentials
        own = {"client_id": known["client_id"], "client_secret": known["client_secret"]}
        return {"base_url": self.vendor.base_url, **own, **changes}

    def connect(self, **changes: Any) -> Zendesk:
        config = Zendesk.Config.model_validate(self.settings(**changes))
        self.made.append(Zendesk(config, Context("desk", clock=self.clock)))
        return self.made[-1]

    def read(self, stream: str, cursor: Any = None, connector: Zendesk | None = None) -> Read:
        """Run a stream as the engine does: the last checkpoint comes back as the cursor, or as a time less the look-back."""
        connector = connector or self.connect()
        found = Read()
        since = None
        if isinstance(cursor, datetime):
            look_back = next(spec.look_back for spec in connector.streams() if spec.name == stream)
            since, cursor = cursor - look_back, None
        try:
            for item in getattr(connector, stream)(Window(since=since, until=self.clock.now() - LAG, cursor=cursor)):
                found.take(item)
        except Exception as error:  # the test says which it expects
            found.error = error
        return found


@pytest.fixture
def desk() -> Iterator[Desk]:
    """An empty account at `NOW`."""
    clock = FixedClock(NOW)
    with start_vendors(clock=clock, empty=True) as vendors:
        made = Desk(vendors.zendesk, clock)
        yield made
        for each in made.made:
            each.close()
