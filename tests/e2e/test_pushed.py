"""What is pushed is applied at once, and asks its vendor for what was pushed alone."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from tests.e2e.test_faults import NOW, host, hub_of, vendors

from accountpulse.core.store import connections as store_connections
from accountpulse.core.store.contents import contents
from accountpulse.plugins import InboundRequest
from accountpulse.plugins.host import PluginHost
from accountpulse.testing.vendors import Vendors

__all__ = ["host", "vendors"]

SECRET = "zendesk-signing-secret"


def test_a_webhook_brings_its_ticket_and_has_nothing_else_read(vendors: Vendors, host: PluginHost, tmp_path: Path) -> None:
    desk = vendors.zendesk
    with hub_of(vendors, host, tmp_path, support={"webhook_secrets": [SECRET]}) as hub:
        hub.sync()
        organization = desk.put("organization", {"name": "Beta", "domain_names": ["beta.example"]}, at=NOW - timedelta(days=9))
        ticket = desk.put("ticket", {"subject": "Help", "organization_id": organization["id"]})
        event = {
            "type": "zen:event-type:ticket.created",
            "id": "2b24ef10-19d4-4740-93cf-000000000001",
            "time": "2026-11-20T12:00:00Z",
            "zendesk_event_version": "2022-11-06",
            "subject": f"zen:ticket:{ticket['id']}",
            "detail": {"id": str(ticket["id"])},
            "event": {},
        }
        body = json.dumps(event).encode()
        headers = {name.lower(): value for name, value in desk.signed(body, SECRET).items()}
        assert hub.receive("support", InboundRequest("POST", "webhook", headers, body, vendors.clock.now())) == 1

        def read() -> list[int]:
            """How many requests each vendor has got; of Zendesk, for what its streams read."""
            return [len(desk.requests_to("incremental")), len(vendors.salesforce.requests), len(vendors.stripe.requests)]

        before = read()
        assert hub.apply_pushed() == 1
        assert read() == before
        with hub.store.read() as connection:
            id = store_connections.by_name(connection, "support").id
            assert set(contents(connection, id, "ticket")) == {str(ticket["id"])}
