"""A simulated Typeform: forms and their responses, over plain HTTP with a bearer token.

Vendor facts it reproduces:
* `/forms/{id}/responses`: newest first; `page_size` 25 by default, 1,000 at most; `since` and `until` are inclusive and
  compare with `submitted_at`; `before` and `after` are response tokens, exclusive, and walk in the order of processing;
* answers name their field by `ref`; hidden fields `account_id` and `email` come back under `hidden`;
* `total_items` and `page_count` count what is left under every bound, `before` and `after` included: a reader that pages
  by `before` sees them shrink (tap-typeform ends when `page_count` reaches 1); completed responses only;
* webhooks: event_id, event_type and form_response, which is the response with its form's id and definition, signed with
  sha256=base64(HMAC-SHA256(body));
* deleted responses are simply gone; errors are {"code": ..., "description": ...}; 429 with Retry-After.
"""

# ruff: noqa: ARG002 - a hook or handler keeps its signature whether or not it reads every argument
from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import ClassVar

from accountpulse.core.clock import Clock
from accountpulse.testing.vendors.control import Answer, Call, Endpoint, Json, Refusal, SimulatedVendor, Stored
from accountpulse.testing.vendors.world import World
from accountpulse.testing.vendors.world.wire import from_unix, token_of, zulu

_ERRORS = {
    400: ("VALIDATION_ERROR", "Validation error"),
    401: ("AUTHENTICATION_FAILED", "Authentication credentials not found on the Request Headers"),
    403: ("AUTHENTICATION_FAILED", "Invalid token"),
    404: ("FORM_NOT_FOUND", "Non existing form with the given uid"),
    429: ("TOO_MANY_REQUESTS", "Rate limit exceeded"),
    500: ("INTERNAL_SERVER_ERROR", "Internal server error"),
    503: ("SERVICE_UNAVAILABLE", "Service unavailable"),
}


class TypeformVendor(SimulatedVendor):
    """The workspace. Kinds: form, and response, whose `form_id` says which form it answers."""

    name: ClassVar[str] = "typeform"
    kinds: ClassVar[tuple[str, ...]] = ("form", "response")

    def __init__(self, world: World | None, clock: Clock) -> None:
        super().__init__(clock)
        if world is not None:
            for form in world.forms:
                self.load("form", form, datetime.fromisoformat(form["last_updated_at"]))
            for response in world.responses:
                self.load("response", response, datetime.fromisoformat(response["submitted_at"]))

    @property
    def credentials(self) -> dict[str, str]:
        """token: a personal access token."""
        return {"token": "tfp_simulated_personal_access_token"}

    def endpoints(self) -> Iterable[Endpoint]:
        yield Endpoint("GET", "/me", self._me)
        yield Endpoint("GET", "/forms", self._forms)
        yield Endpoint("GET", "/forms/{form}", self._form)
        yield Endpoint("GET", "/forms/{form}/responses", self._responses)

    # -- the control surface, as Typeform behaves -----------------------------------------------------------------

    def identify(self, kind: str, body: Json) -> str:
        return str(body["token"] if kind == "response" else body["id"])

    def webhook(self, token: str, secret: str) -> tuple[bytes, dict[str, str]]:
        """The body and the headers of the webhook that tells of a response."""
        response = self.get("response", token)
        for name in ("landing_id", "response_id", "response_type", "metadata"):
            response.pop(name, None)
        definition = {"id": response["form_id"], "title": "A form", "fields": self.get("form", response["form_id"])["fields"]}
        event = {
            "event_id": token_of("event", self.serial()),
            "event_type": "form_response",
            "form_response": {**response, "definition": definition},
        }
        body = json.dumps(event).encode()
        digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
        return body, {"Typeform-Signature": f"sha256={base64.b64encode(digest).decode()}"}

    def complete(self, kind: str, body: Json, at: datetime) -> None:
        if kind == "form":
            body.setdefault("id", f"form{self.serial():04d}")
            body.setdefault("title", "A form")
            body.setdefault("fields", [])
            body.setdefault("hidden", [])
            body.setdefault("created_at", zulu(at))
        else:
            token = body.setdefault("token", token_of("put", self.serial()))
            for name, value in {"landing_id": token, "response_id": token, "response_type": "completed"}.items():
                body.setdefault(name, value)
            for name in ("hidden", "metadata", "calculated"):
                body.setdefault(name, {})
            body.setdefault("answers", [])
            body.setdefault("landed_at", zulu(at))
        self.changed(kind, body, at)

    def changed(self, kind: str, body: Json, at: datetime) -> None:
        body["last_updated_at" if kind == "form" else "submitted_at"] = zulu(at)

    # -- answers --------------------------------------------------------------------------------------------------

    def error_answer(self, status: int) -> Answer:
        code, description = _ERRORS.get(status, ("ERROR", f"HTTP {status}"))
        return Answer({"code": code, "description": description}, status)

    def authorise(self, call: Call) -> None:
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Refusal(self.error_answer(401))
        if self.revoked or token != self.credentials["token"]:
            raise Refusal(self.error_answer(403))

    def _me(self, call: Call) -> Answer:
        return Answer({"user_id": "01SIM", "alias": "Fernwood", "email": "ops@fernwoodanalytics.com", "language": "en"})

    def _forms(self, call: Call) -> Answer:
        size = self.capped(self._number(call, "page_size", 10, 200))
        page = self._number(call, "page", 1, 100_000)
        rows = self.stored("form")
        shown = rows[(page - 1) * size : page * size]
        wanted = ("id", "type", "title", "created_at", "last_updated_at", "settings", "theme", "_links")
        items = [{name: each.body[name] for name in wanted if name in each.body} for each in shown]
        return Answer({"total_items": len(rows), "page_count": -(-len(rows) // size), "items": items})

    def _form(self, call: Call) -> Answer:
        return Answer(self._existing_form(call).body)

    def _responses(self, call: Call) -> Answer:
        form = self._existing_form(call)
        size = self.capped(self._number(call, "page_size", 25, 1000))
        since, until = self._instant(call, "since"), self._instant(call, "until")
        rows = [
            each
            for each in self.stored("response")
            if each.body["form_id"] == form.id
            and (since is None or each.stamp.replace(microsecond=0) >= since)
            and (until is None or each.stamp.replace(microsecond=0) <= until)
        ]
        after = call.get("after")
        if after is not None:
            rows = rows[self._position(rows, after) + 1 :]
        else:
            before = call.get("before")
            if before is not None:
                rows = rows[: self._position(rows, before)]
            if call.get("sort") != "submitted_at,asc":
                rows = rows[::-1]
        total = len(rows)
        items = [{name: value for name, value in each.body.items() if name != "form_id"} for each in rows[:size]]
        return Answer({"total_items": total, "page_count": -(-total // size), "items": items})

    def _existing_form(self, call: Call) -> Stored:
        found = self.find("form", call.path_params["form"])
        if found is None:
            raise Refusal(self.error_answer(404))
        return found

    def _position(self, rows: list[Stored], token: str) -> int:
        for position, each in enumerate(rows):
            if each.id == token:
                return position
        raise Refusal(Answer({"code": "VALIDATION_ERROR", "description": f"unknown response token {token}"}, 400))

    def _number(self, call: Call, name: str, default: int, most: int) -> int:
        text = call.get(name)
        if text is None:
            return default
        if not text.isdigit() or not 1 <= int(text) <= most:
            description = f"{name} must be between 1 and {most}"
            raise Refusal(Answer({"code": "VALIDATION_ERROR", "description": description}, 400))
        return int(text)

    def _instant(self, call: Call, name: str) -> datetime | None:
        text = call.get(name)
        if text is None:
            return None
        if text.isdigit():
            return from_unix(int(text))
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            description = f"{name} must be a Unix time or an ISO 8601 date in UTC"
            raise Refusal(Answer({"code": "VALIDATION_ERROR", "description": description}, 400)) from None
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at
