"""A simulated HubSpot account: CRM objects with lists, search, batches and associations, over plain HTTP with a bearer token.

Vendor facts it reproduces:
* lists go by id, 100 a page, live objects or archived ones; archiving sets `archivedAt` and moves no modification time;
* search leaves archived objects out, sorts by one property, gives 200 a page and nothing behind the 10,000th result (400), and
  runs behind the objects by `index_lag`; filters within a group are ANDed, groups are ORed, 5 groups of 10 at most;
* only the properties that are asked for are answered, as texts; unknown ones are left out without a word;
* associations have types, one of them the primary, and are told apart from the objects, whose modification time they don't
  move; an object without any is an error among the answers, status 207;
* the loser of a merge is gone without being archived: the winner names it in `hs_merged_object_ids`, and answers for its id;
* 401, 403 with the missing scopes, 404 and 429 with `policyName`, in HubSpot's own words; OAuth access tokens that expire;
* webhooks: lists of events, signed (version 3) with method, address, body and time in milliseconds.
"""

# ruff: noqa: ARG002 - a hook or handler keeps its signature whether or not it reads every argument
from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from accountpulse.core.clock import Clock
from accountpulse.testing.vendors.control import Answer, Call, Endpoint, Json, Refusal, SimulatedVendor, Stored
from accountpulse.testing.vendors.hubspot_search import CEILING, found_by, sorted_by
from accountpulse.testing.vendors.world import World

LIST_PAGE, SEARCH_PAGE, LIST_MOST, SEARCH_MOST, BATCH_MOST = 10, 10, 100, 200, 100
_SINGULAR = {
    "companies": "company",
    "contacts": "contact",
    "deals": "deal",
    "tickets": "ticket",
    "meetings": "meeting",
    "calls": "call",
    "emails": "email",
    "tasks": "task",
    "line_items": "line_item",
    "feedback_submissions": "feedback_submission",
}
_DATED_BY = dict.fromkeys(("companies", "contacts", "deals", "tickets", "line_items"), "createdate")
# (from, to) -> the type of a primary association, and of any.
_TYPES = {("contacts", "companies"): (1, 279), ("deals", "companies"): (5, 341), ("tickets", "companies"): (26, 339)}
_PLAIN_TYPE = 182
_MESSAGES = {
    400: ("VALIDATION_ERROR", "Invalid input"),
    401: ("INVALID_AUTHENTICATION", "Authentication credentials not found. This API supports OAuth 2.0 authentication."),
    403: ("MISSING_SCOPES", "This app hasn't been granted all required scopes to make this call."),
    404: ("OBJECT_NOT_FOUND", "resource not found"),
    429: ("RATE_LIMITS", "You have reached your ten_secondly_rolling limit."),
    500: ("INTERNAL_ERROR", "internal error"),
    503: ("SERVICE_UNAVAILABLE", "The service is temporarily unavailable"),
}
_DEAL_STAGES = (
    ("appointmentscheduled", "Appointment Scheduled", False, "0.2"),
    ("contractsent", "Contract Sent", False, "0.9"),
    ("closedwon", "Closed Won", True, "1.0"),
    ("closedlost", "Closed Lost", True, "0.0"),
)
_TICKET_STAGES = (("1", "New", "OPEN"), ("2", "Waiting on contact", "OPEN"), ("4", "Closed", "CLOSED"))


class HubSpotVendor(SimulatedVendor):
    """The account, which holds nothing of the world: tests put what they need.

    `put` takes {"properties": {...}, "associations": {"companies": [id, ...]}}, the first of which is the primary one; `touch`
    changes properties. index_lag: how far search runs behind. owners, pipelines, details: what the account answers of itself.
    missing_scopes: kinds of objects, or "owners", that the app may not read.
    """

    name: ClassVar[str] = "hubspot"
    kinds: ClassVar[tuple[str, ...]] = tuple(_SINGULAR)

    def __init__(self, world: World | None, clock: Clock) -> None:
        super().__init__(clock)
        self.index_lag = timedelta(0)
        self.token_lifetime = timedelta(minutes=30)
        self.missing_scopes: frozenset[str] = frozenset()
        self.details: Json = {
            "portalId": 62515,
            "accountType": "STANDARD",
            "timeZone": "Europe/Berlin",
            "companyCurrency": "USD",
            "additionalCurrencies": [],
            "uiDomain": "app.hubspot.com",
            "dataHostingLocation": "na1",
        }
        self.owners: list[Json] = []
        self.pipelines: dict[str, list[Json]] = {"deals": [_deals()], "tickets": [_tickets()]}
        self._links: dict[tuple[str, str], dict[str, list[tuple[str, bool]]]] = {}
        self._merged: dict[tuple[str, str], str] = {}
        self._tokens: dict[str, datetime] = {}

    @property
    def credentials(self) -> dict[str, str]:
        """access_token: of a private app; client_id, client_secret, refresh_token: of an OAuth app."""
        return {
            "access_token": "pat-na1-simulated-private-app-token",
            "client_id": "simulated-client-id",
            "client_secret": "simulated-client-secret",
            "refresh_token": "simulated-refresh-token",
        }

    def endpoints(self) -> Iterable[Endpoint]:
        yield Endpoint("POST", "/oauth/v1/token", self._oauth, public=True)
        yield Endpoint("GET", "/account-info/v3/details", self._account_info)
        for slash in ("", "/"):
            yield Endpoint("GET", f"/crm/v3/owners{slash}", self._owners)
        yield Endpoint("GET", "/crm/v3/pipelines/{kind}", self._pipelines)
        yield Endpoint("GET", "/crm/v3/properties/{kind}", self._properties)
        yield Endpoint("GET", "/crm/v3/objects/{kind}", self._list)
        yield Endpoint("POST", "/crm/v3/objects/{kind}/search", self._search)
        yield Endpoint("POST", "/crm/v3/objects/{kind}/batch/read", self._batch)
        yield Endpoint("GET", "/crm/v3/objects/{kind}/{identifier:int}", self._show)
        yield Endpoint("POST", "/crm/v4/associations/{kind}/{to}/batch/read", self._associated)

    # -- the control surface, as HubSpot behaves ------------------------------------------------------------------

    def sort_key(self, kind: str) -> Callable[[Stored], tuple[Any, ...]]:
        return lambda each: (int(each.id),)

    def complete(self, kind: str, body: Json, at: datetime) -> None:
        body.setdefault("id", str(10_000_000_000 + self.serial()))
        body.setdefault("createdAt", millis(at))
        body.setdefault("archived", False)
        dated = {_DATED_BY.get(kind, "hs_createdate"): body["createdAt"], "hs_object_id": body["id"]}
        body["properties"] = {**dated, **body.get("properties", {})}
        for to, ids in body.pop("associations", {}).items():
            for number, each in enumerate(ids):
                self.associate(kind, body["id"], to, str(each), primary=number == 0)
        self.changed(kind, body, at)

    def changed(self, kind: str, body: Json, at: datetime) -> None:
        name = "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"
        body["properties"] = {**body["properties"], name: millis(at)}
        body["updatedAt"] = millis(at)
        if kind == "deals":
            stages = {each["id"]: each["metadata"] for pipeline in self.pipelines["deals"] for each in pipeline["stages"]}
            about = stages.get(body["properties"].get("dealstage"), {})
            closed = about.get("isClosed") == "true"
            won = closed and float(about.get("probability", 0)) >= 1
            body["properties"] |= {"hs_is_closed": str(closed).lower(), "hs_is_closed_won": str(won).lower()}

    def touch(self, kind: str, identifier: str, **changes: object) -> Json:
        with self.lock:
            known = self._existing(kind, identifier).body["properties"]
            return super().touch(kind, identifier, properties={**known, **changes})

    def buried(self, kind: str, stored: Stored, at: datetime) -> bool:
        stored.body = {**stored.body, "archived": True, "archivedAt": millis(at)}
        return True

    def associate(self, kind: str, identifier: str, to: str, other: str, *, primary: bool = False) -> None:
        """Associate two objects, in both directions. The modification time of neither moves."""
        with self.lock:
            for (a, one), (b, two) in (((kind, identifier), (to, other)), ((to, other), (kind, identifier))):
                known = self._links.setdefault((a, b), {}).setdefault(one, [])
                known[:] = [link for link in known if link[0] != two] + [(two, primary)]

    def dissociate(self, kind: str, identifier: str, to: str, other: str) -> None:
        """Undo `associate`."""
        with self.lock:
            for (a, one), (b, two) in (((kind, identifier), (to, other)), ((to, other), (kind, identifier))):
                known = self._links.get((a, b), {}).get(one, [])
                known[:] = [link for link in known if link[0] != two]

    def merge(self, kind: str, winner: str, loser: str) -> None:
        """Merge an object into another: what was associated with it moves along, untouched, and it is gone."""
        with self.lock:
            lost = self._existing(kind, loser)
            for (a, b), links in list(self._links.items()):
                if a == kind:
                    for other, primary in list(links.get(loser, ())):
                        self.dissociate(kind, loser, b, other)
                        self.associate(kind, winner, b, other, primary=primary)
            del self._objects[kind][loser]
            self._sorted.pop(kind, None)
            self._merged[kind, loser] = winner
            known = self._existing(kind, winner).body["properties"].get("hs_merged_object_ids")
            names = filter(None, (known, loser, lost.body["properties"].get("hs_merged_object_ids")))
            self.touch(kind, winner, hs_merged_object_ids=";".join(names))

    def expire_sessions(self) -> None:
        with self.lock:
            self._tokens.clear()

    def event(self, subscription: str, identifier: str, **more: object) -> Json:
        """An event as a webhook tells it, such as `event("company.propertyChange", id, propertyName="name")`."""
        number = self.serial()
        known = {"eventId": number, "subscriptionId": 17, "portalId": self.details["portalId"], "appId": 1160452}
        now = int(self.clock.now().timestamp() * 1000)
        told = {"occurredAt": now, "subscriptionType": subscription, "attemptNumber": 0, "objectId": int(identifier)}
        return {**known, **told, "changeSource": "CRM_UI", **more}

    def webhook(self, events: Sequence[Json], secret: str, url: str) -> tuple[bytes, dict[str, str]]:
        """The body and the headers of a webhook with these events, sent now to `url`."""
        body = json.dumps(list(events)).encode()
        return body, self.signed(body, secret, url)

    def signed(self, body: bytes, secret: str, url: str) -> dict[str, str]:
        """The headers of a webhook with this body, sent now to `url`."""
        stamp = str(int(self.clock.now().timestamp() * 1000))
        digest = hmac.new(secret.encode(), b"POST" + url.encode() + body + stamp.encode(), hashlib.sha256).digest()
        return {"X-HubSpot-Signature-v3": base64.b64encode(digest).decode(), "X-HubSpot-Request-Timestamp": stamp}

    # -- answers --------------------------------------------------------------------------------------------------

    def error_answer(self, status: int) -> Answer:
        category, message = _MESSAGES.get(status, ("ERROR", f"HTTP {status}"))
        body: Json = {"status": "error", "message": message, "correlationId": "simulated", "category": category}
        if status == 429:
            body |= {"errorType": "RATE_LIMIT", "policyName": "TEN_SECONDLY_ROLLING"}
        return Answer(body, status)

    def daily_limit(self) -> Answer:
        """The refusal when the day's requests are used up."""
        body = {"status": "error", "message": "You have reached your daily limit.", "errorType": "RATE_LIMIT"}
        return Answer({**body, "correlationId": "simulated", "policyName": "DAILY"}, 429)

    def response_headers(self, call: Call) -> Mapping[str, str]:
        if call.path.endswith("/search"):
            return {}  # search has a limit of its own, of which HubSpot tells nothing
        return {
            "X-HubSpot-RateLimit-Daily": "650000",
            "X-HubSpot-RateLimit-Daily-Remaining": str(max(0, 650_000 - len(self.requests))),
            "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
            "X-HubSpot-RateLimit-Max": "190",
            "X-HubSpot-RateLimit-Remaining": "189",
        }

    def authorise(self, call: Call) -> None:
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        expires = self._tokens.get(token)
        alive = token == self.credentials["access_token"] or (expires is not None and expires > self.clock.now())
        if self.revoked or scheme.lower() != "bearer" or not alive:
            raise Refusal(self.error_answer(401))
        kind = call.path_params.get("kind") or ("owners" if "/owners" in call.path else "")
        if kind in self.missing_scopes or call.path_params.get("to") in self.missing_scopes:
            raise Refusal(self._forbidden(kind))

    def _forbidden(self, kind: str) -> Answer:
        context = {"requiredGranularScopes": [f"crm.objects.{kind}.read"]}
        answer = self.error_answer(403)
        message = "One or more of the following scopes are required."
        assert isinstance(answer.body, dict)
        return Answer({**answer.body, "errors": [{"message": message, "context": context}]}, 403)

    def _account_info(self, call: Call) -> Answer:
        return Answer(self.details)

    def _oauth(self, call: Call) -> Answer:
        known = self.credentials
        wanted = {name: known[name] for name in ("client_id", "client_secret", "refresh_token")}
        given = {name: call.form.get(name) for name in wanted}
        if self.revoked or call.form.get("grant_type") != "refresh_token" or given != wanted:
            return Answer({"status": "BAD_REFRESH_TOKEN", "message": "missing or invalid refresh token"}, 400)
        token = f"simulated-access-token-{self.serial()}"
        self._tokens[token] = self.clock.now() + self.token_lifetime
        lifetime = int(self.token_lifetime.total_seconds())
        return Answer({"token_type": "bearer", "access_token": token, **wanted, "expires_in": lifetime})

    def _owners(self, call: Call) -> Answer:
        archived = _true(call.get("archived"))
        rows = [each for each in self.owners if bool(each.get("archived")) == archived]
        start, size = int(call.get("after") or 0), self.capped(int(call.get("limit") or 100))
        return Answer(_page(rows[start : start + size], start + size if start + size < len(rows) else None))

    def _pipelines(self, call: Call) -> Answer:
        found = self.pipelines.get(call.path_params["kind"])
        return self.error_answer(404) if found is None else Answer({"results": found})

    def _properties(self, call: Call) -> Answer:
        names = {name for each in self.stored(self._kind(call)) for name in each.body["properties"]} | {"name", "domain"}
        return Answer({"results": [{"name": name, "label": name, "type": "string"} for name in sorted(names)]})

    def _list(self, call: Call) -> Answer:
        kind = self._kind(call)
        archived, size = _true(call.get("archived")), self._size(call.get("limit"), LIST_PAGE, LIST_MOST)
        after = call.get("after") or "0"
        if not after.isdecimal():
            raise Refusal(self.error_answer(400))
        rows = [each for each in self.stored(kind) if each.deleted == archived and int(each.id) >= int(after)]
        wanted = [name for each in (call.get("properties") or "").split(",") if (name := each.strip())]
        following = rows[size].id if len(rows) > size else None
        return Answer(_page([_shown(each, wanted) for each in rows[:size]], following))

    def _search(self, call: Call) -> Answer:
        kind = self._kind(call)
        size, after = self._size(call.json.get("limit"), SEARCH_PAGE, SEARCH_MOST), int(call.json.get("after") or 0)
        if after + size > CEILING:
            message = f"paging through search results is limited to {CEILING:,} total results"
            raise Refusal(Answer({"status": "error", "message": message, "category": "VALIDATION_ERROR"}, 400))
        indexed = self.clock.now() - self.index_lag
        rows = [each for each in self.stored(kind) if not each.deleted and each.stamp <= indexed]
        try:
            rows = sorted_by(found_by(rows, call.json.get("filterGroups") or []), call.json.get("sorts") or [])
        except ValueError as error:
            body = {"status": "error", "message": str(error), "category": "VALIDATION_ERROR"}
            raise Refusal(Answer(body, 400)) from None
        shown = [_shown(each, call.json.get("properties") or []) for each in rows[after : after + size]]
        return Answer({"total": len(rows), **_page(shown, after + size if after + size < len(rows) else None)})

    def _batch(self, call: Call) -> Answer:
        kind, inputs = self._kind(call), call.json.get("inputs") or []
        if len(inputs) > BATCH_MOST:
            raise Refusal(self.error_answer(400))
        found = [self.find(kind, str(each.get("id"))) for each in inputs]
        shown = [_shown(each, call.json.get("properties") or []) for each in found if each is not None and not each.deleted]
        return Answer({"status": "COMPLETE", "results": shown}, 200 if len(shown) == len(inputs) else 207)

    def _show(self, call: Call) -> Answer:
        kind, identifier = self._kind(call), str(call.path_params["identifier"])
        found = self.find(kind, self._merged.get((kind, identifier), identifier))
        if found is None or found.deleted != (_true(call.get("archived"))):
            return self.error_answer(404)
        return Answer(_shown(found, (call.get("properties") or "").split(",")))

    def _associated(self, call: Call) -> Answer:
        kind, to = self._kind(call), call.path_params["to"]
        results, errors = [], []
        for each in call.json.get("inputs") or []:
            source, start = str(each.get("id")), int(each.get("after") or 0)
            links = [link for link in self._links.get((kind, to), {}).get(source, ()) if self._alive(to, link[0])]
            if not links:
                message = f"No {_SINGULAR.get(to, to)} is associated with {_SINGULAR[kind]} {source}."
                about = {"status": "error", "category": "OBJECT_NOT_FOUND", "message": message}
                where = {"fromObjectId": [source], "fromObjectType": [_SINGULAR[kind]], "toObjectType": [_SINGULAR.get(to, to)]}
                errors.append({**about, "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND", "context": where})
                continue
            size = self.capped(500)
            page = links[start : start + size]
            result: Json = {"from": {"id": source}, "to": [_association(kind, to, *link) for link in page]}
            if start + size < len(links):
                result["paging"] = {"next": {"after": str(start + size)}}
            results.append(result)
        stamps = {"startedAt": millis(self.clock.now()), "completedAt": millis(self.clock.now())}
        body: Json = {"status": "COMPLETE", "results": results, **stamps}
        return Answer(body | {"numErrors": len(errors), "errors": errors} if errors else body, 207 if errors else 200)

    def _alive(self, kind: str, identifier: str) -> bool:
        """Tests may associate with objects that they did not put."""
        found = self._objects.get(kind, {}).get(identifier)
        return found is None or not found.deleted

    def _kind(self, call: Call) -> str:
        kind = call.path_params["kind"]
        if kind not in self.kinds:
            raise Refusal(self.error_answer(404))
        return kind

    def _size(self, stated: object, default: int, most: int) -> int:
        size = default if stated is None else int(str(stated))
        if not 1 <= size <= most:
            raise Refusal(self.error_answer(400))
        return self.capped(size)


def millis(at: datetime) -> str:
    """2026-11-21T10:00:00.123Z."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _page(rows: Sequence[object], after: object) -> Json:
    return {"results": list(rows)} | ({"paging": {"next": {"after": str(after), "link": "?"}}} if after is not None else {})


def _shown(found: Stored, wanted: Sequence[str]) -> Json:
    known = found.body["properties"]
    always = ("hs_object_id", "createdate", "hs_createdate", "lastmodifieddate", "hs_lastmodifieddate")
    names = [*(name for name in always if name in known), *(name for name in wanted if name in known)]
    return {**found.body, "properties": {name: known[name] for name in dict.fromkeys(names)}}


def _association(kind: str, to: str, other: str, primary: bool) -> Json:
    first, plain = _TYPES.get((kind, to), (None, _PLAIN_TYPE))
    types: list[Json] = [{"category": "HUBSPOT_DEFINED", "typeId": plain, "label": None}]
    if primary and first is not None:
        types.insert(0, {"category": "HUBSPOT_DEFINED", "typeId": first, "label": "Primary"})
    return {"toObjectId": int(other), "associationTypes": types}


def _deals() -> Json:
    stages = [
        {"id": id, "label": label, "metadata": {"isClosed": str(closed).lower(), "probability": probability}}
        for id, label, closed, probability in _DEAL_STAGES
    ]
    return {"id": "default", "label": "Sales Pipeline", "displayOrder": 0, "archived": False, "stages": stages}


def _tickets() -> Json:
    stages = [
        {"id": id, "label": label, "metadata": {"ticketState": state, "isClosed": str(state == "CLOSED").lower()}}
        for id, label, state in _TICKET_STAGES
    ]
    return {"id": "0", "label": "Support Pipeline", "displayOrder": 0, "archived": False, "stages": stages}


def _true(stated: str | None) -> bool:
    """The official client writes True."""
    return (stated or "").lower() == "true"
