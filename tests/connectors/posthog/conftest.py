"""A simulated PostHog project and connectors that talk to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.connectors.reading import NOW, Read, read_stream

from accountpulse.connectors.posthog.source import PostHog
from accountpulse.core.clock import FixedClock
from accountpulse.plugins import Context
from accountpulse.testing.vendors import serving
from accountpulse.testing.vendors.posthog import PostHogVendor


@dataclass
class Project:
    """The simulated project, its clock, and connectors to it."""

    vendor: PostHogVendor
    clock: FixedClock
    made: list[PostHog] = field(default_factory=list)

    def connect(self, *, zone: str = "UTC", **changes: Any) -> PostHog:
        settings = {"base_url": self.vendor.base_url, **self.vendor.credentials, **changes}
        context = Context("usage", clock=self.clock, zone=ZoneInfo(zone))
        self.made.append(PostHog(PostHog.Config.model_validate(settings), context))
        return self.made[-1]

    def read(self, stream: str = "usage", cursor: Any = None, **settings: Any) -> Read:
        """Run a stream as the engine does; an error ends the run and is kept."""
        return read_stream(self.connect(**settings), stream, cursor, self.clock.now())

    def event(self, at: datetime, event: str = "opened", user: str = "ann", group: str = "acme", **properties: Any) -> None:
        self.vendor.put("event", {"event": event, "distinct_id": user, "$group_0": group, "properties": properties}, at=at)


@pytest.fixture
def project() -> Iterator[Project]:
    """An empty project at `NOW`."""
    clock = FixedClock(NOW)
    vendor = PostHogVendor(clock)
    with serving(vendor):
        made = Project(vendor, clock)
        yield made
        for each in made.made:
            each.close()
