"""A simulated HubSpot account and a connector that talks to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.connectors.reading import NOW, Read, read_stream

from accountpulse.connectors.hubspot.source import HubSpot
from accountpulse.core.clock import FixedClock
from accountpulse.plugins import Context
from accountpulse.testing.vendors import HubSpotVendor, serving

HOUR = timedelta(hours=1)
COMPANY = "7001"


@dataclass
class Portal:
    """The simulated account, its clock, and connectors to it."""

    vendor: HubSpotVendor
    clock: FixedClock
    made: list[HubSpot] = field(default_factory=list)

    def settings(self, **changes: Any) -> dict[str, Any]:
        return {"base_url": self.vendor.base_url, "access_token": self.vendor.credentials["access_token"], **changes}

    def connect(self, **changes: Any) -> HubSpot:
        config = HubSpot.Config.model_validate(self.settings(**changes))
        self.made.append(HubSpot(config, Context("crm", clock=self.clock)))
        return self.made[-1]

    def read(self, stream: str, cursor: Any = None, connector: HubSpot | None = None) -> Read:
        """Run a stream as the engine does; an error ends the run and is kept."""
        return read_stream(connector or self.connect(), stream, cursor, self.clock.now())

    def put(self, kind: str, *, at: datetime | None = None, to: dict[str, list[str]] | None = None, **properties: str) -> str:
        """Put an object an hour ago; a company's own, unless `to` says otherwise."""
        links = {} if kind in ("companies", "line_items") else {"companies": [COMPANY]}
        body = {"properties": properties, "associations": links if to is None else to}
        return str(self.vendor.put(kind, body, at=at or self.clock.now() - HOUR)["id"])


@pytest.fixture
def portal() -> Iterator[Portal]:
    """An empty account at `NOW`."""
    clock = FixedClock(NOW)
    vendor = HubSpotVendor(None, clock)
    with serving(vendor):
        made = Portal(vendor, clock)
        yield made
        for each in made.made:
            each.close()
