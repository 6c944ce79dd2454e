"""A simulated Intercom workspace and connectors that talk to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from tests.connectors.reading import NOW, Read, read_stream

from accountpulse.connectors.intercom.source import Intercom
from accountpulse.core.clock import FixedClock
from accountpulse.plugins import Context
from accountpulse.testing.vendors import serving
from accountpulse.testing.vendors.intercom import IntercomVendor


@dataclass
class Workspace:
    """The simulated workspace, its clock, and connectors to it."""

    vendor: IntercomVendor
    clock: FixedClock
    made: list[Intercom] = field(default_factory=list)

    def connect(self, **changes: Any) -> Intercom:
        settings = {"base_url": self.vendor.base_url, "token": self.vendor.credentials["token"], **changes}
        self.made.append(Intercom(Intercom.Config.model_validate(settings), Context("desk", clock=self.clock)))
        return self.made[-1]

    def read(self, stream: str, cursor: Any = None) -> Read:
        """Run a stream as the engine does; an error ends the run and is kept."""
        return read_stream(self.connect(), stream, cursor, self.clock.now())

    def company(self, **fields: Any) -> str:
        return str(self.vendor.put("company", fields)["id"])

    def contact(self, *companies: str, at: datetime | None = None, **fields: Any) -> str:
        listed = [{"id": each, "type": "company"} for each in companies]
        attached = {"type": "list", "data": listed, "total_count": len(listed), "has_more": False}
        return str(self.vendor.put("contact", {"companies": attached, **fields}, at=at)["id"])

    def conversation(self, *contacts: str, at: datetime | None = None, **fields: Any) -> str:
        people = [{"type": "contact", "id": each} for each in contacts]
        body = {"contacts": {"type": "contact.list", "contacts": people}, **fields}
        return str(self.vendor.put("conversation", body, at=at)["id"])


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    """An empty workspace at `NOW`."""
    clock = FixedClock(NOW)
    vendor = IntercomVendor(clock)
    with serving(vendor):
        made = Workspace(vendor, clock)
        yield made
        for each in made.made:
            each.close()
