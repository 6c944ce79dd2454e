"""A simulated PostHog project: HogQL over events and groups, run by SQLite, under a personal API key.

Vendor facts it reproduces:
* `POST /api/projects/:id/query/` takes `{"query": {"kind": "HogQLQuery", "query": ..., "values": {...}}}`; `{name}` in the text
  stands for a bound value; an answer has `results` (rows as lists) and `columns`;
* 100 rows without a LIMIT, 50,000 at most, silently; OFFSET is refused to personal API keys;
* a group of the type number N stands in the column `$group_N` of an event, empty without one;
* the last answer to the same question is remembered, and given unless `refresh` asks for a fresh one;
* errors are {"type", "code", "detail", "attr"}: 400 for a query that it can't run, 401, 403 for a missing scope, 404, and 429
  with Retry-After once `limit` queries were made within an hour.
"""

# ruff: noqa: ARG002 - a hook or handler keeps its signature whether or not it reads every argument
from __future__ import annotations

import json
import re
import sqlite3
import uuid
from collections import deque
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import ClassVar

from accountpulse.core.clock import Clock
from accountpulse.testing.vendors.control import Answer, Call, Endpoint, Json, Refusal, SimulatedVendor

_MOST = 50_000
_HOUR = timedelta(hours=1)
_GROUPS = tuple(f"$group_{number}" for number in range(5))
_ERRORS: dict[int, tuple[str, str, str]] = {
    400: ("validation_error", "invalid_input", "The query can't be run."),
    401: ("authentication_error", "authentication_failed", "Invalid personal API key."),
    403: ("authentication_error", "permission_denied", "API key missing required scope 'query:read'"),
    404: ("invalid_request", "not_found", "Project not found."),
    429: ("throttled_error", "throttled", "Request was throttled."),
    503: ("server_error", "error", "A server error occurred."),
}


class PostHogVendor(SimulatedVendor):
    """The project. Kinds: event (`event`, `distinct_id`, `timestamp`, `properties`, `$group_0` ...), group (`key`, `index`,
    `properties`).

    `group_types` are its group types, in the order of their numbers; `limit` is of queries in an hour,
    and `queries` holds the last ones.
    """

    name: ClassVar[str] = "posthog"
    kinds: ClassVar[tuple[str, ...]] = ("event", "group")

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.group_types = ["company", "project"]
        self.timezone = "America/New_York"  # not that of the store, for nothing may depend on it
        self.limit = 100_000
        self.queries: deque[Json] = deque(maxlen=1000)
        self._asked: list[datetime] = []
        self._remembered: dict[str, Answer] = {}

    @property
    def credentials(self) -> dict[str, str]:
        """personal_api_key, project_id."""
        return {"personal_api_key": "phx_simulated", "project_id": "4711"}

    def endpoints(self) -> Iterable[Endpoint]:
        path = f"/api/projects/{self.credentials['project_id']}/"
        yield Endpoint("GET", path, self._project)
        yield Endpoint("GET", f"{path}groups_types/", self._group_types)
        yield Endpoint("POST", f"{path}query/", self._query)

    # -- the control surface, as PostHog behaves ------------------------------------------------------------------

    def identify(self, kind: str, body: Json) -> str:
        return str(body["uuid"] if kind == "event" else body["key"])

    def complete(self, kind: str, body: Json, at: datetime) -> None:
        body.setdefault("properties", {})
        if kind == "group":
            body.setdefault("index", 0)
            body.setdefault("created_at", at.timestamp())
            return
        body.setdefault("uuid", str(uuid.UUID(int=self.serial())))
        body.setdefault("event", "used")
        body.setdefault("distinct_id", "somebody")
        body.setdefault("timestamp", at.timestamp())

    def error_answer(self, status: int) -> Answer:
        kind, code, detail = _ERRORS.get(status, ("server_error", "error", f"HTTP {status}"))
        return Answer({"type": kind, "code": code, "detail": detail, "attr": None}, status)

    def authorise(self, call: Call) -> None:
        scheme, _, key = call.headers.get("authorization", "").partition(" ")
        if self.revoked or scheme.lower() != "bearer" or key != self.credentials["personal_api_key"]:
            raise Refusal(self.error_answer(401))

    # -- answers --------------------------------------------------------------------------------------------------

    def _project(self, call: Call) -> Answer:
        identifier = "018f0000-0000-7000-8000-000000004711"
        return Answer({"id": 4711, "uuid": identifier, "name": "Fernwood", "timezone": self.timezone})

    def _group_types(self, call: Call) -> Answer:
        listed = enumerate(self.group_types)
        return Answer([{"group_type": name, "group_type_index": index, "name_singular": None} for index, name in listed])

    def _query(self, call: Call) -> Answer:
        now = self.clock.now()
        self._asked = [at for at in self._asked if now - at < _HOUR]
        if len(self._asked) >= self.limit:
            wait = (self._asked[0] + _HOUR - now).total_seconds()
            answer = self.error_answer(429)
            raise Refusal(Answer(answer.body, 429, {"Retry-After": str(int(wait) + 1)}))
        self._asked.append(now)
        query = call.json.get("query")
        if not isinstance(query, dict) or query.get("kind") != "HogQLQuery" or not isinstance(query.get("query"), str):
            raise Refusal(self.error_answer(400))
        self.queries.append(query)
        if call.json.get("refresh") == "force_blocking":
            return self._run(query["query"], query.get("values") or {})
        name = json.dumps(query, sort_keys=True)
        if name not in self._remembered:
            self._remembered[name] = self._run(query["query"], query.get("values") or {})
        return self._remembered[name]

    def _run(self, text: str, values: Json) -> Answer:
        if re.search(r"\boffset\b", text, re.IGNORECASE):
            raise Refusal(self.error_answer(400))
        limit = re.search(r"\blimit\s+(\d+)\s*$", text, re.IGNORECASE)
        most = self.capped(min(int(limit[1]), _MOST) if limit is not None else 100)
        bound: Json = {}

        def placeholder(match: re.Match[str]) -> str:
            name = match[1]
            if name not in values:
                raise Refusal(self.error_answer(400))
            if not isinstance(values[name], list):
                bound[name] = values[name]
                return f":{name}"
            bound.update({f"{name}_{number}": value for number, value in enumerate(values[name])})
            return "(" + ", ".join(f":{name}_{number}" for number in range(len(values[name]))) + ")"

        columns = re.sub(r"(?<![\w\"])(\$group_\d)\b", r'"\1"', text)  # where SQLite would take them for parameters
        sql = re.sub(r"\{(\w+)\}", placeholder, columns)
        database = self._database()
        try:
            found = database.execute(sql.replace(" index = ", ' "index" = '), bound)
            shown = [list(row) for row in found.fetchmany(most)]
            names = [column[0] for column in found.description]
        except sqlite3.Error:
            raise Refusal(self.error_answer(400)) from None
        finally:
            database.close()
        return Answer({"results": shown, "columns": names, "types": [], "hogql": text, "error": None, "is_cached": False})

    def _database(self) -> sqlite3.Connection:
        """What there is, as tables; times are seconds since 1970."""
        database = sqlite3.connect(":memory:")
        database.create_function("fromUnixTimestamp", 1, float)
        database.create_function("toUnixTimestamp", 1, lambda at: None if at is None else int(at))
        database.create_function("JSONExtractFloat", 2, _extracted)
        database.create_aggregate("sumIf", 2, _SumIf)  # type: ignore[arg-type]  # typeshed wants a wider step()
        named = ", ".join(f'"{each}"' for each in _GROUPS)
        database.execute(f"create table events (event, distinct_id, timestamp, properties, {named})")
        database.executemany(
            f"insert into events values (?, ?, ?, ?{', ?' * len(_GROUPS)})",  # noqa: S608  # as many as there are columns
            (
                (
                    *(body["event"], body["distinct_id"], body["timestamp"], json.dumps(body["properties"])),
                    *(body.get(each, "") for each in _GROUPS),
                )
                for body in (stored.body for stored in self.stored("event"))
            ),
        )
        database.execute('create table groups ("index", key, properties, created_at)')
        database.executemany(
            "insert into groups values (?, ?, ?, ?)",
            (
                (body["index"], body["key"], json.dumps(body["properties"]), body["created_at"])
                for body in (stored.body for stored in self.stored("group"))
            ),
        )
        return database


class _SumIf:
    """ClickHouse's sumIf(value, condition)."""

    def __init__(self) -> None:
        self.total = 0.0

    def step(self, value: float, condition: int) -> None:
        self.total += value if condition else 0.0

    def finalize(self) -> float:
        return self.total


def _extracted(properties: str, name: str) -> float:
    """ClickHouse's JSONExtractFloat: 0 where there is no such number."""
    found = json.loads(properties).get(name)
    return float(found) if isinstance(found, (int, float)) and not isinstance(found, bool) else 0.0
