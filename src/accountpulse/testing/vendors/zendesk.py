"""A simulated Zendesk account: OAuth tokens, incremental exports and satisfaction ratings, as zenpy drives them.

Vendor facts it reproduces:
* cursor exports of tickets and users: ordered by (generated_timestamp, id), cursor = base64 of
  "<generated_timestamp>.0||<id>|", absolute `after_url`, `end_of_stream`; `include=metric_sets` puts a `metric_set`
  inside each ticket; an empty page repeats the cursor it was given;
* `generated_timestamp` is when the row was written, which is not `updated_at`; the last minute is left out, and a
  `start_time` within it is refused with 422 StartTimeTooRecent;
* the time-based organization export: `start_time` is inclusive, a page never splits a second, so rows repeat;
* deleted tickets stay as status "deleted", subject "SCRUBBED"; deleted users are inactive; deleted organizations carry
  `deleted_at`; ticket merges close the source with the tag closed_by_merge;
* surveys of the newer CSAT: ids are texts, listed by when they were offered (in milliseconds) or by ticket;
* webhooks: base64(HMAC-SHA256(time + body)) and the time, in headers;
* OAuth bearer tokens that expire and the basic `email/token:` of the years before; 401 bodies of both; rate-limit
  headers; 429 with Retry-After.
"""

# ruff: noqa: ARG002 - a hook or handler keeps its signature whether or not it reads every argument
from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode

from accountpulse.core.clock import Clock
from accountpulse.testing.vendors.control import Answer, Call, Endpoint, Json, Refusal, SimulatedVendor, Stored
from accountpulse.testing.vendors.world import World
from accountpulse.testing.vendors.world.wire import from_unix, unix, zulu

_SETTLING = timedelta(seconds=60)
_PAGE = 1000
_PLURAL = {
    "ticket": "tickets",
    "user": "users",
    "organization": "organizations",
    "satisfaction_rating": "satisfaction_ratings",
    "survey_response": "survey_responses",
}
_ERRORS: dict[int, Json] = {
    401: {
        "error": "invalid_token",
        "error_description": "The access token provided is expired, revoked, malformed or invalid for other reasons.",
    },
    403: {"error": "Forbidden", "description": "You do not have access to this page. Missing scope: read"},
    404: {"error": "RecordNotFound", "description": "Not found"},
    429: {"error": "APIRateLimitExceeded", "description": "Number of allowed API requests per minute exceeded"},
    503: {"error": "ServiceUnavailable", "description": "The service is temporarily unavailable"},
}


class ZendeskVendor(SimulatedVendor):
    """The account. Kinds: ticket, user, organization, satisfaction_rating, survey_response. Ids are integers, written as
    strings here; those of survey_response are texts, and its `offered_at` is what the list goes by.

    `token_lifetime` is what `expires_in` says of a client-credentials token and when it dies by the vendor's clock.
    """

    name: ClassVar[str] = "zendesk"
    kinds: ClassVar[tuple[str, ...]] = tuple(_PLURAL)

    def __init__(self, world: World | None, clock: Clock) -> None:
        super().__init__(clock)
        self.token_lifetime = timedelta(minutes=30)
        self._tokens: dict[str, datetime] = {}
        self._minute = (0, 0)
        for kind, objects in (world.zendesk if world is not None else {}).items():
            for each in objects:
                stamp = each.get("generated_timestamp")
                changed = datetime.fromisoformat(each["updated_at"])
                self.load(kind, each, from_unix(stamp) if stamp else changed, deleted=each.get("status") == "deleted")

    @property
    def credentials(self) -> dict[str, str]:
        """client_id, client_secret, scope, subdomain; oauth_token (lives until revoked); email, api_token."""
        return {
            "subdomain": "fernwood",
            "client_id": "accountpulse",
            "client_secret": "simulated-client-secret",
            "scope": "read",
            "oauth_token": "simulated-static-oauth-token",
            "email": "integration@fernwoodanalytics.com",
            "api_token": "simulated-api-token",
        }

    def endpoints(self) -> Iterable[Endpoint]:
        yield Endpoint("POST", "/oauth/tokens", self._oauth, public=True)
        for suffix in ("", ".json"):
            yield Endpoint("GET", f"/api/v2/users/me{suffix}", self._me)
            yield Endpoint("GET", f"/api/v2/incremental/tickets/cursor{suffix}", self._cursor_export("ticket"))
            yield Endpoint("GET", f"/api/v2/incremental/users/cursor{suffix}", self._cursor_export("user"))
            yield Endpoint("GET", f"/api/v2/incremental/organizations{suffix}", self._organizations_export)
            yield Endpoint("GET", f"/api/v2/satisfaction_ratings{suffix}", self._ratings)
            yield Endpoint("GET", f"/api/v2/satisfaction_ratings/{{identifier:int}}{suffix}", self._show("satisfaction_rating"))
            yield Endpoint("GET", f"/api/v2/guide/survey_responses{suffix}", self._surveys)
            for kind in ("ticket", "user", "organization"):
                yield Endpoint("GET", f"/api/v2/{_PLURAL[kind]}{suffix}", self._listing(kind))
                yield Endpoint("GET", f"/api/v2/{_PLURAL[kind]}/show_many{suffix}", self._show_many(kind))
                yield Endpoint("GET", f"/api/v2/{_PLURAL[kind]}/{{identifier:int}}{suffix}", self._show(kind))

    # -- the control surface, as Zendesk behaves ------------------------------------------------------------------

    def sort_key(self, kind: str) -> Callable[[Stored], tuple[Any, ...]]:
        return lambda each: (unix(each.stamp), each.body["id"])

    def signed(self, body: bytes, secret: str) -> dict[str, str]:
        """The headers of a webhook with this body, sent now."""
        stamp = zulu(self.clock.now())
        digest = hmac.new(secret.encode(), stamp.encode() + body, hashlib.sha256).digest()
        return {
            "X-Zendesk-Webhook-Invocation-Id": f"01SIMULATED{self.serial():015d}",
            "X-Zendesk-Webhook-Signature": base64.b64encode(digest).decode(),
            "X-Zendesk-Webhook-Signature-Timestamp": stamp,
        }

    def complete(self, kind: str, body: Json, at: datetime) -> None:
        if kind == "survey_response":
            defaults = {"id": f"01SIMULATED{self.serial():015d}", "offered_at": zulu(at), "answers": [], "subject_zrns": []}
            body.update({name: value for name, value in defaults.items() if name not in body})
            return
        body.setdefault("id", 900_000_000_000 + self.serial())
        body.setdefault("created_at", zulu(at))
        for name, value in _DEFAULTS[kind].items():
            body.setdefault(name, value)
        if kind == "ticket":
            body.setdefault("metric_set", {"id": body["id"] + 1, "ticket_id": body["id"], "reopens": 0, "replies": 0})
            body["generated_timestamp"] = unix(at)
        body["updated_at"] = zulu(at)

    def changed(self, kind: str, body: Json, at: datetime) -> None:
        if kind == "survey_response":
            return
        body["updated_at"] = zulu(at)
        if kind == "ticket":
            body["generated_timestamp"] = unix(at)

    def rewrite(self, kind: str, identifier: str, **changes: object) -> Json:
        """Change an object as Zendesk's own jobs do: its place in the export moves to now, `updated_at` stays."""
        with self.lock:
            before = self._existing(kind, identifier).body["updated_at"]
            self.touch(kind, identifier, **changes)
            found = self._existing(kind, identifier)
            found.body["updated_at"] = before
            return dict(found.body)

    def buried(self, kind: str, stored: Stored, at: datetime) -> bool:
        marks: dict[str, Json] = {
            "ticket": {"status": "deleted", "subject": "SCRUBBED", "description": "X"},
            "user": {"active": False},
            "organization": {"deleted_at": zulu(at)},
        }
        if kind not in marks:
            return False
        stored.body = {**stored.body, **marks[kind]}
        self.changed(kind, stored.body, at)
        return True

    def merge(self, kind: str, winner: str, loser: str) -> None:
        """Merge tickets (the loser closes, tagged closed_by_merge), users or organizations (the loser is deleted)."""
        with self.lock:
            self._existing(kind, winner)
            lost = self._existing(kind, loser)
            if kind == "ticket":
                self.touch(kind, loser, status="closed", tags=[*lost.body["tags"], "closed_by_merge"])
            else:
                reference = {"user": "requester_id", "organization": "organization_id"}[kind]
                for other in ("ticket", "user"):
                    for each in list(self._objects[other].values()):
                        if not each.deleted and each.body.get(reference) == int(loser):
                            self.touch(other, each.id, **{reference: int(winner)})
                self.delete(kind, loser)
            self.touch(kind, winner)

    def expire_sessions(self) -> None:
        with self.lock:
            self._tokens.clear()

    # -- answers --------------------------------------------------------------------------------------------------

    def error_answer(self, status: int) -> Answer:
        return Answer(dict(_ERRORS.get(status, {"error": f"HTTP{status}", "description": "error"})), status)

    def response_headers(self, call: Call) -> Mapping[str, str]:
        minute = unix(self.clock.now()) // 60
        used = self._minute[1] + 1 if self._minute[0] == minute else 1
        self._minute = (minute, used)
        limit = 10 if "/incremental/" in call.path else 700
        left, reset = str(max(0, limit - used)), str(60 - unix(self.clock.now()) % 60)
        return {
            "x-rate-limit": "700",
            "x-rate-limit-remaining": str(max(0, 700 - used)),
            "ratelimit-limit": str(limit),
            "ratelimit-remaining": left,
            "ratelimit-reset": reset,
            "x-zendesk-request-id": f"simulated-{len(self.requests)}",
        }

    def authorise(self, call: Call) -> None:
        scheme, _, value = call.headers.get("authorization", "").partition(" ")
        known = self.credentials
        if scheme.lower() == "bearer":
            expires = self._tokens.get(value)
            static = value == known["oauth_token"] and not self.revoked
            if static or (expires is not None and self.clock.now() < expires):
                return
            raise Refusal(self.error_answer(401))
        try:
            given = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            given = ""
        if scheme.lower() != "basic" or self.revoked or given != f"{known['email']}/token:{known['api_token']}":
            raise Refusal(Answer({"error": "Couldn't authenticate you"}, 401))

    def _oauth(self, call: Call) -> Answer:
        known = self.credentials
        if call.form.get("grant_type") != "client_credentials":
            description = "The authorization grant type is not supported by the authorization server."
            return Answer({"error": "unsupported_grant_type", "error_description": description}, 400)
        given = (call.form.get("client_id"), call.form.get("client_secret"))
        if self.revoked or given != (known["client_id"], known["client_secret"]):
            description = "Client authentication failed due to unknown client or unsupported authentication method."
            return Answer({"error": "invalid_client", "error_description": description}, 401)
        token = f"simulated-token-{self.serial()}"
        self._tokens[token] = self.clock.now() + self.token_lifetime
        lifetime = int(self.token_lifetime.total_seconds())
        scope = call.form.get("scope", "read")
        return Answer({"access_token": token, "token_type": "bearer", "scope": scope, "expires_in": lifetime})

    def _me(self, call: Call) -> Answer:
        user = {"id": 380_000_999_999, "name": "Integration", "email": self.credentials["email"], "role": "admin"}
        return Answer({"user": {**user, "active": True, "url": f"{self.base_url}/api/v2/users/380000999999.json"}})

    def _cursor_export(self, kind: str) -> Callable[[Call], Answer]:
        path = f"/api/v2/incremental/{_PLURAL[kind]}/cursor.json"

        def export(call: Call) -> Answer:
            cursor = call.get("cursor")
            settled = self._settled(kind)
            if cursor is not None:
                after = self._decode(cursor)
                rows = [each for each in settled if (unix(each.stamp), each.body["id"]) > after]
            else:
                start = self._start_time(call)
                rows = [each for each in settled if unix(each.stamp) >= start]
            size = self.capped(_integer(call, "per_page", _PAGE, _PAGE))
            page = rows[:size]
            if page:
                text = f"{unix(page[-1].stamp)}.0||{page[-1].body['id']}|"
                cursor = base64.b64encode(text.encode()).decode()
            query = {"cursor": cursor, **{name: call.get(name) for name in ("include", "per_page") if call.get(name)}}
            metrics = "metric_sets" in (call.get("include") or "")
            return Answer(
                {
                    _PLURAL[kind]: [self._shown(kind, each.body, metrics) for each in page],
                    "after_url": f"{self.base_url}{path}?{urlencode(query)}" if cursor else None,
                    "before_url": None,
                    "after_cursor": cursor,
                    "before_cursor": None,
                    "end_of_stream": len(rows) <= size,
                }
            )

        return export

    def _organizations_export(self, call: Call) -> Answer:
        start = self._start_time(call)
        rows = [each for each in self._settled("organization") if unix(each.stamp) >= start]
        size = self.capped(_integer(call, "per_page", _PAGE, _PAGE))
        page = _whole_seconds(rows, size)
        end = unix(page[-1].stamp) if page else None
        path = "/api/v2/incremental/organizations.json"
        return Answer(
            {
                "organizations": [self._shown("organization", each.body) for each in page],
                "count": len(page),
                "end_of_stream": len(page) == len(rows),
                "end_time": end,
                "next_page": f"{self.base_url}{path}?start_time={end}&per_page={size}" if page else None,
            }
        )

    def _ratings(self, call: Call) -> Answer:
        low, high = call.get("start_time"), call.get("end_time")
        score = call.get("score")
        rows = [
            each
            for each in self.stored("satisfaction_rating")
            if (low is None or unix(each.stamp) >= int(low))
            and (high is None or unix(each.stamp) <= int(high))
            and (score is None or each.body["score"] == score.removeprefix("received_"))
        ]
        if call.get("sort_order") == "desc":
            rows.reverse()
        return self._paged(call, "satisfaction_rating", rows)

    def _surveys(self, call: Call) -> Answer:
        start = int(call.get("filter[created_at_start]") or 0)
        names = {each for each in (call.get("filter[subject_zrns]") or "").split(",") if each}
        rows = [
            each
            for each in self.stored("survey_response")
            if datetime.fromisoformat(each.body["offered_at"]).timestamp() * 1000 >= start
            and (not names or names & set(each.body["subject_zrns"]))
        ]
        size, first = self.capped(_integer(call, "page[size]", 100, 100)), int(call.get("page[after]") or 0)
        meta = {"has_more": first + size < len(rows), "after_cursor": str(first + size), "before_cursor": None}
        shown = [{n: v for n, v in each.body.items() if n != "offered_at"} for each in rows[first : first + size]]
        return Answer({"survey_responses": shown, "meta": meta})

    def _listing(self, kind: str) -> Callable[[Call], Answer]:
        def listing(call: Call) -> Answer:
            rows = sorted((each for each in self.stored(kind) if not each.deleted), key=lambda each: each.body["id"])
            return self._paged(call, kind, rows)

        return listing

    def _show(self, kind: str) -> Callable[[Call], Answer]:
        def show(call: Call) -> Answer:
            found = self.find(kind, str(call.path_params["identifier"]))
            if found is None or (found.deleted and kind != "user"):
                raise Refusal(self.error_answer(404))
            return Answer({kind: self._shown(kind, found.body, "metric_sets" in (call.get("include") or ""))})

        return show

    def _show_many(self, kind: str) -> Callable[[Call], Answer]:
        """Up to 100 objects by `ids`; the missing and the deleted are left out, without a word."""

        def show_many(call: Call) -> Answer:
            wanted = [each.strip() for each in (call.get("ids") or "").split(",") if each.strip()]
            if not 1 <= len(wanted) <= 100:
                raise Refusal(Answer({"error": "TooManyValues", "description": "ids takes 1 to 100 ids"}, 400))
            found = [self.find(kind, each) for each in wanted]
            shown = [self._shown(kind, each.body) for each in found if each is not None and not each.deleted]
            return Answer({_PLURAL[kind]: shown, "count": len(shown), "next_page": None, "previous_page": None})

        return show_many

    def _paged(self, call: Call, kind: str, rows: list[Stored]) -> Answer:
        path = f"{self.base_url}/api/v2/{_PLURAL[kind]}.json"
        kept = [(name, value) for name, value in call.query if name not in ("page[after]", "page")]
        if call.get("page[size]") is None:
            size = self.capped(_integer(call, "per_page", 100, 100))
            number = _integer(call, "page", 1, 10_000)
            page = rows[(number - 1) * size : number * size]
            more = f"{path}?{urlencode([*kept, ('page', number + 1)])}" if number * size < len(rows) else None
            return Answer(
                {
                    _PLURAL[kind]: [self._shown(kind, each.body) for each in page],
                    "count": len(rows),
                    "next_page": more,
                    "previous_page": None,
                }
            )
        size = self.capped(_integer(call, "page[size]", 100, 100))
        after = call.get("page[after]")
        start = 0
        if after is not None:
            wanted = self._decode(after)[1]
            start = next((i + 1 for i, each in enumerate(rows) if each.body["id"] == wanted), len(rows))
        page = rows[start : start + size]
        cursor = base64.b64encode(f"0.0||{page[-1].body['id']}|".encode()).decode() if page else after
        return Answer(
            {
                _PLURAL[kind]: [self._shown(kind, each.body) for each in page],
                "meta": {"has_more": start + size < len(rows), "after_cursor": cursor, "before_cursor": None},
                "links": {"prev": None, "next": f"{path}?{urlencode([*kept, ('page[after]', cursor)])}"},
            }
        )

    def _shown(self, kind: str, body: Json, metrics: bool = False) -> Json:
        url = f"{self.base_url}/api/v2/{_PLURAL[kind]}/{body['id']}.json"
        if kind == "ticket" and not metrics:
            return {"url": url, **{name: value for name, value in body.items() if name != "metric_set"}}
        return {"url": url, **body}

    def _settled(self, kind: str) -> list[Stored]:
        latest = self.clock.now() - _SETTLING
        return [each for each in self.stored(kind) if each.stamp <= latest]

    def _start_time(self, call: Call) -> int:
        try:
            start = int(float(call.get("start_time") or ""))
        except ValueError:
            raise Refusal(Answer({"error": "InvalidValue", "description": "start_time is missing"}, 400)) from None
        if start > unix(self.clock.now() - _SETTLING):
            description = "Too recent start_time. Use a start_time older than 60 seconds"
            raise Refusal(Answer({"error": "StartTimeTooRecent", "description": description}, 422))
        return start

    def _decode(self, cursor: str) -> tuple[int, int]:
        try:
            stamp, _, rest = base64.b64decode(cursor, validate=True).decode().partition("||")
            return int(float(stamp)), int(rest.rstrip("|"))
        except (binascii.Error, UnicodeDecodeError, ValueError):
            body = {"error": "InvalidPaginationParameter", "description": "cursor is invalid or has expired"}
            raise Refusal(Answer(body, 400)) from None


_DEFAULTS: dict[str, Json] = {
    "ticket": {
        "subject": "A question",
        "description": "Hello",
        "status": "new",
        "priority": None,
        "type": None,
        "requester_id": None,
        "organization_id": None,
        "assignee_id": None,
        "tags": [],
        "via": {"channel": "web"},
        "satisfaction_rating": {"score": "unoffered"},
    },
    "user": {"name": "Somebody", "email": None, "role": "end-user", "organization_id": None, "active": True},
    "organization": {"name": "Some company", "external_id": None, "domain_names": [], "tags": [], "deleted_at": None},
    "satisfaction_rating": {"score": "good", "comment": None, "reason": None, "ticket_id": None, "requester_id": None},
}


def _integer(call: Call, name: str, default: int, most: int) -> int:
    try:
        return max(1, min(most, int(call.get(name) or default)))
    except ValueError:
        return default


def _whole_seconds(rows: list[Stored], size: int) -> list[Stored]:
    """The first page of at least `size` rows that ends with a second, and reaches past its first second."""
    end = min(size, len(rows))
    while end < len(rows) and (
        unix(rows[end].stamp) == unix(rows[end - 1].stamp) or unix(rows[end - 1].stamp) == unix(rows[0].stamp)
    ):
        end += 1
    return rows[:end]
