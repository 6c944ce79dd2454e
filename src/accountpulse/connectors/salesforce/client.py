"""Talking to Salesforce: log-in, the SDK's session, and its faults as our errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import requests

from accountpulse.connectors.salesforce.config import SalesforceConfig
from accountpulse.plugins import (
    AuthError,
    ConfigError,
    ConnectorError,
    Context,
    HttpSession,
    MissingExtra,
    PermissionMissing,
    RateLimited,
    TimeoutAdapter,
    Transient,
    raise_for_status,
    retry_after,
    translated_errors,
)

if TYPE_CHECKING:
    from simple_salesforce.api import Salesforce as Sdk
    from simple_salesforce.exceptions import SalesforceError

T = TypeVar("T")
Row = dict[str, Any]

# The allowance is counted over a rolling 24 hours, so some of it comes back every hour.
QUOTA_PAUSE = timedelta(hours=1)
_TOKEN_PATH = "/services/oauth2/token"  # noqa: S105  # a path, not a secret
_RENEW = "check client_id and the secret of the External Client App, its run-as user and its OAuth flow in Salesforce Setup"


class SalesforceClient:
    """One organisation, as `simple-salesforce` reaches it. Logs in when first needed, and again when the session expires."""

    def __init__(self, config: SalesforceConfig, context: Context) -> None:
        self._config = config
        self._context = context
        self._session: requests.Session | None = None
        self._sdk: Sdk | None = None
        self.identity_url: str | None = None

    def close(self) -> None:
        """Close the connections to the organisation."""
        if self._session is not None:
            self._session.close()
        self._session = self._sdk = None

    def fields(self, sobject: str) -> frozenset[str]:
        """The fields of an object that this user can see. Raises PermissionMissing when the object itself is hidden."""
        answer: Any = self._ask(sobject, lambda sdk: sdk.restful(f"sobjects/{sobject}/describe"))
        return frozenset(str(field["name"]) for field in answer["fields"])

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
            try:
                with translated_errors():
                    return call(self._sdk)
            except SalesforceExpiredSession:
                self._sdk = None
                if attempt == 2:
                    raise AuthError(f"Salesforce refused a session it had just granted (401): {_RENEW}") from None
            except SalesforceError as error:
                # The SDK's exception quotes the answer: it is not chained, so that no traceback repeats it.
                raise _translated(error, sobject) from None
            except requests.exceptions.JSONDecodeError as error:
                # A proxy's HTML page with status 200 is a passing fault, not data.
                raise Transient(f"{self._config.base_url} answered something that is not JSON") from error
        raise AssertionError("unreachable")

    def _connect(self) -> Sdk:
        from simple_salesforce.api import Salesforce as Sdk

        token = self._log_in()
        self._context.log.debug("logged in to %s", self._config.base_url)
        self._session = self._session or self._new_session()
        return Sdk(
            session_id=token,
            instance_url=self._config.base_url,
            version=self._config.api_version,
            session=self._session,
            object_pairs_hook=dict,
        )

    def _new_session(self) -> requests.Session:
        ours = self._context.http
        session = SalesforceSession()
        session.verify, session.cert, session.proxies, session.trust_env = ours.verify, ours.cert, ours.proxies, ours.trust_env
        if self._config.base_url.startswith("http://"):
            session.mount("https://" + self._config.base_url.removeprefix("http://"), PlainHttpAdapter())
        return session

    # -- logging in -------------------------------------------------------------------------------------------------------

    def _log_in(self) -> str:
        """Ask for an access token. Raises AuthError or ConfigError with advice."""
        url = self._config.base_url + _TOKEN_PATH
        with translated_errors():
            response = self._context.http.post(url, data=self._grant(), allow_redirects=False)
        if 300 <= response.status_code < 400:  # followed, it would carry the secret to another host
            raise ConfigError("base_url", f"{url} redirects elsewhere; put the My Domain URL that Salesforce Setup shows")
        if response.status_code in (400, 401, 403):
            raise AuthError(f"Salesforce refused the log-in ({_code(response)}): {_RENEW}")
        if response.status_code == 404:
            raise ConfigError("base_url", f"{url} does not exist; put the My Domain URL that Salesforce Setup shows")
        raise_for_status(response)
        try:
            answer = response.json()
            self.identity_url = answer.get("id")
            return str(answer["access_token"])
        except (ValueError, KeyError, AttributeError):
            raise ConfigError("base_url", f"{url} did not answer with a token; put your My Domain URL") from None

    def _grant(self) -> dict[str, str]:
        config = self._config
        if config.auth == "jwt":
            return {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": self._assertion()}
        assert config.client_secret is not None  # the settings were checked when they were read
        grant = {
            "grant_type": config.auth,
            "client_id": config.client_id,
            "client_secret": config.client_secret.get_secret_value(),
        }
        if config.auth == "password":
            assert config.username is not None
            assert config.password is not None
            grant |= {"username": config.username, "password": config.password.get_secret_value()}
        return grant

    def _assertion(self) -> str:
        try:
            import jwt
        except ImportError as error:
            raise MissingExtra("The Salesforce connector", "salesforce") from error
        config = self._config
        assert config.private_key is not None
        expires = int((self._context.clock.now() + timedelta(minutes=3)).timestamp())  # Salesforce accepts at most 3 minutes
        claims = {"iss": config.client_id, "sub": config.username, "aud": config.login_url, "exp": expires}
        try:
            return str(jwt.encode(claims, config.private_key.get_secret_value(), algorithm="RS256"))
        except (ValueError, TypeError, jwt.PyJWTError):
            raise ConfigError(
                "private_key", "put the RSA private key (PEM) whose certificate the app in Salesforce has"
            ) from None


class SalesforceSession(HttpSession):
    """The session simple-salesforce works with. It raises the 429 itself: the SDK's exceptions hold no headers."""

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        response = super().send(request, **options)
        if response.status_code == 429:
            wait = retry_after(response.headers.get("Retry-After"))
            raise RateLimited(wait, "Salesforce asks us to slow down (429)")
        return response


class PlainHttpAdapter(TimeoutAdapter):
    """Sends over http what simple-salesforce, which knows only https, addressed to https.

    The request is copied: the caller must find the one it made in the response.
    """

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]  # as its base
        asked = str(request.url)
        plain = request.copy()
        plain.url = "http://" + asked.removeprefix("https://")
        response = super().send(plain, **options)
        response.request, response.url = request, asked
        return response


def _more(sdk: Sdk, url: str) -> Any:
    return sdk.query_more(url, identifier_is_url=True)


def _translated(error: SalesforceError, sobject: str) -> ConnectorError:
    """A fault of the SDK as the error the engine acts on. What the server wrote is not quoted, only its error code."""
    answered: Any = error.content
    stated = answered[0] if isinstance(answered, list) and answered and isinstance(answered[0], dict) else {}
    code, message = str(stated.get("errorCode") or ""), str(stated.get("message") or "")
    shown = f"{error.status} {code}".strip() if re.fullmatch(r"[A-Z_]*", code) else str(error.status)
    if code == "REQUEST_LIMIT_EXCEEDED":
        if "concurrent" in message.lower():
            return RateLimited(None, "Salesforce runs too many long requests at once for this organisation")
        advice = (
            "Salesforce's daily allowance of API requests is used up: raise it, or sync less often (Setup > System Overview)"
        )
        return RateLimited(QUOTA_PAUSE, advice)
    if error.status == 403 or code in ("INVALID_TYPE", "INSUFFICIENT_ACCESS") or (error.status == 404 and code == "NOT_FOUND"):
        return PermissionMissing(f"read {sobject}", f"give the integration user read access to {sobject} ({shown})")
    if (
        error.status >= 500
        or error.status in (408, 420)
        or code in ("QUERY_TIMEOUT", "INVALID_QUERY_LOCATOR", "SERVER_UNAVAILABLE")
    ):
        return Transient(f"Salesforce failed to answer a query on {sobject} ({shown})")
    if code in ("INVALID_FIELD", "MALFORMED_QUERY"):
        return ConnectorError(f"Salesforce does not take our query on {sobject} ({shown}): check `fields` in the configuration")
    return ConnectorError(f"Salesforce refused a query on {sobject} ({shown}): check the integration user's permissions")


def _code(response: requests.Response) -> str:
    """The OAuth error code of a refusal; not its description, which may repeat what was sent."""
    try:
        code = str(response.json().get("error"))
    except (ValueError, AttributeError):
        code = ""
    return code if re.fullmatch(r"[a-z_]{1,60}", code) else str(response.status_code)
