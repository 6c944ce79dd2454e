"""Talking to HubSpot: log-in, JSON in and out, and its refusals as our errors."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import requests

from accountpulse.connectors.hubspot.config import HubSpotConfig
from accountpulse.plugins import (
    AuthError,
    ConfigError,
    ConnectorError,
    Context,
    PermissionMissing,
    RateLimited,
    Transient,
    raise_for_status,
    retry_after,
    translated_errors,
)

Json = dict[str, Any]
QUOTA_PAUSE = timedelta(hours=1)  # until the account's midnight is known
BATCH_READ = 100
ASSOCIATIONS = 1000
_NO_ASSOCIATIONS = "crm.associations.NO_ASSOCIATIONS_FOUND"


class NotThere(ConnectorError):
    """HubSpot knows no such object or path (404). Never leaves this package as it is."""


class HubSpotClient:
    """One HubSpot account over plain HTTP. zone: its time zone, once known: the daily quota ends at midnight there."""

    def __init__(self, config: HubSpotConfig, context: Context) -> None:
        self._config = config
        self._context = context
        self._token = config.access_token.get_secret_value().strip() if config.access_token is not None else None
        self.zone: ZoneInfo | None = None

    def get(self, path: str, **params: str | int) -> Json:
        """A JSON object. Raises NotThere, AuthError, PermissionMissing, RateLimited or Transient."""
        return self._ask("GET", path, params=params)

    def post(self, path: str, body: Mapping[str, Any]) -> Json:
        """The JSON object that answers a question asked by POST. Raises as `get`."""
        return self._ask("POST", path, json=body)

    def associated(self, kind: str, to: str, ids: Sequence[str]) -> dict[str, list[Json]]:
        """What objects are associated with, by object id: `{"toObjectId", "associationTypes"}` each. Raises as `get`."""
        found: dict[str, list[Json]] = {}
        open_inputs: list[dict[str, str]] = [{"id": each} for each in ids]
        while open_inputs:
            answer = self.post(f"/crm/v4/associations/{kind}/{to}/batch/read", {"inputs": open_inputs[:ASSOCIATIONS]})
            open_inputs = open_inputs[ASSOCIATIONS:]
            for error in answer.get("errors") or ():
                # An object without any is told as an error among the answers; any other means that something is missing.
                if error.get("subCategory") != _NO_ASSOCIATIONS:
                    raise Transient(f"HubSpot gave only some of the associations of {kind} with {to}")
            for each in answer.get("results") or ():
                source = str((each.get("from") or {}).get("id"))
                known = found.setdefault(source, [])
                before = len(known)
                known.extend(each.get("to") or ())
                after = ((each.get("paging") or {}).get("next") or {}).get("after")
                if after is not None:
                    if len(known) == before:
                        raise Transient(f"HubSpot's associations of {kind} {source} have more, but did not move on")
                    open_inputs.append({"id": source, "after": str(after)})
        return found

    def batch(self, kind: str, ids: Sequence[str], properties: Sequence[str]) -> Iterator[Json]:
        """Objects by id; those that are no more are left out. Raises as `get`."""
        for start in range(0, len(ids), BATCH_READ):
            body = {"inputs": [{"id": each} for each in ids[start : start + BATCH_READ]], "properties": list(properties)}
            yield from self.post(f"/crm/v3/objects/{kind}/batch/read", body).get("results") or ()

    # -- requests ---------------------------------------------------------------------------------------------------------

    def _ask(self, method: str, path: str, **options: Any) -> Json:
        response = self._send(method, path, **options)
        if response.status_code == 401 and self._config.refresh_token is not None:
            self._token = None  # it lived its half hour
            response = self._send(method, path, **options)
        self._refuse(response, path)
        try:
            found = response.json()
        except ValueError as error:
            # A proxy's HTML page with status 200 is a passing fault, not data.
            raise Transient(f"HubSpot answered {path} with something that is not JSON") from error
        if not isinstance(found, dict):
            raise Transient(f"HubSpot answered {path} with something that is not a JSON object")
        return found

    def _send(self, method: str, path: str, **options: Any) -> requests.Response:
        if self._token is None:
            self._token = self._fetch_token()
        headers = {"Authorization": f"Bearer {self._token}"}
        with translated_errors():
            return self._context.http.request(
                method, self._config.base_url + path, headers=headers, allow_redirects=False, **options
            )

    def _refuse(self, response: requests.Response, path: str) -> None:
        status = response.status_code
        if 300 <= status < 400:  # followed, it would carry the token to another host
            raise ConfigError("base_url", f"{self._config.base_url} redirects elsewhere; put https://api.hubapi.com")
        if status == 401:
            raise AuthError(f"HubSpot refused the credentials (401): {self._advice()}")
        if status == 403:
            scope = _scope(response) or path
            raise PermissionMissing(scope, "give it to the app in HubSpot (its scopes), then put its new token")
        if status == 404:
            raise NotThere(f"HubSpot has no {path} (404)")
        if status == 429:
            raise self._slow_down(response)
        if status == 423:
            raise Transient(f"HubSpot has locked {path} for a moment (423)")
        raise_for_status(response)

    def _slow_down(self, response: requests.Response) -> RateLimited:
        now = self._context.clock.now()
        wait = retry_after(response.headers.get("Retry-After"), now=now)
        if str(_body(response).get("policyName")).upper() == "DAILY":
            advice = "HubSpot's requests of today are used up for this account's apps: sync less often, or raise the limit"
            return RateLimited(wait if wait is not None else self._until_midnight(now), advice)
        return RateLimited(wait, "HubSpot asks us to slow down (429)")

    def _until_midnight(self, now: datetime) -> timedelta:
        if self.zone is None:
            return QUOTA_PAUSE
        local = now.astimezone(self.zone)
        midnight = (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight - now

    def _fetch_token(self) -> str:
        """Ask for an access token. Raises AuthError or ConfigError with advice."""
        config = self._config
        assert config.client_secret is not None  # the settings were checked when they were read
        assert config.refresh_token is not None
        url = f"{config.base_url}/oauth/v1/token"
        grant = {
            "grant_type": "refresh_token",
            "client_id": config.client_id,
            "client_secret": config.client_secret.get_secret_value(),
            "refresh_token": config.refresh_token.get_secret_value(),
        }
        with translated_errors():
            response = self._context.http.post(url, data=grant, allow_redirects=False)
        if 300 <= response.status_code < 400 or response.status_code == 404:
            raise ConfigError("base_url", f"{url} is not a token endpoint; put https://api.hubapi.com")
        if response.status_code in (400, 401, 403):
            raise AuthError(f"HubSpot refused the log-in ({response.status_code}): {self._advice()}")
        if response.status_code == 429:
            raise self._slow_down(response)
        raise_for_status(response)
        try:
            return str(response.json()["access_token"])
        except (ValueError, KeyError, TypeError):
            raise ConfigError("base_url", f"{url} did not answer with a token; put https://api.hubapi.com") from None

    def _advice(self) -> str:
        if self._config.refresh_token is not None:
            return "check client_id and client_secret, and put a new refresh_token: the app may have been uninstalled"
        return "put the current access token of the private app into access_token (Settings > Integrations > Private apps)"


def _body(response: requests.Response) -> Json:
    try:
        found = response.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _scope(response: requests.Response) -> str | None:
    """The scopes that HubSpot says are missing; any one of them is enough. What it writes else is not quoted."""
    for error in _body(response).get("errors") or ():
        context = error.get("context") if isinstance(error, dict) else None
        scopes = context.get("requiredGranularScopes") or context.get("requiredScopes") if isinstance(context, dict) else None
        named = [each for each in scopes or () if re.fullmatch(r"[a-zA-Z._-]{1,80}", str(each))]
        if named:
            return " or ".join(named)
    return None
