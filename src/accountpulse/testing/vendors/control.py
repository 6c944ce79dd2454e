"""What every simulated vendor shares: stored objects, the request log, faults, and the control surface tests drive.

A vendor is a `SimulatedVendor`: it holds objects by kind, answers requests with plain `Answer`s, and lets a test change
the world behind a connector's back (`put`, `touch`, `delete`, `same_second`, `hide_until`) or break the wire (`fail`,
`hang`, `revoke`). Nothing here knows a vendor's protocol; the subclasses do.
"""

# ruff: noqa: ARG002 - a hook or handler keeps its signature whether or not it reads every argument
from __future__ import annotations

import copy
import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from accountpulse.core.clock import Clock

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SeenRequest:
    """One request a vendor received. Credentials are never kept."""

    method: str
    path: str
    query: str
    status: int
    headers: Mapping[str, str]

    @property
    def params(self) -> dict[str, str]:
        """The query parameters; of a repeated one, the last."""
        return dict(parse_qsl(self.query, keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class Call:
    """A request as a vendor's handlers see it. `form` holds a form or JSON body, flattened to strings; `json` a JSON body as it
    is, empty where there is none."""

    method: str
    path: str
    path_params: Mapping[str, str]
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    form: Mapping[str, str]
    json: Json = field(default_factory=dict)

    def get(self, name: str) -> str | None:
        """The last value of a query parameter, or None."""
        return next((value for key, value in reversed(self.query) if key == name), None)

    def listed(self, name: str) -> list[str]:
        """Every value of a list parameter, written `name[]` or `name[0]`, `name[1]`."""
        return [value for key, value in self.query if key.startswith(f"{name}[")]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a vendor replies. `body` is sent as JSON, or as it is when it is text."""

    body: object = field(default_factory=dict)
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """Raised by a handler to answer with an error body."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"HTTP {answer.status}")
        self.answer = answer


Handler = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A path the vendor serves. `public` ones, such as a token endpoint, are not checked for credentials."""

    method: str
    path: str
    handler: Handler
    public: bool = False


@dataclass(slots=True)
class Fault:
    """An answer planned for a later request. `skip` matching requests pass first."""

    skip: int
    times: int
    path: str
    answer: Answer | None
    seconds: float


@dataclass(slots=True)
class Stored:
    """An object and the instant at which the vendor says it last changed (what its cursors order by)."""

    id: str
    body: Json
    stamp: datetime
    order: int
    deleted: bool = False


class SimulatedVendor:
    """A vendor's server with a control surface. Subclasses declare `endpoints`, `kinds` and the vendor's answers.

    `credentials` is what a connector's config needs; `base_url` is set once the server listens. All public methods may be
    called from any thread while the server runs. `page_size`, when set, caps every page the vendor serves; `alter`, when set,
    may change what is answered, planned faults excepted.
    """

    name: ClassVar[str] = "vendor"
    kinds: ClassVar[tuple[str, ...]] = ()

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.base_url = ""
        self.page_size: int | None = None
        self.alter: Callable[[Call, Answer], Answer] | None = None
        self.requests: list[SeenRequest] = []
        self.lock = threading.RLock()
        self.revoked = False
        self._objects: dict[str, dict[str, Stored]] = {kind: {} for kind in self.kinds}
        self._sorted: dict[str, list[Stored]] = {}
        self._faults: list[Fault] = []
        self._hidden: dict[tuple[str, str], int] = {}
        self._tie: tuple[int, datetime | None] = (0, None)
        self._order = 0
        self._calls = 0
        self._serial = 0

    # -- what a vendor defines ------------------------------------------------------------------------------------

    def endpoints(self) -> Iterable[Endpoint]:
        raise NotImplementedError

    @property
    def credentials(self) -> dict[str, str]:
        raise NotImplementedError

    def authorise(self, call: Call) -> None:
        """Raise Refusal unless the call carries live credentials."""
        raise NotImplementedError

    def error_answer(self, status: int) -> Answer:
        """The vendor's own body for a failure of this status."""
        return Answer({"error": status}, status)

    def response_headers(self, call: Call) -> Mapping[str, str]:
        """Headers that go with every answer."""
        return {}

    def identify(self, kind: str, body: Json) -> str:
        """The id of an object of this kind."""
        return str(body["id"])

    def complete(self, kind: str, body: Json, at: datetime) -> None:
        """Fill in what the vendor would: the id, time stamps, defaults. Called before an object is stored by `put`."""

    def changed(self, kind: str, body: Json, at: datetime) -> None:
        """Set the object's modification stamps, after `touch`."""

    def buried(self, kind: str, stored: Stored, at: datetime) -> bool:
        """Mark a deleted object the way this vendor does. False when the object is simply gone."""
        return False

    def announce(self, kind: str, body: Json, before: Json | None, action: str) -> None:
        """Tell of a change made through the control surface, for vendors that keep events."""

    # -- objects --------------------------------------------------------------------------------------------------

    def load(self, kind: str, body: Json, stamp: datetime, *, deleted: bool = False) -> None:
        """Store an object of the world as it is, without a clock, an event or a default."""
        self._order += 1
        identifier = self.identify(kind, body)
        self._objects[kind][identifier] = Stored(identifier, body, stamp, self._order, deleted)
        self._sorted.pop(kind, None)

    def stored(self, kind: str) -> list[Stored]:
        """Objects of a kind in the vendor's order: (stamp, id). What `hide_until` hides is left out."""
        ordered = self._sorted.get(kind)
        if ordered is None:
            ordered = self._sorted[kind] = sorted(self._objects[kind].values(), key=self.sort_key(kind))
        if not self._hidden:
            return ordered
        return [each for each in ordered if self._visible(kind, each.id)]

    def sort_key(self, kind: str) -> Callable[[Stored], tuple[Any, ...]]:
        """How the vendor orders objects of this kind."""
        return lambda each: (each.stamp, each.id)

    def find(self, kind: str, identifier: str) -> Stored | None:
        """One visible object, or None."""
        found = self._objects[kind].get(identifier)
        return found if found is not None and self._visible(kind, identifier) else None

    def get(self, kind: str, identifier: str) -> Json:
        """A copy of an object as stored, hidden or not. Raises KeyError when the vendor never had it."""
        with self.lock:
            return copy.deepcopy(self._existing(kind, identifier).body)

    def ids(self, kind: str) -> list[str]:
        """The ids of a kind's objects, deleted ones excluded, in the vendor's order."""
        with self.lock:
            return [each.id for each in self.stored(kind) if not each.deleted]

    # -- the control surface --------------------------------------------------------------------------------------

    def put(self, kind: str, body: Json, *, at: datetime | None = None) -> Json:
        """Create or replace an object; the vendor completes what is missing. Returns the object as stored.

        `at` gives the object an older stamp than now: together with `hide_until` it is a row that commits late.
        """
        with self.lock:
            self._known(kind)
            stamp = at if at is not None else self._tick()
            body = copy.deepcopy(body)
            self.complete(kind, body, stamp)
            identifier = self.identify(kind, body)
            previous = self._objects[kind].get(identifier)
            self.load(kind, body, stamp)
            before = previous.body if previous is not None else None
            self.announce(kind, body, before, "created" if before is None else "updated")
            return copy.deepcopy(body)

    def touch(self, kind: str, identifier: str, **changes: object) -> Json:
        """Change fields of an object and move its stamps to now. Without changes, only the stamps move."""
        with self.lock:
            found = self._existing(kind, identifier)
            before = copy.deepcopy(found.body)
            stamp = self._tick()
            found.body = {**found.body, **changes}
            found.stamp = stamp
            self.changed(kind, found.body, stamp)
            self._sorted.pop(kind, None)
            self.announce(kind, found.body, before, "updated")
            return copy.deepcopy(found.body)

    def delete(self, kind: str, identifier: str) -> None:
        """Delete an object the way the vendor does: a tombstone where it has one, else it is gone."""
        with self.lock:
            found = self._existing(kind, identifier)
            before = copy.deepcopy(found.body)
            stamp = self._tick()
            if self.buried(kind, found, stamp):
                found.stamp = stamp
                found.deleted = True
            else:
                del self._objects[kind][identifier]
            self._sorted.pop(kind, None)
            self.announce(kind, found.body, before, "deleted")

    def same_second(self, n: int, kind: str | None = None) -> list[str]:
        """Make `n` objects share one stamp. Returns the ids of those that already exist.

        With `kind`, the newest `n` objects of that kind take the stamp of the newest. Without, the next `n` objects put or
        touched will share the stamp of the first of them, however far the clock moves between.
        """
        with self.lock:
            if kind is None:
                self._tie = (n, None)
                return []
            self._known(kind)
            newest = sorted(self._objects[kind].values(), key=self.sort_key(kind))[-n:]
            for each in newest:
                each.stamp = newest[-1].stamp
                each.body = dict(each.body)
                self.changed(kind, each.body, each.stamp)
            self._sorted.pop(kind, None)
            return [each.id for each in newest]

    def hide_until(self, kind: str, identifier: str, call: int) -> None:
        """Keep an object out of sight for the next `call` requests: it then appears with the stamp it has."""
        with self.lock:
            self._existing(kind, identifier)
            self._hidden[kind, identifier] = self._calls + call

    def fail(
        self,
        call: int = 1,
        *,
        status: int,
        headers: Mapping[str, str] | None = None,
        body: object | None = None,
        times: int = 1,
        path: str = "",
    ) -> None:
        """Answer the `call`-th request from now (1 is the next), and `times` in all, with an error.

        Only requests whose path contains `path` count. Without `body` the vendor's own body for that status is sent.
        """
        own = self.error_answer(status)
        answer = Answer(own.body if body is None else body, own.status, {**own.headers, **(headers or {})})
        with self.lock:
            self._faults.append(Fault(call - 1, times, path, answer, 0.0))

    def hang(self, seconds: float, *, call: int = 1, times: int = 1, path: str = "") -> None:
        """Hold back the `call`-th answer from now by `seconds`."""
        with self.lock:
            self._faults.append(Fault(call - 1, times, path, None, seconds))

    def revoke(self) -> None:
        """Kill the credentials: every call and every log-in is refused until `restore`."""
        with self.lock:
            self.revoked = True
            self.expire_sessions()

    def restore(self) -> None:
        """Undo `revoke`. Tokens handed out before stay dead."""
        with self.lock:
            self.revoked = False

    def expire_sessions(self) -> None:
        """Kill the access tokens handed out so far; the client may log in again."""

    def clear_faults(self) -> None:
        """Forget what `fail` and `hang` planned."""
        with self.lock:
            self._faults.clear()

    def requests_to(self, path: str) -> list[SeenRequest]:
        """The requests whose path contains `path`, oldest first."""
        with self.lock:
            return [each for each in self.requests if path in each.path]

    # -- answering ------------------------------------------------------------------------------------------------

    def respond(self, endpoint: Endpoint | None, call: Call) -> tuple[Answer, float]:
        """The answer to a call, and for how many seconds to hold it back. Used by the server only."""
        with self.lock:
            answer, delay = self._planned(call)
            if answer is None:
                try:
                    if endpoint is None:
                        raise Refusal(self.error_answer(404))
                    if not endpoint.public:
                        self.authorise(call)
                        self._calls += 1
                    answer = endpoint.handler(call)
                    answer = answer if self.alter is None else self.alter(call, answer)
                except Refusal as refusal:
                    answer = refusal.answer
            answer = Answer(answer.body, answer.status, {**self.response_headers(call), **answer.headers})
            return answer, delay

    def serial(self) -> int:
        """The next number of a sequence, for ids and tokens."""
        self._serial += 1
        return self._serial

    def capped(self, asked: int) -> int:
        """A page size, after the `page_size` override."""
        return asked if self.page_size is None else max(1, min(asked, self.page_size))

    def _planned(self, call: Call) -> tuple[Answer | None, float]:
        due = [fault for fault in self._faults if fault.path in call.path]
        answer: Answer | None = None
        delay = 0.0
        for fault in due:
            if fault.skip > 0:
                fault.skip -= 1
                continue
            if answer is not None and fault.answer is not None:
                continue
            fault.times -= 1
            delay += fault.seconds
            answer = fault.answer if fault.answer is not None else answer
        self._faults = [fault for fault in self._faults if fault.times > 0]
        return answer, delay

    def _visible(self, kind: str, identifier: str) -> bool:
        until = self._hidden.get((kind, identifier))
        return until is None or self._calls > until

    def _tick(self) -> datetime:
        left, shared = self._tie
        if left <= 0:
            return self.clock.now()
        shared = shared if shared is not None else self.clock.now()
        self._tie = (left - 1, shared)
        return shared

    def _known(self, kind: str) -> None:
        if kind not in self._objects:
            raise KeyError(f"{self.name} has no {kind!r}; it has {', '.join(self.kinds)}")

    def _existing(self, kind: str, identifier: str) -> Stored:
        self._known(kind)
        try:
            return self._objects[kind][str(identifier)]
        except KeyError:
            raise KeyError(f"{self.name} has no {kind} {identifier!r}") from None


def json_body(raw: bytes, content_type: str) -> Json:
    """A JSON request body. One that is unreadable, or no object, is empty."""
    if "json" not in content_type:
        return {}
    try:
        loaded = json.loads(raw.decode("utf-8", "replace") or "{}")
    except ValueError:
        return {}
    return loaded if isinstance(loaded, dict) else {}


def flatten_body(raw: bytes, content_type: str) -> dict[str, str]:
    """A form or JSON request body as a flat mapping of strings. An unreadable body is empty."""
    if "json" in content_type:
        return {key: str(value) for key, value in json_body(raw, content_type).items()}
    return dict(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True))
