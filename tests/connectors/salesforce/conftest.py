"""A simulated Salesforce organisation and a connector that talks to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.connectors.reading import NOW, Read, read_stream

from accountpulse.connectors.salesforce.source import Salesforce
from accountpulse.core.clock import FixedClock
from accountpulse.plugins import Context
from accountpulse.testing.vendors import SalesforceVendor, start_vendors


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
        return read_stream(connector or self.connect(), stream, cursor, self.clock.now())


@pytest.fixture
def org() -> Iterator[Org]:
    """An empty organisation at `NOW`."""
    clock = FixedClock(NOW)
    with start_vendors(clock=clock, empty=True) as vendors:
        made = Org(vendors.salesforce, clock)
        yield made
        for each in made.made:
            each.close()
