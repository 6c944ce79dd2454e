"""A simulated Stripe account, API version 2026-10-28.endive, as stripe-python drives it.

Vendor facts it reproduces:
* lists are newest first, `limit` 10 by default and 100 at most, `has_more`, `starting_after` and `ending_before` by id;
* `created[gte]` and friends, filters by customer, subscription, status, type; unknown parameters are refused;
* subscriptions leave cancelled ones out unless `status` asks; embedded lists show ten rows and say `has_more`;
* current shapes: invoice.parent.subscription_details, periods on items, status_transitions, `discounts` as ids until
  expanded, coupon under discount.source; `expand[]` follows ids;
* events live 30 days, carry `previous_attributes`, and a cursor on a forgotten event is refused as resource_missing;
* a restricted key without a permission is refused (403) with the permission's name in the message;
* `types[]` of events takes 20 at most;
* deleted customers, products and prices are gone, retrieve says `deleted: true`; deleting a subscription cancels it;
* errors are {"error": {...}} with type, code, param; 401, 429 rate_limit; `Request-Id` on every answer; basic or bearer.
"""

# ruff: noqa: ARG002 - a hook or handler keeps its signature whether or not it reads every argument
from __future__ import annotations

import base64
import binascii
import copy
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from accountpulse.core.clock import Clock
from accountpulse.testing.vendors.control import Answer, Call, Endpoint, Json, Refusal, SimulatedVendor, Stored
from accountpulse.testing.vendors.stripe_defaults import EVENT_NAMES, PATHS, PREFIXES, complete, event_names
from accountpulse.testing.vendors.stripe_filters import UnknownParameter, owner, tests
from accountpulse.testing.vendors.world import World
from accountpulse.testing.vendors.world.stripe_objects import event
from accountpulse.testing.vendors.world.wire import from_unix, stripe_id, unix

_RETENTION = timedelta(days=30)
_ERRORS: dict[int, Json] = {
    400: {"type": "invalid_request_error", "message": "Invalid request."},
    401: {"type": "invalid_request_error", "message": "Invalid API Key provided: sk_test_****"},
    403: {"type": "invalid_request_error", "message": "The provided key does not have the required permissions."},
    404: {"type": "invalid_request_error", "message": "Unrecognized request URL."},
    429: {"type": "invalid_request_error", "code": "rate_limit", "message": "Request rate limit exceeded."},
    500: {"type": "api_error", "message": "An unknown error occurred."},
    503: {"type": "api_error", "message": "Service temporarily unavailable."},
}


class StripeVendor(SimulatedVendor):
    """The account. Kinds are Stripe's `object` names; every change through the control surface emits its event.

    `put` and `touch` of an invoice or subscription take whole objects as `world.stripe_objects` shapes them, or partial
    ones, which are completed. `forbidden` are the resources (customers, disputes, ...) that the restricted key may not read.
    """

    name: ClassVar[str] = "stripe"
    kinds: ClassVar[tuple[str, ...]] = tuple(PREFIXES)

    def __init__(self, world: World | None, clock: Clock) -> None:
        super().__init__(clock)
        self.forbidden: set[str] = set()
        self._graves: dict[str, Json] = {}
        self._indexes: dict[tuple[str, str], tuple[list[Stored], dict[object, list[Stored]]]] = {}
        for kind, objects in (world.stripe if world is not None else {}).items():
            for each in objects:
                self.load(kind, each, from_unix(each.get("created", each.get("period", {}).get("start", 0))))

    @property
    def credentials(self) -> dict[str, str]:
        """api_key: a restricted test key."""
        return {"api_key": "rk_test_simulated"}

    def endpoints(self) -> Iterable[Endpoint]:
        yield Endpoint("GET", "/v1/account", self._account)
        yield Endpoint("GET", "/v1/invoices/{identifier}/lines", self._embedded("line_item", "invoice"))
        for kind, path in PATHS.items():
            yield Endpoint("GET", path, self._list(kind))
            yield Endpoint("GET", path + "/{identifier}", self._retrieve(kind))

    # -- the control surface, as Stripe behaves -------------------------------------------------------------------

    def sort_key(self, kind: str) -> Callable[[Stored], tuple[Any, ...]]:
        return lambda each: (each.body.get("created", 0), each.order if kind == "event" else 0, each.id)

    def complete(self, kind: str, body: Json, at: datetime) -> None:
        body.setdefault("id", stripe_id(PREFIXES[kind], "put", self.serial()))
        complete(kind, body, unix(at))

    def touch(self, kind: str, identifier: str, **changes: object) -> Json:
        """Change fields of an object. Stripe shows no modification time: only the event tells."""
        with self.lock:
            created = self._existing(kind, identifier).stamp
            body = super().touch(kind, identifier, **changes)
            self._existing(kind, identifier).stamp = created
            return body

    def changed(self, kind: str, body: Json, at: datetime) -> None:
        if kind == "product":
            body["updated"] = unix(at)

    def same_second(self, n: int, kind: str | None = None) -> list[str]:
        with self.lock:
            ids = super().same_second(n, kind)
            if kind is not None:
                for each in ids:
                    stored = self._objects[kind][each]
                    stored.body["created"] = unix(stored.stamp)
                self._sorted.pop(kind, None)
            return ids

    def buried(self, kind: str, stored: Stored, at: datetime) -> bool:
        if kind == "subscription":
            moment = unix(at)
            stored.body = {**stored.body, "status": "canceled", "canceled_at": moment, "ended_at": moment}
            for item in list(self._objects["subscription_item"].values()):
                if item.body["subscription"] == stored.id:
                    del self._objects["subscription_item"][item.id]
            self._sorted.pop("subscription_item", None)
            return True
        self._graves[stored.id] = {"id": stored.id, "object": kind, "deleted": True}
        return False

    def announce(self, kind: str, body: Json, before: Json | None, action: str) -> None:
        if kind not in EVENT_NAMES:
            return
        previous = None
        if action == "updated" and before is not None:
            previous = {name: value for name, value in before.items() if body.get(name) != value}
        at = self.clock.now()
        for name in event_names(kind, body, action, previous or ()):
            identifier = stripe_id("evt", name, body["id"], self.serial())
            self.load("event", event(identifier, name, unix(at), copy.deepcopy(body), previous), at)

    # -- answers --------------------------------------------------------------------------------------------------

    def error_answer(self, status: int) -> Answer:
        error = _ERRORS.get(status, {"type": "api_error", "message": f"HTTP {status}"})
        return Answer({"error": dict(error)}, status)

    def response_headers(self, call: Call) -> Mapping[str, str]:
        version = call.headers.get("stripe-version", "2026-10-28.endive")
        return {"Request-Id": f"req_simulated{len(self.requests)}", "Stripe-Version": version}

    def authorise(self, call: Call) -> None:
        scheme, _, value = call.headers.get("authorization", "").partition(" ")
        key = value
        if scheme.lower() == "basic":
            try:
                key = base64.b64decode(value, validate=True).decode().partition(":")[0]
            except (binascii.Error, UnicodeDecodeError):
                key = ""
        if not key:
            message = "You did not provide an API key."
            raise Refusal(Answer({"error": {"type": "invalid_request_error", "message": message}}, 401))
        if self.revoked or key != self.credentials["api_key"]:
            raise Refusal(self.error_answer(401))
        resource = call.path.split("/")[2]
        if resource in self.forbidden:
            needed = f"Having the 'rak_{resource.removesuffix('s')}_read' permission would allow this request to continue."
            error = {"type": "invalid_request_error", "message": f"The provided key '{key}' does not suffice. {needed}"}
            raise Refusal(Answer({"error": error}, 403))

    def _account(self, call: Call) -> Answer:
        return Answer(
            {
                "id": "acct_1SimulatedFern",
                "object": "account",
                "business_profile": {"name": "Fernwood Analytics"},
                "country": "US",
                "default_currency": "usd",
                "email": "billing@fernwoodanalytics.com",
                "charges_enabled": True,
                "type": "standard",
            }
        )

    def _list(self, kind: str) -> Callable[[Call], Answer]:
        return lambda call: self._page(call, kind, PATHS[kind], {})

    def _embedded(self, kind: str, owner: str) -> Callable[[Call], Answer]:
        def listing(call: Call) -> Answer:
            identifier = call.path_params["identifier"]
            if self.find(owner, identifier) is None:
                raise _missing(owner, identifier, "id")
            return self._page(call, kind, call.path, {owner: identifier}, reverse=True)

        return listing

    def _retrieve(self, kind: str) -> Callable[[Call], Answer]:
        def retrieve(call: Call) -> Answer:
            identifier = call.path_params["identifier"]
            if identifier in self._graves and kind in ("customer", "product"):
                return Answer(self._graves[identifier])
            found = self.find(kind, identifier)
            if found is None or (kind == "event" and self._forgotten(found)):
                raise _missing(kind, identifier, "id")
            return Answer(self._expanded(found.body, call.listed("expand")))

        return retrieve

    def _page(self, call: Call, kind: str, url: str, fixed: Mapping[str, str], reverse: bool = False) -> Answer:
        rows = self._listed(call, kind, fixed)
        if not reverse:
            rows = rows[::-1]
        size = self.capped(self._limit(call))
        after, before = call.get("starting_after"), call.get("ending_before")
        if after is not None:
            start = self._position(kind, rows, after, "starting_after") + 1
            page, more = rows[start : start + size], start + size < len(rows)
        elif before is not None:
            end = self._position(kind, rows, before, "ending_before")
            page, more = rows[max(0, end - size) : end], end > size
        else:
            page, more = rows[:size], len(rows) > size
        paths = [path.removeprefix("data.") for path in call.listed("expand") if path.startswith("data.")]
        data = [self._expanded(each.body, paths) for each in page]
        return Answer({"object": "list", "url": url, "has_more": more, "data": data})

    def _listed(self, call: Call, kind: str, fixed: Mapping[str, str]) -> list[Stored]:
        """The objects a call asks for, oldest first. Those of one owner come from an index: readers ask owner by owner."""
        rows = self.stored(kind)
        for name in ("invoice", "subscription", "customer"):
            value = fixed.get(name) or call.get(name)
            if value is not None:
                rows = self._indexed(kind, name, rows).get(value, [])
                break
        try:
            wanted = tests(kind, call.query, fixed)
        except UnknownParameter as unknown:
            raise _invalid("parameter_unknown", unknown.args[0], f"Received unknown parameter: {unknown}") from None
        except ValueError:
            raise _invalid("parameter_invalid_integer", "created", "Invalid integer: created") from None
        if kind == "event":
            rows = [each for each in rows if not self._forgotten(each)]
        return [each for each in rows if all(test(each.body) for test in wanted)]

    def _indexed(self, kind: str, name: str, rows: list[Stored]) -> dict[object, list[Stored]]:
        of, index = self._indexes.get((kind, name), ([], {}))
        if of is not rows:
            index = {}
            for each in rows:
                index.setdefault(owner(kind, name, each.body), []).append(each)
            self._indexes[kind, name] = (rows, index)
        return index

    def _limit(self, call: Call) -> int:
        text = call.get("limit")
        if text is None:
            return 10
        if not text.isdigit() or not 1 <= int(text) <= 100:
            raise _invalid("parameter_invalid_integer", "limit", "Invalid limit: must be between 1 and 100.")
        return int(text)

    def _position(self, kind: str, rows: list[Stored], identifier: str, param: str) -> int:
        for position, each in enumerate(rows):
            if each.id == identifier:
                return position
        known = self.find(kind, identifier)
        if known is None or (kind == "event" and self._forgotten(known)):
            raise _missing(kind, identifier, param)
        key = self.sort_key(kind)
        place = sum(key(each) > key(known) for each in rows)
        return place - 1 if param == "starting_after" else place

    def _forgotten(self, stored: Stored) -> bool:
        return stored.stamp < self.clock.now() - _RETENTION

    def _expanded(self, body: Json, paths: list[str]) -> Json:
        if not paths:
            return body
        shown = copy.deepcopy(body)
        for path in paths:
            self._expand(shown, path.split("."))
        return shown

    def _expand(self, holder: Any, steps: list[str]) -> None:
        if isinstance(holder, list):
            for each in holder:
                self._expand(each, steps)
            return
        if not isinstance(holder, dict) or holder.get(steps[0]) is None:
            return
        value = holder[steps[0]]
        if isinstance(value, list):
            holder[steps[0]] = [self._resolved(each) for each in value]
        else:
            holder[steps[0]] = self._resolved(value)
        if len(steps) > 1:
            self._expand(holder[steps[0]], steps[1:])

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, str):
            for kind in self.kinds:
                found = self._objects[kind].get(value)
                if found is not None:
                    return copy.deepcopy(found.body)
        return value


def _missing(kind: str, identifier: str, param: str) -> Refusal:
    status = 404 if param == "id" else 400
    return _invalid("resource_missing", param, f"No such {kind}: '{identifier}'", status)


def _invalid(code: str, param: str, message: str, status: int = 400) -> Refusal:
    error = {"type": "invalid_request_error", "code": code, "param": param, "message": message}
    return Refusal(Answer({"error": error}, status))
