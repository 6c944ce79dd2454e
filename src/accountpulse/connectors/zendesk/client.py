"""Talking to Zendesk: log-in, a session that speaks in our errors, and raw JSON by way of the SDK."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import requests
from requests.auth import AuthBase

from accountpulse.connectors.zendesk.config import ZendeskConfig
from accountpulse.plugins import (
    AuthError,
    ConfigError,
    ConnectorError,
    Context,
    HttpSession,
    MissingExtra,
    PermissionMissing,
    RateLimited,
    Transient,
    raise_for_status,
    retry_after,
    translated_errors,
)

if TYPE_CHECKING:
    from zenpy import Zenpy

Json = dict[str, Any]


class NotThere(ConnectorError):
    """Zendesk knows no such path, id or cursor (400, 404, 410 or 422). Never leaves this package as it is."""


class ZendeskClient:
    """One Zendesk account, as `zenpy` reaches it, in raw JSON: its typed objects are 13 times slower to make."""

    def __init__(self, config: ZendeskConfig, context: Context) -> None:
        self._config = config
        self._context = context
        self._sdk: Zenpy | None = None
        self._session: ZendeskSession | None = None

    def close(self) -> None:
        """Close the connections to Zendesk."""
        if self._session is not None:
            self._session.close()
        self._session = self._sdk = None

    def get(self, path: str, **params: str | int) -> Json:
        """A JSON object under `/api/v2`. Raises NotThere, AuthError, PermissionMissing, RateLimited or Transient."""
        if self._sdk is None:
            self._sdk = self._connect()
        # zenpy picks its response handlers by URL, and with a rewritten one loses rows; the raw answer meets no handler, so the
        # URL may be that of any host.
        url = f"{self._config.base_url}/api/v2/{path}"
        answer = self._sdk.tickets._get(url, raw_response=True, params=params)
        try:
            found = answer.json()
        except ValueError as error:
            # A proxy's HTML page with status 200 is a passing fault, not data.
            raise Transient(f"{url} answered something that is not JSON") from error
        if not isinstance(found, dict):
            raise Transient(f"{url} answered something that is not a JSON object")
        return found

    def _connect(self) -> Zenpy:
        try:
            from zenpy import Zenpy
        except ImportError as error:
            raise MissingExtra("The Zendesk connector", "zendesk") from error
        self._session = ZendeskSession(self._config, self._context)
        subdomain, _, domain = self._session.host.partition(".")
        # Nothing is cached (stale objects), and nothing retried: backing off is the engine's business.
        return Zenpy(subdomain=subdomain, domain=domain or "zendesk.com", session=self._session, disable_cache=True)


class ZendeskSession(HttpSession):
    """The session zenpy works with. It raises our errors itself, before zenpy sees a refusal: zenpy would sleep through a 429,
    for ever, and fail on a fractional Retry-After."""

    authorized = True  # what zenpy looks for in a session that brings its own credentials

    def __init__(self, config: ZendeskConfig, context: Context) -> None:
        super().__init__()
        ours = context.http
        self.verify, self.cert, self.proxies, self.trust_env = ours.verify, ours.cert, ours.proxies, ours.trust_env
        self.host = config.base_url.split("://", 1)[1]
        self.auth = _auth(config, context)
        self._config = config
        self._context = context

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        with translated_errors():
            response = super().send(request, **options)
        self._refuse(response)
        return response

    def _refuse(self, response: requests.Response) -> None:
        status, place = response.status_code, response.url.split("?", 1)[0]
        if status < 400:
            return
        if status == 401:
            raise AuthError(f"Zendesk refused the credentials (401): {_advice(self._config)}")
        if status == 403:
            advice = f"{place} is closed to us (403): let the OAuth client act for an admin, with the scope read"
            raise PermissionMissing(_scope(place), advice)
        if status == 429:
            wait = retry_after(response.headers.get("Retry-After"), now=self._context.clock.now())
            raise RateLimited(wait, "Zendesk asks us to slow down (429): incremental exports allow 10 requests a minute")
        if status in (400, 404, 410, 422):
            raise NotThere(f"{place} answered {status}: check base_url, and that this Zendesk plan has the feature")
        raise_for_status(response)


class _ClientCredentials(AuthBase):
    """Signs requests with a token of the OAuth client, fetched when first needed and again, once a request, when refused."""

    def __init__(self, config: ZendeskConfig, context: Context) -> None:
        self._config = config
        self._context = context
        self._token: str | None = None

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        self._token = self._token or _fetch_token(self._config, self._context)
        request.headers["Authorization"] = f"Bearer {self._token}"
        request.register_hook("response", self._renew)  # type: ignore[no-untyped-call]  # the stubs leave it bare
        return request

    def _renew(self, response: requests.Response, **options: Any) -> requests.Response:
        request = response.request
        # A redirect may have led elsewhere: a new token is for nobody but Zendesk.
        if response.status_code != 401 or not str(request.url).startswith(self._config.base_url + "/"):
            return response
        response.content  # noqa: B018  # read, so that the connection can be used again
        response.close()
        self._token = _fetch_token(self._config, self._context)
        again = request.copy()
        again.headers["Authorization"] = f"Bearer {self._token}"
        answer: requests.Response = response.connection.send(again, **options)
        answer.history.append(response)
        answer.request = again
        return answer


class _Fixed(AuthBase):
    """Signs requests with a header that does not change."""

    def __init__(self, header: str) -> None:
        self._header = header

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._header
        return request


def _auth(config: ZendeskConfig, context: Context) -> AuthBase:
    if config.oauth_token is not None:
        return _Fixed(f"Bearer {config.oauth_token.get_secret_value()}")
    if config.api_token is not None:
        pair = f"{config.email}/token:{config.api_token.get_secret_value()}"
        return _Fixed("Basic " + base64.b64encode(pair.encode()).decode())
    return _ClientCredentials(config, context)


def _fetch_token(config: ZendeskConfig, context: Context) -> str:
    """Ask for an access token. Raises AuthError or ConfigError with advice."""
    assert config.client_id is not None  # the settings were checked when they were read
    assert config.client_secret is not None
    url = f"{config.base_url}/oauth/tokens"
    grant: Mapping[str, str] = {
        "grant_type": "client_credentials",
        "client_id": config.client_id,
        "client_secret": config.client_secret.get_secret_value(),
        "scope": config.scope,
    }
    with translated_errors():
        response = context.http.post(url, json=grant, allow_redirects=False)
    if 300 <= response.status_code < 400 or response.status_code == 404:  # followed, it would carry the secret elsewhere
        raise ConfigError("base_url", f"{url} is not a token endpoint; put https://<subdomain>.zendesk.com")
    if response.status_code in (400, 401, 403, 422):
        raise AuthError(f"Zendesk refused the log-in ({_code(response)}): {_advice(config)}")
    raise_for_status(response)
    try:
        return str(response.json()["access_token"])
    except (ValueError, KeyError, TypeError):
        raise ConfigError("base_url", f"{url} did not answer with a token; put https://<subdomain>.zendesk.com") from None


def _advice(config: ZendeskConfig) -> str:
    if config.api_token is not None:
        return "make an OAuth client and put its client_id and client_secret: Zendesk removes all API tokens on 2027-04-30"
    if config.oauth_token is not None:
        return "oauth_token is expired or revoked; put a new one, or a client_id and client_secret, which renew themselves"
    return "check client_id and client_secret in Admin Center (Apps and integrations > OAuth clients), and the client's user"


def _scope(place: str) -> str:
    found = re.search(r"/(tickets|users|organizations|satisfaction_ratings)\b", place)
    return f"{found[1]}:read" if found else "read"


def _code(response: requests.Response) -> str:
    """The OAuth error code of a refusal; not its description, which may repeat what was sent."""
    try:
        code = str(response.json().get("error"))
    except (ValueError, AttributeError):
        code = ""
    return code if re.fullmatch(r"[a-z_]{1,60}", code) else str(response.status_code)
