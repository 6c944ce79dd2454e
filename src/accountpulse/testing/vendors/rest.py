"""A simulated vendor of no brand: JSON lists under a token, for the tests of connectors nobody has written yet.

`RestVendor` says how one of its lists looks; `RestServer` serves some of them:
* `GET {path}?since=&until=&limit=&page=`; rows by (`updated_at`, `id`), bounds inclusive, times as ISO 8601 or seconds since
  1970, `limit` 100 by default and 500 at most; the answer is an object with the rows and what follows;
* `GET {path}/{id}`; `GET {identity}` tells whose token it is;
* the token may travel in any header or parameter, by Basic authentication too;
* deleted rows stay, marked, where the list has a mark for it; else they are gone;
* errors are {"error": code, "message": text}: 401, 404, 422 for a bad parameter, 429.
"""

from __future__ import annotations

import base64
import binascii
import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Literal
from urllib.parse import unquote, urlencode

from accountpulse.core.clock import Clock
from accountpulse.testing.vendors.control import Answer, Call, Endpoint, Json, Refusal, SimulatedVendor, Stored

_CODES = {401: "unauthorized", 403: "forbidden", 404: "not_found", 422: "invalid", 429: "rate_limited"}
TOKEN = "simulated-rest-token"  # noqa: S105  # of a server that is given no other


@dataclass(frozen=True, slots=True)
class RestVendor:
    """How one list of a vendor looks. The names are the vendor's own: of parameters, and of keys in its answers.

    since, until: parameters that bound by change, where there are such. page, limit: the parameters for the next page and for
    the number of rows. items, next: the keys of the rows and of what follows, null at the end; items "" when the answer is the
    list of rows itself, which has no further page. pages: what `next` holds: a `token` or a `number` for the parameter `page`,
    or the `link` to follow. Rows that change while they are read move on numbered pages, as they do at such vendors.

    id, updated, created, deleted: the fields of each row; deleted None when a deleted row is simply gone. row: further fields,
    "{n}" in a text stands for the row's number. changes: the text field that changes when a row does. required: the field
    without which a row can't be understood. late: rows may turn up this much after their own time.
    identity: where the vendor tells whose token it is, and `whose` what it answers there.
    """

    path: str
    since: str | None = None
    until: str | None = None
    page: str = "page"
    limit: str = "limit"
    items: str = "items"
    next: str = "next"
    pages: Literal["token", "number", "link"] = "token"
    id: str = "id"
    updated: str = "updated_at"
    created: str = "created_at"
    deleted: str | None = "deleted"
    row: Mapping[str, object] = field(default_factory=dict)
    changes: str = "name"
    required: str = "id"
    late: timedelta = timedelta(0)
    identity: str = "/me"
    whose: Mapping[str, object] = field(default_factory=lambda: {"id": "workspace-1", "name": "Simulated workspace"})

    def body(self, number: int) -> Json:
        """The row of a number, before the vendor completes it."""
        texts = {name: _numbered(value, number) for name, value in self.row.items()}
        return {self.id: f"row-{number:06d}", self.changes: f"Row {number}", **texts}


class RestServer(SimulatedVendor):
    """Serves lists, by kind. Start it with `serving(server)`.

    tokens: any of them opens the door; with none, the door is open. `flood`, when set, is the number of rows that every list
    pretends to have, made up while they are served, on pages of `page_size` whatever is asked.
    """

    name: ClassVar[str] = "rest"

    def __init__(self, clock: Clock, lists: Mapping[str, RestVendor], tokens: Iterable[str] = (TOKEN,)) -> None:
        super().__init__(clock)
        self.flood: int | None = None
        self._objects = {kind: {} for kind in lists}
        self._lists = dict(lists)
        self._tokens = tuple(tokens)

    @property
    def credentials(self) -> dict[str, str]:
        """token: one that opens the door."""
        return {"token": next(iter(self._tokens), "")}

    def endpoints(self) -> Iterable[Endpoint]:
        for path in dict.fromkeys(each.identity for each in self._lists.values()):
            whose = next(each.whose for each in self._lists.values() if each.identity == path)
            yield Endpoint("GET", path, lambda _, whose=whose: Answer(dict(whose)))  # type: ignore[misc]
        for kind, look in self._lists.items():
            yield Endpoint("GET", look.path, lambda call, kind=kind, look=look: self._list(call, kind, look))  # type: ignore[misc]
            yield Endpoint("GET", look.path + "/{identifier}", lambda call, kind=kind: self._show(call, kind))  # type: ignore[misc]

    def identify(self, kind: str, body: Json) -> str:
        return str(body[self._lists[kind].id])

    def complete(self, kind: str, body: Json, at: datetime) -> None:
        look = self._lists[kind]
        body.setdefault(look.id, f"row-{self.serial():06d}")
        body.setdefault(look.created, at.isoformat())
        if look.deleted is not None:
            body.setdefault(look.deleted, False)
        self.changed(kind, body, at)

    def changed(self, kind: str, body: Json, at: datetime) -> None:
        body[self._lists[kind].updated] = at.isoformat()

    def buried(self, kind: str, stored: Stored, at: datetime) -> bool:
        mark = self._lists[kind].deleted
        if mark is None:
            return False
        stored.body = {**stored.body, mark: True}
        self.changed(kind, stored.body, at)
        return True

    def error_answer(self, status: int) -> Answer:
        return Answer({"error": _CODES.get(status, "error"), "message": f"HTTP {status}"}, status)

    def authorise(self, call: Call) -> None:
        shown = [*call.headers.values(), *(value for _, value in call.query), _basic(call.headers.get("authorization", ""))]
        words = {word for text in shown for word in (text, *text.split(), *text.split(":"))}
        if self.revoked or (self._tokens and words.isdisjoint(self._tokens)):
            raise Refusal(self.error_answer(401))

    # -- answers --------------------------------------------------------------------------------------------------

    def _list(self, call: Call, kind: str, look: RestVendor) -> Answer:
        size = self.capped(self._number(call, look.limit, 100, 500))
        if self.flood is not None:
            return self._flooding(call, kind, look, self.page_size or size, self.flood)
        since, until = self._instant(call, look.since), self._instant(call, look.until)
        rows = [
            each
            for each in self.stored(kind)
            if (since is None or each.stamp >= since) and (until is None or each.stamp <= until)
        ]
        start = self._start(call, look, rows, size) if look.items else 0
        page = rows[start : start + size] if look.items else rows
        if not look.items:
            return Answer([each.body for each in page])
        following = self._following(call, look, page[-1], start + size, size) if start + size < len(rows) else None
        return Answer({look.items: [each.body for each in page], look.next: following, "total": len(rows)})

    def _start(self, call: Call, look: RestVendor, rows: list[Stored], size: int) -> int:
        given = call.get(look.page)
        if given is None:
            return 0
        if look.pages != "token":
            return (self._number(call, look.page, 1, 1_000_000) - 1) * size
        stamp, _, last = given.partition("|")
        try:
            return bisect_right(rows, (datetime.fromisoformat(stamp), last), key=lambda each: (each.stamp, each.id))
        except (ValueError, TypeError):
            raise self._invalid(look.page, "a token that came as `next`") from None

    def _following(self, call: Call, look: RestVendor, last: Stored, reached: int, size: int) -> str | int:
        if look.pages == "token":
            return f"{last.stamp.isoformat()}|{last.id}"
        number = reached // size + 1
        if look.pages == "number":
            return number
        kept = [(name, value) for name, value in call.query if name != look.page]
        return f"{self.base_url}{look.path}?{urlencode([*kept, (look.page, number)])}"

    def _flooding(self, call: Call, kind: str, look: RestVendor, size: int, rows: int) -> Answer:
        """Made from one row's text: building each would take most of the test's time."""
        number = self._number(call, look.page, 1, 1_000_000)
        start, reached = (number - 1) * size, number * size
        pattern = look.body(999_999)
        self.complete(kind, pattern, self.clock.now() - timedelta(days=1))
        text = json.dumps(pattern)
        items = ",".join(text.replace("999999", f"{each:06d}") for each in range(start, min(reached, rows)))
        following: str | int | None = None
        if reached < rows:
            kept = [(name, value) for name, value in call.query if name != look.page]
            link = f"{self.base_url}{look.path}?{urlencode([*kept, (look.page, number + 1)])}"
            following = link if look.pages == "link" else str(number + 1) if look.pages == "token" else number + 1
        body = f"{{{json.dumps(look.items)}: [{items}], {json.dumps(look.next)}: {json.dumps(following)}}}"
        return Answer(body, headers={"content-type": "application/json"})

    def _show(self, call: Call, kind: str) -> Answer:
        found = self.find(kind, call.path_params["identifier"])
        if found is None:
            raise Refusal(self.error_answer(404))
        return Answer(found.body)

    def _number(self, call: Call, name: str, default: int, most: int) -> int:
        text = call.get(name)
        if text is None:
            return default
        if not text.isdigit() or not 1 <= int(text) <= most:
            raise self._invalid(name, f"from 1 to {most}")
        return int(text)

    def _instant(self, call: Call, name: str | None) -> datetime | None:
        text = call.get(name) if name is not None else None
        if name is None or text is None:
            return None
        try:
            at = datetime.fromtimestamp(float(text), UTC) if _is_number(text) else datetime.fromisoformat(text)
        except (ValueError, OverflowError):
            raise self._invalid(name, "ISO 8601 or seconds since 1970") from None
        return at if at.tzinfo is not None else at.replace(tzinfo=UTC)

    def _invalid(self, name: str, allowed: str) -> Refusal:
        return Refusal(Answer({"error": "invalid", "message": f"{name} must be {allowed}"}, 422))


def _numbered(value: Any, number: int) -> Any:
    return value.replace("{n}", f"{number:06d}") if isinstance(value, str) else value


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


def _basic(header: str) -> str:
    scheme, _, encoded = header.partition(" ")
    try:
        return base64.b64decode(unquote(encoded), validate=True).decode() if scheme.lower() == "basic" else ""
    except (binascii.Error, UnicodeDecodeError):
        return ""
