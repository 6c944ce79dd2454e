"""The Salesforce connector under the kit, through simple-salesforce against the simulated organisation."""

from __future__ import annotations

from collections.abc import Mapping

from accountpulse.connectors.salesforce.source import Salesforce
from accountpulse.plugins import Account, Activity, Contact, Opportunity, Record
from accountpulse.testing.connectors import ConnectorSuite, Drift, Rows, ServedRows, Simulated
from accountpulse.testing.vendors import SalesforceVendor

ACCOUNT = "001000000000001AAA"


def rows(server: SalesforceVendor) -> Mapping[str, Rows]:
    def of(kind: str, record: type[Record], body: dict[str, object], changes: str, drift: Drift) -> Rows:
        return ServedRows(
            server=server,
            kind=kind,
            path="/query",
            record=record,
            make=lambda n: {**body, changes: f"{kind} {n}"},
            change=lambda n: {changes: f"Changed {n}"},
            source_id=lambda found: str(found["Id"]),
            drift=drift,
        )

    owned = {"AccountId": ACCOUNT}
    deal = {**owned, "StageName": "Negotiation", "Type": "Renewal", "Amount": 1200.0, "CloseDate": "2026-06-30"}
    call = {
        **owned,
        "Type": "Call",
        "TaskSubtype": "Call",
        "IsClosed": True,
        "CompletedDateTime": "2026-03-01T10:00:00.000+0000",
    }
    meeting = {**owned, "Type": "Meeting", "StartDateTime": "2026-03-01T10:00:00.000+0000"}
    return {
        "accounts": of("Account", Account, {}, "Name", Drift(None, "Name", "NumberOfEmployees", "Industry")),
        "contacts": of("Contact", Contact, owned, "Name", Drift("CreatedDate", "Name", "Email")),
        "opportunities": of("Opportunity", Opportunity, deal, "Name", Drift("CreatedDate", "Name", "Amount", "Type")),
        "tasks": of("Task", Activity, call, "Subject", Drift(None, "Subject", None, "TaskSubtype")),
        "events": of("Event", Activity, meeting, "Subject", Drift(None, "Subject", None, "Type")),
    }


class TestSalesforce(ConnectorSuite):
    connector = Salesforce
    good = {"base_url": "{vendor}", "client_id": "{consumer_key}", "client_secret": "{consumer_secret}"}
    bad = {**good, "client_secret": "wrong"}
    vendor = Simulated(lambda clock: SalesforceVendor(None, clock), rows)
    flood = 4_000
