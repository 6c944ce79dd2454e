"""A simulated Intercom workspace: companies by scroll, contacts and conversations by search, and signed notifications.

Vendor facts it reproduces:
* the company scroll: one open at a time, the same `scroll_param` on every page, closed after a minute without a request, at its
  end an empty page; it shows the companies there were when it was opened;
* searches: filters nested in AND and OR, `sort`, pages of at most 150, `pages.next.starting_after` until there is no further
  page; times are whole seconds, and many rows share one;
* contacts are searched by days: a time counts as the midnight before it, and "later" begins with the day after. Archived
  contacts are not found, though they can be fetched;
* > and < on conversations take the second itself;
* a deleted object is gone; nothing but a notification tells of it;
* answers carry X-RateLimit-Limit, -Remaining and -Reset, of windows of ten seconds;
* notifications: `X-Hub-Signature: sha1=` and HMAC-SHA1 of the body under the app's client secret.
"""

# ruff: noqa: ARG002 - a hook or handler keeps its signature whether or not it reads every argument
from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from accountpulse.core.clock import Clock
from accountpulse.testing.vendors.control import Answer, Call, Endpoint, Json, Refusal, SimulatedVendor, Stored
from accountpulse.testing.vendors.world.wire import unix

_PLURAL = {"company": "companies", "contact": "contacts", "conversation": "conversations"}
_PAGE = 100
_SCROLL_IDLE = timedelta(seconds=60)
_WINDOW = 10
_DAY = 86_400
_CODES = {
    400: "parameter_invalid",
    401: "unauthorized",
    403: "api_plan_restricted",
    404: "not_found",
    429: "rate_limit_exceeded",
    503: "service_unavailable",
}


class IntercomVendor(SimulatedVendor):
    """The workspace. Kinds: company, contact, conversation.

    `region` is what /me says; `limit` is how many requests it takes in ten seconds.
    """

    name: ClassVar[str] = "intercom"
    kinds: ClassVar[tuple[str, ...]] = tuple(_PLURAL)

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.region = "US"
        self.limit = 1667
        self._scroll: tuple[str, list[Stored], datetime] | None = None
        self._window = (0, 0)

    @property
    def credentials(self) -> dict[str, str]:
        """token; client_secret, which notifications are signed with."""
        return {"token": "simulated-intercom-token", "client_secret": "simulated-intercom-client-secret"}

    def endpoints(self) -> Iterable[Endpoint]:
        yield Endpoint("GET", "/me", self._me)
        yield Endpoint("GET", "/companies/scroll", self._scrolled)
        yield Endpoint("POST", "/contacts/search", self._search("contact", "data"))
        yield Endpoint("POST", "/conversations/search", self._search("conversation", "conversations"))
        for kind, plural in _PLURAL.items():
            yield Endpoint("GET", f"/{plural}/{{identifier}}", self._show(kind))

    # -- the control surface, as Intercom behaves -----------------------------------------------------------------

    def notification(self, topic: str, item: Json) -> Json:
        """The body of a notification, sent now."""
        now = unix(self.clock.now())
        return {
            "type": "notification_event",
            "app_id": "abc12345",
            "data": {"type": "notification_event_data", "item": item},
            "links": {},
            "id": f"notif_{self.serial():032d}",
            "topic": topic,
            "delivery_status": "pending",
            "delivery_attempts": 1,
            "delivered_at": 0,
            "first_sent_at": now,
            "created_at": now,
            "self": None,
        }

    def signed(self, body: bytes, secret: str | None = None) -> dict[str, str]:
        """The headers of a notification with this body."""
        digest = hmac.new((secret or self.credentials["client_secret"]).encode(), body, "sha1").hexdigest()
        return {"Content-Type": "application/json", "X-Hub-Signature": f"sha1={digest}"}

    def archive(self, contact: str) -> None:
        """Archive a contact: searches find it no more, a request for it alone does."""
        self.touch("contact", contact, archived=True)

    def sort_key(self, kind: str) -> Callable[[Stored], tuple[Any, ...]]:
        return lambda each: (unix(each.stamp), each.id)

    def complete(self, kind: str, body: Json, at: datetime) -> None:
        if "id" not in body:
            number = self.serial()
            body["id"] = str(215_470_000_000_000 + number) if kind == "conversation" else f"6762f0{number:018x}"
        body.setdefault("created_at", unix(at))
        for name, value in _DEFAULTS[kind].items():
            body.setdefault(name, json.loads(json.dumps(value)))
        if kind == "company":
            body.setdefault("company_id", f"own-{body['id']}")
        self.changed(kind, body, at)

    def changed(self, kind: str, body: Json, at: datetime) -> None:
        body["updated_at"] = unix(at)

    # -- answers --------------------------------------------------------------------------------------------------

    def error_answer(self, status: int) -> Answer:
        return _error(status, _CODES.get(status, "server_error"))

    def response_headers(self, call: Call) -> Mapping[str, str]:
        now = unix(self.clock.now())
        window = now - now % _WINDOW
        used = self._window[1] + 1 if self._window[0] == window else 1
        self._window = (window, used)
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(max(0, self.limit - used)),
            "X-RateLimit-Reset": str(window + _WINDOW),
            "Intercom-Version": call.headers.get("intercom-version", "2.9"),
        }

    def authorise(self, call: Call) -> None:
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        if self.revoked or scheme.lower() != "bearer" or token != self.credentials["token"]:
            raise Refusal(self.error_answer(401))
        now = unix(self.clock.now())
        if self._window[0] == now - now % _WINDOW and self._window[1] >= self.limit:
            raise Refusal(self.error_answer(429))

    def _me(self, call: Call) -> Answer:
        app = {"type": "app", "id_code": "abc12345", "name": "Fernwood", "region": self.region, "timezone": "Europe/Dublin"}
        return Answer({"type": "admin", "id": "991267390", "email": "ops@fernwoodanalytics.com", "name": "Ops", "app": app})

    def _scrolled(self, call: Call) -> Answer:
        given, now = call.get("scroll_param"), self.clock.now()
        if self._scroll is not None and now - self._scroll[2] >= _SCROLL_IDLE:
            self._scroll = None
        if given is None:
            if self._scroll is not None:
                raise Refusal(_error(400, "scroll_exists"))
            self._scroll = (f"scroll-{self.serial():08d}", list(self.stored("company")), now)
        elif self._scroll is None or self._scroll[0] != given:
            raise Refusal(_error(404, "not_found"))
        name, left, _ = self._scroll
        page = left[: self.capped(_PAGE)]
        self._scroll = (name, left[len(page) :], now) if page else None
        return Answer(
            {
                "type": "list",
                "data": [each.body for each in page],
                "pages": None,
                "total_count": None,
                "scroll_param": name,
            }
        )

    def _search(self, kind: str, key: str) -> Callable[[Call], Answer]:
        def search(call: Call) -> Answer:
            body = call.json
            pagination = body.get("pagination") or {}
            size = pagination.get("per_page", 20)
            if not isinstance(size, int) or not 1 <= size <= 150:
                raise Refusal(_error(400, "parameter_invalid"))
            matches = _condition(body.get("query"), by_day=kind == "contact")
            found = [each for each in self.stored(kind) if each.body.get("archived") is not True and matches(each.body)]
            order = body.get("sort") or {"field": "updated_at", "order": "descending"}
            if order.get("order") == "descending":
                found.reverse()
            start = 0
            after = pagination.get("starting_after")
            if after is not None:
                last, going_up = _place(after), order.get("order") != "descending"
                start = next(
                    (index for index, each in enumerate(found) if (_key(each) > last if going_up else _key(each) < last)),
                    len(found),
                )
            size = self.capped(size)
            page = found[start : start + size]
            more = start + size < len(found)
            pages: Json = {"type": "pages", "page": 1, "per_page": size, "total_pages": -(-len(found) // size)}
            if more:
                cursor = base64.b64encode(json.dumps(_key(page[-1])).encode()).decode()
                pages["next"] = {"page": 2, "starting_after": cursor}
            shown = [each.body for each in page]
            return Answer({"type": f"{kind}.list", key: shown, "total_count": len(found), "pages": pages})

        return search

    def _show(self, kind: str) -> Callable[[Call], Answer]:
        def show(call: Call) -> Answer:
            found = self.find(kind, call.path_params["identifier"])
            if found is None:
                raise Refusal(_error(404, f"{kind}_not_found"))
            return Answer(found.body)

        return show


_DEFAULTS: dict[str, Json] = {
    "company": {
        "type": "company",
        "app_id": "abc12345",
        "name": "Some company",
        "plan": {},
        "size": None,
        "website": None,
        "industry": None,
        "monthly_spend": 0,
        "session_count": 0,
        "user_count": 1,
        "custom_attributes": {},
    },
    "contact": {
        "type": "contact",
        "role": "user",
        "email": None,
        "name": None,
        "external_id": None,
        "archived": False,
        "companies": {"type": "list", "data": [], "total_count": 0, "has_more": False},
    },
    "conversation": {
        "type": "conversation",
        "title": None,
        "state": "open",
        "open": True,
        "priority": "not_priority",
        "company_id": None,
        "source": {"type": "conversation", "delivered_as": "customer_initiated", "subject": "", "body": "<p>Hello</p>"},
        "contacts": {"type": "contact.list", "contacts": []},
        "conversation_rating": None,
        "statistics": {"type": "conversation_statistics", "count_reopens": 0},
    },
}


def _error(status: int, code: str) -> Answer:
    errors = [{"code": code, "message": code.replace("_", " ")}]
    return Answer({"type": "error.list", "request_id": "simulated", "errors": errors}, status)


def _condition(query: Any, *, by_day: bool) -> Callable[[Json], bool]:
    """A search's filter as a function. A filter that Intercom would refuse is refused."""
    if not isinstance(query, dict) or not isinstance(query.get("operator"), str):
        raise Refusal(_error(400, "parameter_invalid"))
    operator, value, field = query["operator"], query.get("value"), query.get("field")
    if operator in ("AND", "OR"):
        if not isinstance(value, list) or not 1 <= len(value) <= 15:
            raise Refusal(_error(400, "parameter_invalid"))
        parts = [_condition(each, by_day=by_day) for each in value]
        every = all if operator == "AND" else any
        return lambda body: every(part(body) for part in parts)
    if not isinstance(field, str):
        raise Refusal(_error(400, "parameter_invalid"))
    if operator == "IN":
        if not isinstance(value, list) or len(value) > 15:
            raise Refusal(_error(400, "parameter_invalid"))
        return lambda body: body.get(field) in value
    if operator == "=":
        return lambda body: body.get(field) == value
    if operator not in (">", "<") or not isinstance(value, int):
        raise Refusal(_error(400, "parameter_invalid"))
    sign = 1 if operator == ">" else -1
    if by_day:
        return lambda body: sign * (body[field] // _DAY - value // _DAY) > 0
    return lambda body: sign * (body[field] - value) >= 0


def _key(each: Stored) -> list[Any]:
    return [unix(each.stamp), each.id]


def _place(cursor: object) -> list[Any]:
    try:
        stamp, identifier = json.loads(base64.b64decode(str(cursor), validate=True))
        return [int(stamp), str(identifier)]
    except (binascii.Error, ValueError, TypeError):
        raise Refusal(_error(400, "parameter_invalid")) from None
