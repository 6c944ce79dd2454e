"""A simulated vendor of no brand: one JSON list endpoint a kind, for the tests of connectors nobody has written yet.

Its protocol is the one most small APIs share:
* `GET /{kind}?since=&until=&limit=&page=` with a bearer token; rows by (`updated_at`, `id`), bounds inclusive, `limit` 100 by
  default and 500 at most; the answer is {"items": [...], "next": absolute URL or null, "total": n};
* `GET /{kind}/{id}`; `GET /me` tells whose token it is;
* deleted rows stay, with `deleted: true`, when the kind is in `tombstones`; else they are gone;
* errors are {"error": code, "message": text}: 401, 404, 422 for a bad parameter, 429.
"""

# ruff: noqa: ARG002 - a hook or handler keeps its signature whether or not it reads every argument
from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import ClassVar
from urllib.parse import urlencode

from accountpulse.core.clock import Clock
from accountpulse.testing.vendors.control import Answer, Call, Endpoint, Json, Refusal, SimulatedVendor, Stored

_CODES = {401: "unauthorized", 403: "forbidden", 404: "not_found", 422: "invalid", 429: "rate_limited"}


class RestVendor(SimulatedVendor):
    """Serves the given kinds of rows. `token` is what `credentials` holds; start it with `serving(vendor)`."""

    name: ClassVar[str] = "rest"

    def __init__(self, clock: Clock, kinds: Iterable[str] = ("items",), tombstones: Iterable[str] = ()) -> None:
        super().__init__(clock)
        self._objects = {kind: {} for kind in kinds}
        self._tombstones = frozenset(tombstones)

    @property
    def credentials(self) -> dict[str, str]:
        """token: a bearer token."""
        return {"token": "simulated-rest-token"}

    def endpoints(self) -> Iterable[Endpoint]:
        yield Endpoint("GET", "/me", self._me)
        yield Endpoint("GET", "/{kind}", self._list)
        yield Endpoint("GET", "/{kind}/{identifier}", self._show)

    def complete(self, kind: str, body: Json, at: datetime) -> None:
        body.setdefault("id", f"{kind}-{self.serial():06d}")
        body.setdefault("created_at", at.isoformat())
        body.setdefault("deleted", False)
        self.changed(kind, body, at)

    def changed(self, kind: str, body: Json, at: datetime) -> None:
        body["updated_at"] = at.isoformat()

    def buried(self, kind: str, stored: Stored, at: datetime) -> bool:
        if kind not in self._tombstones:
            return False
        stored.body = {**stored.body, "deleted": True}
        self.changed(kind, stored.body, at)
        return True

    def error_answer(self, status: int) -> Answer:
        return Answer({"error": _CODES.get(status, "error"), "message": f"HTTP {status}"}, status)

    def authorise(self, call: Call) -> None:
        if self.revoked or call.headers.get("authorization") != f"Bearer {self.credentials['token']}":
            raise Refusal(self.error_answer(401))

    def _me(self, call: Call) -> Answer:
        return Answer({"id": "workspace-1", "name": "Simulated workspace"})

    def _list(self, call: Call) -> Answer:
        kind = self._kind(call)
        since, until = self._instant(call, "since"), self._instant(call, "until")
        rows = [
            each
            for each in self.stored(kind)
            if (since is None or each.stamp >= since) and (until is None or each.stamp <= until)
        ]
        size = self.capped(self._number(call, "limit", 100, 500))
        page = self._number(call, "page", 1, 1_000_000)
        following = None
        if page * size < len(rows):
            kept = [(name, value) for name, value in call.query if name != "page"]
            following = f"{self.base_url}/{kind}?{urlencode([*kept, ('page', page + 1)])}"
        items = [each.body for each in rows[(page - 1) * size : page * size]]
        return Answer({"items": items, "next": following, "total": len(rows)})

    def _show(self, call: Call) -> Answer:
        found = self.find(self._kind(call), call.path_params["identifier"])
        if found is None:
            raise Refusal(self.error_answer(404))
        return Answer(found.body)

    def _kind(self, call: Call) -> str:
        kind = call.path_params["kind"]
        if kind not in self._objects:
            raise Refusal(self.error_answer(404))
        return kind

    def _number(self, call: Call, name: str, default: int, most: int) -> int:
        text = call.get(name)
        if text is None:
            return default
        if not text.isdigit() or not 1 <= int(text) <= most:
            raise Refusal(Answer({"error": "invalid", "message": f"{name} must be from 1 to {most}"}, 422))
        return int(text)

    def _instant(self, call: Call, name: str) -> datetime | None:
        text = call.get(name)
        if text is None:
            return None
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            raise Refusal(Answer({"error": "invalid", "message": f"{name} must be ISO 8601"}, 422)) from None
        return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
