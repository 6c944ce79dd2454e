"""The Zendesk connector under the kit, through zenpy against the simulated account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from accountpulse.connectors.zendesk.source import Zendesk
from accountpulse.plugins import Account, Contact, SurveyResponse, Ticket
from accountpulse.testing.connectors import ConnectorSuite, Drift, Rows, ServedRows, Simulated
from accountpulse.testing.vendors import ZendeskVendor

ORGANIZATION = 57542


@dataclass(kw_only=True)
class Users(ServedRows):
    """A deleted user stays as an inactive contact; one who left the organization is no contact any more."""

    def delete(self, source_id: str) -> None:
        self.server.touch("user", source_id, organization_id=None)
        self.alive.discard(source_id)


def rows(server: ZendeskVendor) -> Mapping[str, Rows]:
    def rating(n: int) -> dict[str, object]:
        ticket = server.put("ticket", {"organization_id": ORGANIZATION, "subject": f"Rated {n}"})
        return {"ticket_id": ticket["id"], "score": "good", "comment": f"Rating {n}"}

    def survey(n: int, words: str) -> dict[str, object]:
        stamps = {"created_at": "2026-01-02T00:00:00.000Z", "updated_at": "2026-01-02T00:00:00.000Z"}
        rated = {"type": "rating_scale", "rating": 5, "question": {"sub_type": "customer_satisfaction"}, **stamps}
        return {"answers": [rated, {"type": "open_ended", "value": f"{words} {n}", **stamps}]}

    def offered(n: int) -> dict[str, object]:
        ticket = server.put("ticket", {"organization_id": ORGANIZATION, "subject": f"Asked {n}"})
        return {"subject_zrns": [f"zen:ticket:{ticket['id']}"], **survey(n, "Answer")}

    return {
        "organizations": ServedRows(
            server=server,
            kind="organization",
            path="/incremental/organizations",
            record=Account,
            make=lambda n: {"name": f"Company {n}"},
            change=lambda n: {"name": f"Changed {n}"},
            drift=Drift("id", "name", "name"),
        ),
        "users": Users(
            server=server,
            kind="user",
            path="/incremental/users",
            record=Contact,
            make=lambda n: {"name": f"User {n}", "organization_id": ORGANIZATION},
            change=lambda n: {"name": f"Changed {n}"},
            drift=Drift("created_at", "name", "name"),
        ),
        "tickets": ServedRows(
            server=server,
            kind="ticket",
            path="/incremental/tickets",
            record=Ticket,
            make=lambda n: {"subject": f"Ticket {n}", "organization_id": ORGANIZATION},
            change=lambda n: {"subject": f"Changed {n}"},
            drift=Drift("created_at", "subject", "metric_set", "priority"),
        ),
        "satisfaction": ServedRows(
            server=server,
            kind="satisfaction_rating",
            path="/satisfaction_ratings",
            record=SurveyResponse,
            make=rating,
            change=lambda n: {"comment": f"Changed {n}"},
            drift=Drift("id", "comment", "comment"),
        ),
        "surveys": ServedRows(
            server=server,
            kind="survey_response",
            path="/guide/survey_responses",
            record=SurveyResponse,
            make=offered,
            change=lambda n: survey(n, "Changed"),
            drift=Drift("id", "responder_id", "responder_id"),
        ),
    }


class TestZendesk(ConnectorSuite):
    connector = Zendesk
    good = {"base_url": "{vendor}", "client_id": "{client_id}", "client_secret": "{client_secret}", "csat": "both"}
    bad = {**good, "client_secret": "wrong"}
    vendor = Simulated(lambda clock: ZendeskVendor(None, clock), rows)
    not_covered = {
        "satisfaction.resume": "Zendesk lists ratings in no order of change, so only a complete reading may move the cursor",
        "satisfaction.tombstones": "Zendesk tells nobody of a rating that is gone",
        "surveys.resume": "Zendesk lists surveys by when they were offered, so only a complete reading may move the cursor",
        "surveys.tombstones": "Zendesk tells nobody of a survey that is gone",
    }
    flood = 4_000
