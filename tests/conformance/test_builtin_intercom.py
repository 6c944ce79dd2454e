"""The Intercom connector under the kit, against the simulated workspace."""

from __future__ import annotations

from collections.abc import Mapping

from accountpulse.connectors.intercom.source import Intercom
from accountpulse.plugins import Account, Contact, Ticket
from accountpulse.testing.connectors import ConnectorSuite, Drift, Rows, ServedRows, Simulated
from accountpulse.testing.vendors.intercom import IntercomVendor

COMPANY = "6762f0ad1bb69f9f2193bb62"
BELONGS = {"type": "list", "data": [{"id": COMPANY, "type": "company"}], "total_count": 1, "has_more": False}


def rows(server: IntercomVendor) -> Mapping[str, Rows]:
    def conversation(n: int) -> dict[str, object]:
        rating = {"rating": 5, "created_at": 1_770_000_000, "updated_at": 1_770_000_000}
        return {"title": f"Question {n}", "company_id": COMPANY, "conversation_rating": rating}

    return {
        "companies": ServedRows(
            server=server,
            kind="company",
            path="/companies/scroll",
            record=Account,
            make=lambda n: {"name": f"Company {n}"},
            change=lambda n: {"name": f"Changed {n}"},
            drift=Drift("id", "name", "plan", "industry"),
        ),
        "contacts": ServedRows(
            server=server,
            kind="contact",
            path="/contacts/search",
            record=Contact,
            make=lambda n: {"name": f"Contact {n}", "companies": BELONGS},
            change=lambda n: {"name": f"Changed {n}"},
            drift=Drift("created_at", "name", "name", "role"),
        ),
        "conversations": ServedRows(
            server=server,
            kind="conversation",
            path="/conversations/search",
            record=Ticket,
            make=conversation,
            change=lambda n: {"title": f"Changed {n}"},
            drift=Drift("created_at", "title", "statistics", "priority"),
        ),
    }


class TestIntercom(ConnectorSuite):
    connector = Intercom
    good = {"base_url": "{vendor}", "token": "{token}"}
    bad = {**good, "token": "wrong"}
    vendor = Simulated(IntercomVendor, rows)
    flood = 1_600
