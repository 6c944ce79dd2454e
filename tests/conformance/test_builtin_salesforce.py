"""The Salesforce connector under the kit, through simple-salesforce against the simulated organisation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from accountpulse.connectors.salesforce.source import Salesforce
from accountpulse.plugins import Account, Activity, Contact, Opportunity, OpportunityChange, Record, StreamSpec, Subscription
from accountpulse.testing.connectors import ConnectorSuite, Drift, Rows, ServedRows, Simulated
from accountpulse.testing.vendors import SalesforceVendor

ACCOUNT = "001000000000001AAA"
OTHER = "001000000000002AAA"
OWNED = {"AccountId": ACCOUNT}


@dataclass(kw_only=True)
class History(ServedRows):
    """Rows of field history: never changed themselves, they move and go with the deal they tell of."""

    def put(self, at: datetime | None = None) -> str:
        deal = self.server.put("Opportunity", {**OWNED, "StageName": "Proposal"}, at=at)
        self.made += 1
        change = {"OpportunityId": deal["Id"], "Field": "CloseDate", "OldValue": "2026-03-01", "NewValue": "2026-04-01"}
        found = str(self.server.put(self.kind, change, at=at)["Id"])
        self.ids[found] = found
        self.alive.add(found)
        return found

    def touch(self, source_id: str) -> None:
        self.changes += 1
        self.server.touch("Opportunity", self._deal(source_id), AccountId=f"001000000000{self.changes:03d}AAA")

    def delete(self, source_id: str) -> None:
        self.server.delete("Opportunity", self._deal(source_id))
        self.alive.discard(source_id)

    def _deal(self, source_id: str) -> str:
        return str(self.server.get(self.kind, source_id)["OpportunityId"])


def rows(server: SalesforceVendor, path: str = "/query") -> Mapping[str, Rows]:
    def of(kind: str, record: type[Record], body: Mapping[str, object], changes: str, drift: Drift) -> Rows:
        return ServedRows(
            server=server,
            kind=kind,
            path=path,
            record=record,
            make=lambda n: {**body, changes: f"{kind} {n}"},
            change=lambda n: {changes: f"Changed {n}"},
            source_id=lambda found: str(found["Id"]),
            drift=drift,
        )

    deal = {**OWNED, "StageName": "Negotiation", "Type": "Renewal", "Amount": 1200.0, "CloseDate": "2026-06-30"}
    agreed = {**OWNED, "StatusCode": "Activated", "StartDate": "2026-01-01", "EndDate": "2030-12-31"}
    licence = {**OWNED, "Quantity": 25.0, "InstallDate": "2026-01-01"}
    call = {
        **OWNED,
        "Type": "Call",
        "TaskSubtype": "Call",
        "IsClosed": True,
        "CompletedDateTime": "2026-03-01T10:00:00.000+0000",
    }
    meeting = {**OWNED, "Type": "Meeting", "StartDateTime": "2026-03-01T10:00:00.000+0000"}
    asset = of("Asset", Subscription, licence, "Name", Drift(None, "Name", "UsageEndDate", "Status"))
    contract = of("Contract", Subscription, agreed, "ContractNumber", Drift(None, "ContractTerm", "EndDate", "Status"))
    assert isinstance(contract, ServedRows)
    contract.change = lambda n: {"Seats__c": float(n)}
    contract.make = lambda n: {**agreed, "Seats__c": float(n)}
    return {
        "accounts": of("Account", Account, {}, "Name", Drift(None, "Name", "NumberOfEmployees", "Industry")),
        "contacts": of("Contact", Contact, OWNED, "Name", Drift("CreatedDate", "Name", "Email")),
        "opportunities": of("Opportunity", Opportunity, deal, "Name", Drift("CreatedDate", "Name", "Amount", "Type")),
        "opportunity_history": History(
            server=server,
            kind="OpportunityFieldHistory",
            path=path,
            record=OpportunityChange,
            make=lambda n: {},
            change=lambda n: {},
            drift=Drift("CreatedDate", "OldValue", "NewValue"),
        ),
        "contracts": contract,
        "assets": asset,
        "tasks": of("Task", Activity, call, "Subject", Drift(None, "Subject", None, "TaskSubtype")),
        "events": of("Event", Activity, meeting, "Subject", Drift(None, "Subject", None, "Type")),
    }


GOOD = {
    "base_url": "{vendor}",
    "client_id": "{consumer_key}",
    "client_secret": "{consumer_secret}",
    "contract_fields": {"seats": "Seats__c"},
    "seats_from_assets": True,
}


class TestSalesforce(ConnectorSuite):
    connector = Salesforce
    good = GOOD
    bad = {**good, "client_secret": "wrong"}
    vendor = Simulated(lambda clock: SalesforceVendor(None, clock), rows)
    flood = 4_000


class AccountsInBulk(Salesforce):
    """All streams are read in bulk alike: the largest stands for them."""

    @classmethod
    def streams(cls) -> tuple[StreamSpec, ...]:
        return tuple(spec for spec in super().streams() if spec.name == "accounts")


class TestSalesforceInBulk(ConnectorSuite):
    """The first reading by query jobs; what comes later is read row by row."""

    connector = AccountsInBulk
    good = {**GOOD, "bulk_above": 0}
    bad = {**good, "client_secret": "wrong"}
    vendor = Simulated(
        lambda clock: _prompt(SalesforceVendor(None, clock)),
        # A job's results are CSV, in which the kit can't take fields away: how columns drift is shown row by row.
        lambda server: {"accounts": _without_drift(rows(server, "/results")["accounts"])},
    )
    flood = 20_000


def _prompt(server: SalesforceVendor) -> SalesforceVendor:
    """Its jobs are done at once: how they are waited for is shown with the connector's own tests."""
    server.jobs.polls = 0
    return server


def _without_drift(found: Rows) -> Rows:
    assert isinstance(found, ServedRows)
    found.drift = Drift()
    return found
