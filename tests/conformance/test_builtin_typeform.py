"""The Typeform connector under the kit, against the simulated workspace."""

from __future__ import annotations

from collections.abc import Mapping

from accountpulse.connectors.typeform.source import Typeform
from accountpulse.core.clock import Clock
from accountpulse.plugins import SurveyResponse
from accountpulse.testing.connectors import ConnectorSuite, Drift, Rows, ServedRows, Simulated
from accountpulse.testing.vendors import TypeformVendor


def workspace(clock: Clock) -> TypeformVendor:
    vendor = TypeformVendor(None, clock)
    vendor.put("form", {"id": "nps", "fields": [{"ref": "score"}, {"ref": "why"}]})
    return vendor


def answers(why: str) -> dict[str, object]:
    score = {"field": {"ref": "score"}, "type": "number", "number": 9}
    return {"answers": [score, {"field": {"ref": "why"}, "type": "text", "text": why}]}


def rows(server: TypeformVendor) -> Mapping[str, Rows]:
    return {
        "responses": ServedRows(
            server=server,
            kind="response",
            path="/responses",
            record=SurveyResponse,
            make=lambda n: {"form_id": "nps", "hidden": {"account_id": f"00{n % 9}"}, **answers(f"Answer {n}")},
            change=lambda n: answers(f"Changed {n}"),
            source_id=lambda body: str(body["token"]),
            drift=Drift("submitted_at", "metadata", "metadata"),
        )
    }


class TestTypeform(ConnectorSuite):
    connector = Typeform
    good = {
        "base_url": "{vendor}",
        "token": "{token}",
        "forms": [{"id": "nps", "kind": "nps", "score_field": "score", "comment_field": "why"}],
    }
    bad = {**good, "token": "wrong"}
    vendor = Simulated(workspace, rows)
    not_covered = {
        "resume": "Typeform lists responses newest first, so only a form that was read to its end may move the cursor",
        "tombstones": "Typeform does not tell of deleted responses",
    }
    flood = 1_600
