"""A simulated SurveyMonkey: one survey and its responses, by the bulk endpoint, with a bearer token.

It does the worst that its documentation allows: `start_modified_at` is exclusive, and numbered pages move when a response does.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

from accountpulse.core.clock import Clock
from accountpulse.testing.vendors.control import Answer, Call, Endpoint, Json, Refusal, SimulatedVendor

TOKEN = "simulated-surveymonkey-token"
NPS, WHY = "84001", "84002"
DETAILS = {
    "id": "507",
    "title": "How are we doing?",
    "pages": [
        {
            "id": "1",
            "questions": [
                {
                    "id": NPS,
                    "family": "matrix",
                    "subtype": "rating",
                    "headings": [{"heading": "Would you recommend us?"}],
                    "answers": {"choices": [{"id": f"c{n}", "text": str(n), "weight": n} for n in range(11)]},
                },
                {"id": WHY, "family": "open_ended", "subtype": "essay", "headings": [{"heading": "Why?"}]},
            ],
        }
    ],
}


def answered(score: int, why: str) -> Json:
    questions = [{"id": NPS, "answers": [{"choice_id": f"c{score}", "row_id": "r1"}]}, {"id": WHY, "answers": [{"text": why}]}]
    return {"pages": [{"id": "1", "questions": questions}]}


class SurveyMonkeyVendor(SimulatedVendor):
    """The account. Kind: response."""

    name: ClassVar[str] = "surveymonkey"
    kinds: ClassVar[tuple[str, ...]] = ("response",)

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)

    @property
    def credentials(self) -> dict[str, str]:
        return {"token": TOKEN}

    def endpoints(self) -> Iterable[Endpoint]:
        yield Endpoint("GET", "/v3/users/me", lambda _: Answer({"id": "77", "username": "fernwood", "account_type": "team"}))
        yield Endpoint("GET", "/v3/surveys/{survey}/details", self._details)
        yield Endpoint("GET", "/v3/surveys/{survey}/responses/bulk", self._bulk)

    def complete(self, kind: str, body: Json, at: datetime) -> None:
        body.setdefault("id", str(10_045_000_000 + self.serial()))
        body.setdefault("response_status", "completed")
        body.setdefault("date_created", at.isoformat(timespec="seconds"))
        self.changed(kind, body, at)

    def changed(self, kind: str, body: Json, at: datetime) -> None:
        body["date_modified"] = at.isoformat(timespec="seconds")

    def authorise(self, call: Call) -> None:
        if self.revoked or call.headers.get("authorization") != f"Bearer {TOKEN}":
            raise Refusal(self.error_answer(401))

    def error_answer(self, status: int) -> Answer:
        return Answer({"error": {"id": str(status), "name": "Error", "http_status_code": status}}, status)

    def _details(self, call: Call) -> Answer:
        if call.path_params["survey"] != DETAILS["id"]:
            raise Refusal(self.error_answer(404))
        return Answer(DETAILS)

    def _bulk(self, call: Call) -> Answer:
        size, page = self.capped(int(call.get("per_page") or 50)), int(call.get("page") or 1)
        since = datetime.fromisoformat(call.get("start_modified_at") or "2000-01-01T00:00:00+00:00")
        rows = [each for each in self.stored("response") if each.stamp.replace(microsecond=0) > since]
        shown = rows[(page - 1) * size : page * size]
        links = {"self": call.path, **({"next": f"{call.path}?page={page + 1}"} if page * size < len(rows) else {})}
        return Answer(
            {"data": [each.body for each in shown], "page": page, "per_page": size, "total": len(rows), "links": links}
        )
