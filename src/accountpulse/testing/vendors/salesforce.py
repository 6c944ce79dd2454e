"""A simulated Salesforce org: OAuth token endpoint and the REST data API, as simple-salesforce drives them.

Vendor facts it reproduces:
* tokens by client credentials, JWT bearer and password (`salesforce_oauth.py`), really checked;
* Bulk API 2.0 query jobs (`salesforce_bulk.py`), and approximate record counts;
* SOQL really applied; deleted rows only in `queryAll`; at most 2,000 rows a page, `Sforce-Query-Options: batchSize`
  (200 to 2,000), `nextRecordsUrl` locators that answer from a snapshot taken when the query ran;
* `SystemModstamp` moves with every change and ties are common; merge losers are deleted rows with `MasterRecordId`;
* `deleted/` and `updated/` by time range, 15 days back; `limits`; `Sforce-Limit-Info` on every answer;
* 401 INVALID_SESSION_ID, 403 REQUEST_LIMIT_EXCEEDED, 400 MALFORMED_QUERY / INVALID_FIELD / INVALID_TYPE, all as lists.
"""

# ruff: noqa: ARG002 - a hook or handler keeps its signature whether or not it reads every argument
from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from accountpulse.core.clock import Clock
from accountpulse.testing.vendors import soql
from accountpulse.testing.vendors.control import Answer, Call, Endpoint, Json, Refusal, SimulatedVendor, Stored
from accountpulse.testing.vendors.salesforce_bulk import QueryJobs
from accountpulse.testing.vendors.salesforce_oauth import private_key, refused
from accountpulse.testing.vendors.salesforce_schema import PREFIXES, SCHEMA, describe, summary
from accountpulse.testing.vendors.world import World
from accountpulse.testing.vendors.world.wire import salesforce_id, salesforce_time

_ERRORS = {
    400: ("MALFORMED_QUERY", "malformed query"),
    401: ("INVALID_SESSION_ID", "Session expired or invalid"),
    403: ("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
    404: ("NOT_FOUND", "The requested resource does not exist"),
    500: ("UNKNOWN_EXCEPTION", "An unexpected error occurred."),
    503: ("SERVER_UNAVAILABLE", "Service is temporarily unavailable"),
}
_PAGE = 2000
_REACH = timedelta(days=15)


class SalesforceVendor(SimulatedVendor):
    """The org. Kinds are object names: Account, Contact, Opportunity and its lines and field history, Contract, Asset ...

    `hidden_fields` are the field-level security of the connected user: absent from describe, refused in queries; an object of
    `hidden_objects` doesn't exist for it. `daily_limit` is the API allowance named in `Sforce-Limit-Info`. `jobs` are the
    Bulk API's, with what a test can do to them.
    """

    name: ClassVar[str] = "salesforce"
    kinds: ClassVar[tuple[str, ...]] = tuple(SCHEMA)

    def __init__(self, world: World | None, clock: Clock) -> None:
        super().__init__(clock)
        self.hidden_fields: frozenset[str] = frozenset()
        self.hidden_objects: frozenset[str] = frozenset()
        self.jobs = QueryJobs()
        self.daily_limit = 100_000
        self._sessions: set[str] = set()
        self._locators: dict[str, tuple[soql.Query, list[Json]]] = {}
        for kind, records in (world.salesforce if world is not None else {}).items():
            for record in records:
                self.load(kind, record, datetime.fromisoformat(record[_stamp(kind)]))

    @property
    def credentials(self) -> dict[str, str]:
        """consumer_key, consumer_secret, username, password, domain, instance_url."""
        return {
            "consumer_key": "3MVG9simulatedConsumerKey",
            "consumer_secret": "simulated-consumer-secret",
            "username": "integration@fernwoodanalytics.com",
            "password": "simulated-password",
            "domain": "fernwood.my",
            "instance_url": self.base_url,
        }

    @property
    def private_key(self) -> str:
        """PEM of the key whose certificate the org's app has: what JWT bearer assertions must be signed with."""
        return private_key()

    def endpoints(self) -> Iterable[Endpoint]:
        data = "/services/data/v{version}"
        yield Endpoint("POST", "/services/oauth2/token", self._token, public=True)
        yield Endpoint("GET", "/services/oauth2/userinfo", self._userinfo)
        yield Endpoint("GET", data + "/query", self._query)
        yield Endpoint("GET", data + "/query/", self._query)
        yield Endpoint("GET", data + "/queryAll", self._query)
        yield Endpoint("GET", data + "/queryAll/", self._query)
        yield Endpoint("GET", data + "/query/{locator}", self._more)
        yield Endpoint("GET", data + "/queryAll/{locator}", self._more)
        yield Endpoint("GET", data + "/sobjects", self._sobjects)
        yield Endpoint("GET", data + "/sobjects/", self._sobjects)
        yield Endpoint("GET", data + "/sobjects/{sobject}/describe", self._describe)
        yield Endpoint("GET", data + "/sobjects/{sobject}/deleted", self._deleted)
        yield Endpoint("GET", data + "/sobjects/{sobject}/deleted/", self._deleted)
        yield Endpoint("GET", data + "/sobjects/{sobject}/updated", self._updated)
        yield Endpoint("GET", data + "/sobjects/{sobject}/updated/", self._updated)
        yield Endpoint("GET", data + "/sobjects/{sobject}/{identifier}", self._record)
        yield Endpoint("POST", data + "/jobs/query", self._create_job)
        yield Endpoint("GET", data + "/jobs/query/{job}", lambda call: self.jobs.state(call))
        yield Endpoint("GET", data + "/jobs/query/{job}/results", lambda call: self.jobs.results(call, self.page_size))
        yield Endpoint("GET", data + "/limits/recordCount", self._count)
        yield Endpoint("GET", data + "/limits", self._limits)
        yield Endpoint("GET", data + "/limits/", self._limits)

    # -- the control surface, as Salesforce behaves ---------------------------------------------------------------

    def identify(self, kind: str, body: Json) -> str:
        return str(body["Id"])

    def complete(self, kind: str, body: Json, at: datetime) -> None:
        unknown = body.keys() - SCHEMA[kind].keys()
        if unknown:
            raise KeyError(f"{kind} has no field {', '.join(sorted(unknown))}")
        body.setdefault("Id", salesforce_id(PREFIXES[kind], 50_000_000 + self.serial()))
        body.setdefault("CreatedDate", salesforce_time(at))
        for name, type_name in SCHEMA[kind].items():
            body.setdefault(name, False if type_name == "boolean" else None)
        self.changed(kind, body, at)

    def changed(self, kind: str, body: Json, at: datetime) -> None:
        body[_stamp(kind)] = salesforce_time(at)
        if "LastModifiedDate" in SCHEMA[kind]:
            body["LastModifiedDate"] = salesforce_time(at)

    def buried(self, kind: str, stored: Stored, at: datetime) -> bool:
        if "IsDeleted" not in SCHEMA[kind]:
            return False
        stored.body = {**stored.body, "IsDeleted": True}
        self.changed(kind, stored.body, at)
        if kind == "Opportunity":
            self._bury_parts(stored.id, at)
        return True

    def _bury_parts(self, opportunity: str, at: datetime) -> None:
        """The lines and the history of a deal go with it; history keeps its date."""
        for kind in ("OpportunityLineItem", "OpportunityFieldHistory"):
            for part in self._objects[kind].values():
                if part.body["OpportunityId"] == opportunity and not part.deleted:
                    part.body, part.deleted = {**part.body, "IsDeleted": True}, True
                    if kind == "OpportunityLineItem":
                        part.stamp = at
                        self.changed(kind, part.body, at)
            self._sorted.pop(kind, None)

    def purge(self, kind: str, identifier: str) -> None:
        """Empty the recycle bin of one record: it vanishes from `queryAll` too, without a trace."""
        with self.lock:
            self._existing(kind, identifier)
            del self._objects[kind][identifier]
            self._sorted.pop(kind, None)

    def merge(self, kind: str, winner: str, loser: str) -> None:
        """Merge two accounts or contacts: the loser is deleted and names its winner; its children move over."""
        with self.lock:
            self._existing(kind, winner)
            lost = self._existing(kind, loser)
            lost.body = {**lost.body, "MasterRecordId": winner}
            self.delete(kind, loser)
            reference = f"{kind}Id" if kind == "Account" else "WhoId"
            for other in SCHEMA:
                for each in list(self._objects[other].values()):
                    if not each.deleted and each.body.get(reference) == loser:
                        self.touch(other, each.id, **{reference: winner})
            self.touch(kind, winner)

    def expire_locators(self) -> None:
        """Forget every running query, as the org does after two days: the next page is INVALID_QUERY_LOCATOR."""
        with self.lock:
            self._locators.clear()

    def expire_sessions(self) -> None:
        with self.lock:
            self._sessions.clear()

    # -- answers --------------------------------------------------------------------------------------------------

    def error_answer(self, status: int) -> Answer:
        code, message = _ERRORS.get(status, ("UNKNOWN_EXCEPTION", f"HTTP {status}"))
        return Answer([{"message": message, "errorCode": code}], status)

    def response_headers(self, call: Call) -> Mapping[str, str]:
        return {"Sforce-Limit-Info": f"api-usage={self._calls}/{self.daily_limit}"}

    def authorise(self, call: Call) -> None:
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        if scheme not in ("Bearer", "OAuth") or token not in self._sessions:
            raise Refusal(self.error_answer(401))
        if self._calls >= self.daily_limit:
            raise Refusal(self.error_answer(403))

    def _token(self, call: Call) -> Answer:
        refusal = refused(call, self.credentials, self.base_url, self.clock.now(), revoked=self.revoked)
        if refusal is not None:
            return refusal
        token = f"{salesforce_id('00D', 1)[:15]}!AQ.simulated{self.serial()}"
        self._sessions.add(token)
        return Answer(
            {
                "access_token": token,
                "instance_url": self.base_url,
                "id": f"{self.base_url}/id/{salesforce_id('00D', 1)}/{salesforce_id('005', 1)}",
                "token_type": "Bearer",
                "issued_at": str(int(self.clock.now().timestamp() * 1000)),
                "signature": "c2ltdWxhdGVk",
                "scope": "api",
            }
        )

    def _userinfo(self, call: Call) -> Answer:
        return Answer(
            {
                "user_id": salesforce_id("005", 1),
                "organization_id": salesforce_id("00D", 1),
                "preferred_username": self.credentials["username"],
                "name": "Integration User",
                "email": self.credentials["username"],
            }
        )

    def _run(self, text: str, *, everything: bool) -> tuple[soql.Query, list[Json]]:
        visible = {
            name: {field: kind for field, kind in fields.items() if field not in self.hidden_fields}
            for name, fields in SCHEMA.items()
            if name not in self.hidden_objects
        }
        try:
            query = soql.parse(text, visible)
        except soql.SoqlError as error:
            raise Refusal(Answer([{"message": str(error), "errorCode": error.code}], 400)) from None
        rows = [each.body for each in self.stored(query.sobject) if everything or not each.deleted]
        return query, query.run(rows)

    def _create_job(self, call: Call) -> Answer:
        operation = call.form.get("operation", "")
        if operation not in ("query", "queryAll"):
            raise Refusal(Answer([{"message": "operation must be query or queryAll", "errorCode": "INVALIDJOB"}], 400))
        query, rows = self._run(call.form.get("query", ""), everything=operation == "queryAll")
        return self.jobs.create(f"750{self.serial():015d}", operation, query, rows, salesforce_time(self.clock.now()))

    def _count(self, call: Call) -> Answer:
        asked = [name for name in (call.get("sObjects") or "").split(",") if name in SCHEMA]
        counts = [{"name": name, "count": sum(not each.deleted for each in self.stored(name))} for name in asked]
        return Answer({"sObjects": counts})

    def _query(self, call: Call) -> Answer:
        query, found = self._run(call.get("q") or "", everything="/queryAll" in call.path)
        if query.count_only:
            return Answer({"totalSize": len(found), "done": True, "records": []})
        return self._page(call, f"01g{self.serial():012d}", query, found, 0)

    def _more(self, call: Call) -> Answer:
        locator, _, offset = call.path_params["locator"].partition("-")
        if locator not in self._locators or not offset.isdigit():
            raise Refusal(Answer([{"message": "invalid query locator", "errorCode": "INVALID_QUERY_LOCATOR"}], 400))
        return self._page(call, locator, *self._locators[locator], int(offset))

    def _page(self, call: Call, locator: str, query: soql.Query, rows: list[Json], start: int) -> Answer:
        size = self.capped(_batch_size(call))
        version = call.path_params["version"]
        body: Json = {"totalSize": len(rows), "done": start + size >= len(rows)}
        if not body["done"]:
            self._locators[locator] = (query, rows)
            body["nextRecordsUrl"] = f"/services/data/v{version}/query/{locator}-{start + size}"
        body["records"] = [_record(query.sobject, row, query.fields, version) for row in rows[start : start + size]]
        return Answer(body)

    def _sobjects(self, call: Call) -> Answer:
        return Answer({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": [summary(name) for name in SCHEMA]})

    def _describe(self, call: Call) -> Answer:
        return Answer(describe(self._sobject(call), self.hidden_fields))

    def _deleted(self, call: Call) -> Answer:
        sobject, start, end = self._span(call)
        found = [each for each in self.stored(sobject) if each.deleted and start <= each.stamp <= end]
        return Answer(
            {
                "deletedRecords": [{"id": each.id, "deletedDate": salesforce_time(each.stamp)} for each in found],
                "earliestDateAvailable": salesforce_time(self.clock.now() - _REACH),
                "latestDateCovered": salesforce_time(end),
            }
        )

    def _updated(self, call: Call) -> Answer:
        sobject, start, end = self._span(call)
        found = [each.id for each in self.stored(sobject) if not each.deleted and start <= each.stamp <= end]
        return Answer({"ids": found, "latestDateCovered": salesforce_time(end)})

    def _record(self, call: Call) -> Answer:
        sobject = self._sobject(call)
        found = self.find(sobject, call.path_params["identifier"])
        if found is None or found.deleted:
            raise Refusal(self.error_answer(404))
        return Answer(_record(sobject, found.body, tuple(SCHEMA[sobject]), call.path_params["version"]))

    def _limits(self, call: Call) -> Answer:
        left = self.daily_limit - self._calls
        return Answer(
            {
                "DailyApiRequests": {"Max": self.daily_limit, "Remaining": left},
                "DailyBulkV2QueryJobs": {"Max": 10_000, "Remaining": 10_000},
            }
        )

    def _sobject(self, call: Call) -> str:
        name = call.path_params["sobject"]
        if name not in SCHEMA or name in self.hidden_objects:
            raise Refusal(self.error_answer(404))
        return name

    def _span(self, call: Call) -> tuple[str, datetime, datetime]:
        sobject = self._sobject(call)
        try:
            start, end = (datetime.fromisoformat((call.get(name) or "").replace(" ", "+")) for name in ("start", "end"))
            wrong = end - start <= timedelta(minutes=1) or start < self.clock.now() - _REACH
        except (TypeError, ValueError):
            wrong = True
        if wrong:
            message = "start must be less than 15 days ago and more than one minute before end; both need an offset"
            raise Refusal(Answer([{"message": message, "errorCode": "INVALID_REPLICATION_DATE"}], 400))
        return sobject, start, min(end, self.clock.now())


def _stamp(kind: str) -> str:
    return "SystemModstamp" if "SystemModstamp" in SCHEMA[kind] else "CreatedDate"


def _batch_size(call: Call) -> int:
    asked = re.search(r"batchSize=(\d+)", call.headers.get("sforce-query-options", ""))
    return max(200, min(_PAGE, int(asked[1]))) if asked else _PAGE


def _record(sobject: str, row: Mapping[str, Any], fields: tuple[str, ...], version: str) -> Json:
    attributes = {"type": sobject, "url": f"/services/data/v{version}/sobjects/{sobject}/{row['Id']}"}
    return {"attributes": attributes, **{name: row[name] for name in fields}}
