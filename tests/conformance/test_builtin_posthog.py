"""The PostHog connector under the kit, against the simulated project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from accountpulse.connectors.posthog.source import PostHog
from accountpulse.plugins import Account, UsageDay, usage_key
from accountpulse.testing.connectors import ConnectorSuite, Rows, ServedRows, Simulated
from accountpulse.testing.vendors.posthog import PostHogVendor


def usage_id(body: Mapping[str, Any]) -> str:
    day = datetime.fromtimestamp(body["timestamp"], UTC).date()
    return usage_key(body["$group_0"], body["distinct_id"], body["event"], day)


@dataclass(kw_only=True)
class Events(ServedRows):
    """Events never change; a day changes when another one comes."""

    def touch(self, source_id: str) -> None:
        before = self.server.get(self.kind, self.ids[source_id])
        self.server.put(self.kind, {name: value for name, value in before.items() if name != "uuid"})


def rows(server: PostHogVendor) -> Mapping[str, Rows]:
    return {
        "groups": ServedRows(
            server=server,
            kind="group",
            path="/query/",
            record=Account,
            make=lambda n: {"key": f"acme-{n:06d}", "properties": {"name": f"Company {n}"}},
            change=lambda n: {"properties": {"name": f"Changed {n}"}},
            source_id=lambda body: str(body["key"]),
        ),
        "usage": Events(
            server=server,
            kind="event",
            path="/query/",
            record=UsageDay,
            make=lambda n: {"event": "report opened", "distinct_id": f"user-{n:06d}", "$group_0": f"acme-{n % 9}"},
            change=lambda n: {},
            source_id=usage_id,
        ),
    }


class TestPostHog(ConnectorSuite):
    connector = PostHog
    good = {"base_url": "{vendor}", "personal_api_key": "{personal_api_key}", "project_id": "{project_id}"}
    bad = {**good, "personal_api_key": "phx_wrong"}
    vendor = Simulated(PostHogVendor, rows)
    not_covered = {"tombstones": "PostHog tells nobody of a deleted event or group"}
    flood = 1_600
