"""A simulated Zendesk account and a connector that talks to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.connectors.reading import NOW, Read, read_stream

from accountpulse.connectors.zendesk.source import Zendesk
from accountpulse.core.clock import FixedClock
from accountpulse.plugins import Context
from accountpulse.testing.vendors import ZendeskVendor, start_vendors


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
        """Run a stream as the engine does; an error ends the run and is kept."""
        return read_stream(connector or self.connect(), stream, cursor, self.clock.now())


@pytest.fixture
def desk() -> Iterator[Desk]:
    """An empty account at `NOW`."""
    clock = FixedClock(NOW)
    with start_vendors(clock=clock, empty=True) as vendors:
        made = Desk(vendors.zendesk, clock)
        yield made
        for each in made.made:
            each.close()
