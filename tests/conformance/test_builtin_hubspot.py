"""The HubSpot connector under the kits, over plain HTTP against the simulated account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from accountpulse.connectors.hubspot.source import HubSpot
from accountpulse.core.clock import FixedClock
from accountpulse.plugins import Account, Activity, Contact, InboundRequest, Opportunity, Record, SurveyResponse, Ticket
from accountpulse.testing.connectors import ConnectorSuite, Drift, Rows, ServedRows, Simulated
from accountpulse.testing.kit.bench import START
from accountpulse.testing.pushing import PushSuite
from accountpulse.testing.vendors import HubSpotVendor, serving

COMPANY = "7001"
SECRET = "simulated-client-secret"
EVENT = {"subscriptionType": "company.propertyChange", "portalId": 62515, "occurredAt": 1772445600000, "attemptNumber": 0}
URL = "https://pulse.acme.example/in/kit/webhook"


def rows(server: HubSpotVendor) -> Mapping[str, Rows]:
    def of(kind: str, record: type[Record], known: Mapping[str, str], changes: str) -> Rows:
        owned = {"associations": {"companies": [COMPANY]}} if kind != "companies" else {}
        return ServedRows(
            server=server,
            kind=kind,
            path=f"/crm/v3/objects/{kind}",
            record=record,
            make=lambda n: {"properties": {**known, changes: f"{kind} {n}"}, **owned},
            change=lambda n: {changes: f"Changed {n}"},
            drift=Drift("id", "updatedAt", "properties"),
        )

    at = {"hs_timestamp": "2026-03-01T10:00:00.000Z"}
    answer = {"hs_survey_type": "NPS", "hs_value": "9", "hs_submission_timestamp": "2026-03-01T10:00:00.000Z"}
    step = {**at, "hs_task_status": "COMPLETED", "hs_task_type": "TODO"}
    return {
        "companies": of("companies", Account, {}, "name"),
        "contacts": of("contacts", Contact, {}, "firstname"),
        "deals": of("deals", Opportunity, {"dealstage": "contractsent", "amount": "1200"}, "dealname"),
        "tickets": of("tickets", Ticket, {"hs_pipeline_stage": "1"}, "subject"),
        "meetings": of("meetings", Activity, at, "hs_meeting_title"),
        "calls": of("calls", Activity, at, "hs_call_title"),
        "emails": of("emails", Activity, at, "hs_email_subject"),
        "tasks": of("tasks", Activity, step, "hs_task_subject"),
        "surveys": of("feedback_submissions", SurveyResponse, answer, "hs_content"),
    }


class TestHubSpot(ConnectorSuite):
    connector = HubSpot
    good = {"base_url": "{vendor}", "access_token": "{access_token}", "activity_kinds": {"TODO": "onboarding_step"}}
    bad = {**good, "access_token": "wrong"}
    vendor = Simulated(lambda clock: HubSpotVendor(None, clock), rows)
    flood = 1_000


class TestHubSpotPush(PushSuite):
    connector = HubSpot
    good = {"base_url": "{vendor}", "access_token": SECRET, "webhook_url": URL, "webhook_secrets": [SECRET]}

    @pytest.fixture(autouse=True)
    def _account(self) -> Iterator[None]:
        vendor = HubSpotVendor(None, FixedClock(START))
        for number in (1, 2):
            vendor.put("companies", {"id": str(number), "properties": {"name": f"Company {number}"}})
        with serving(vendor):
            self.vendor = vendor
            self.good = {**self.good, "base_url": vendor.base_url, "access_token": vendor.credentials["access_token"]}
            yield

    def body(self, number: int) -> bytes:
        return self.vendor.webhook([{**EVENT, "eventId": number, "objectId": number}], SECRET, URL)[0]

    def send(self, body: bytes) -> InboundRequest:
        signed = {name.lower(): value for name, value in self.vendor.signed(body, SECRET, URL).items()}
        return self.request("webhook", body, signed)
