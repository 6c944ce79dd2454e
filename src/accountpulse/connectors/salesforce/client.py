"""Talking to Salesforce through simple-salesforce: queries, descriptions, and the Bulk API 2.0."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import requests

from accountpulse.connectors.salesforce.config import SalesforceConfig
from accountpulse.connectors.salesforce.faults import Refused, translated
from accountpulse.connectors.salesforce.login import RENEW, log_in
from accountpulse.connectors.salesforce.session import PlainHttpAdapter, SalesforceSession
from accountpulse.connectors.salesforce.table import rows_of
from accountpulse.plugins import AuthError, Context, MissingExtra, PermissionMissing, Transient, translated_errors

if TYPE_CHECKING:
    from simple_salesforce.api import Salesforce as Sdk

T = TypeVar("T")
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """Some of a job's rows. following: the locator of the next page, None after the last."""

    rows: list[Row]
    following: str | None


class SalesforceClient:
    """One organisation, as `simple-salesforce` reaches it. Logs in when first needed, and again when the session expires."""

    def __init__(self, config: SalesforceConfig, context: Context) -> None:
        self._config = config
        self._context = context
        self._session: SalesforceSession | None = None
        self._sdk: Sdk | None = None
        self.identity_url: str | None = None

    def close(self) -> None:
        """Close the connections to the organisation."""
        if self._session is not None:
            self._session.close()
        self._session = self._sdk = None

    def fields(self, sobject: str) -> Mapping[str, str]:
        """The fields of an object that this user can see, with their types.

        Raises PermissionMissing when the object itself is hidden.
        """
        answer: Any = self._ask(sobject, lambda sdk: sdk.restful(f"sobjects/{sobject}/describe"))
        return {str(field["name"]): str(field.get("type")) for field in answer["fields"]}

    def pages(self, sobject: str, soql: str) -> Iterator[list[Row]]:
        """The pages (up to 2,000 rows) of a query, deleted rows included. The caller's pace is the pace of the requests."""
        answer = self._ask(sobject, lambda sdk: sdk.query(soql, include_deleted=True))
        yield answer["records"]
        while not answer["done"]:
            following = answer["nextRecordsUrl"]
            answer = self._ask(sobject, partial(_more, url=following))
            if answer.get("nextRecordsUrl") == following:
                raise Transient(f"Salesforce gave the same page of {sobject} twice")
            yield answer["records"]

    def count(self, sobject: str) -> int:
        """About how many rows an object has. The count costs Salesforce nothing, but not every user may ask for it."""
        try:
            answer: Any = self._ask(sobject, lambda sdk: sdk.restful("limits/recordCount", {"sObjects": sobject}))
            return int(next((each["count"] for each in answer["sObjects"] if each.get("name") == sobject), 0))
        except (PermissionMissing, Refused):
            answer = self._ask(sobject, lambda sdk: sdk.query(f"SELECT COUNT() FROM {sobject}"))  # noqa: S608
            return int(answer["totalSize"])

    # -- the Bulk API 2.0 -------------------------------------------------------------------------------------------------

    def start_job(self, sobject: str, soql: str) -> str:
        """Have a query run, deleted rows included; returns the job's id. Raises Refused or PermissionMissing where it can't."""
        body = {"operation": "queryAll", "query": soql, "columnDelimiter": "COMMA", "lineEnding": "LF"}
        answer: Any = self._ask(sobject, lambda sdk: sdk.restful("jobs/query", method="POST", json=body))
        return str(answer["id"])

    def job_state(self, sobject: str, job: str) -> str:
        """UploadComplete, InProgress, JobComplete, Failed, Aborted; `Gone` when there is no such job (any more)."""
        try:
            answer: Any = self._ask(sobject, lambda sdk: sdk.restful(f"jobs/query/{job}"))
        except (PermissionMissing, Refused):
            return "Gone"
        return str(answer["state"])

    def job_page(self, sobject: str, job: str, locator: str | None, size: int, types: Mapping[str, str]) -> Page | None:
        """A page of a job's rows, as the REST API would write them; None when the job or the locator is gone."""
        params = {"maxRecords": str(size)} | ({"locator": locator} if locator else {})
        try:
            response = self._ask(sobject, partial(_results, job=job, params=params))
        except (PermissionMissing, Refused):
            return None
        if "csv" not in response.headers.get("Content-Type", ""):
            raise Transient(f"{self._config.base_url} answered something that is not CSV")
        response.encoding = "utf-8"
        following = response.headers.get("Sforce-Locator") or "null"
        if following == locator:
            raise Transient(f"Salesforce gave the same page of {sobject} twice")
        rows = rows_of(response.text, types)
        if len(rows) != int(response.headers.get("Sforce-NumberOfRecords", len(rows))):
            raise Transient(f"a page of {sobject} broke off")
        return Page(rows, None if following == "null" else following)

    # -- the SDK ----------------------------------------------------------------------------------------------------------

    def _ask(self, sobject: str, call: Callable[[Sdk], T]) -> T:
        """Call the SDK; log in again, once, when the session has expired."""
        try:
            from simple_salesforce.exceptions import SalesforceError, SalesforceExpiredSession
        except ImportError as error:
            raise MissingExtra("The Salesforce connector", "salesforce") from error
        for attempt in (1, 2):
            if self._sdk is None:
                self._sdk = self._connect()
            if self._session is not None:
                self._session.leave_some(self._config.request_share)
            try:
                with translated_errors():
                    return call(self._sdk)
            except SalesforceExpiredSession:
                self._sdk = None
                if attempt == 2:
                    raise AuthError(f"Salesforce refused a session it had just granted (401): {RENEW}") from None
            except SalesforceError as error:
                # The SDK's exception quotes the answer: it is not chained, so that no traceback repeats it.
                raise translated(error, sobject) from None
            except requests.exceptions.JSONDecodeError as error:
                # A proxy's HTML page with status 200 is a passing fault, not data.
                raise Transient(f"{self._config.base_url} answered something that is not JSON") from error
        raise AssertionError("unreachable")

    def _connect(self) -> Sdk:
        from simple_salesforce.api import Salesforce as Sdk

        token = log_in(self._config, self._context)
        self.identity_url = token.identity_url
        self._context.log.debug("logged in to %s", self._config.base_url)
        self._session = self._session or self._new_session()
        return Sdk(
            session_id=token.value,
            instance_url=self._config.base_url,
            version=self._config.api_version,
            session=self._session,
            object_pairs_hook=dict,
        )

    def _new_session(self) -> SalesforceSession:
        ours = self._context.http
        session = SalesforceSession()
        session.verify, session.cert, session.proxies, session.trust_env = ours.verify, ours.cert, ours.proxies, ours.trust_env
        if self._config.base_url.startswith("http://"):
            session.mount("https://" + self._config.base_url.removeprefix("http://"), PlainHttpAdapter())
        return session


def _more(sdk: Sdk, url: str) -> Any:
    return sdk.query_more(url, identifier_is_url=True)


def _results(sdk: Sdk, job: str, params: Mapping[str, str]) -> requests.Response:
    # The SDK's own reader of results polls by sleeping and can't begin at a locator; this is the function it calls.
    from simple_salesforce.util import call_salesforce

    headers = {**sdk.headers, "Accept": "text/csv"}
    response: requests.Response = call_salesforce(
        url=f"{sdk.base_url}jobs/query/{job}/results", method="GET", session=sdk.session, headers=headers, params=params
    )
    return response
