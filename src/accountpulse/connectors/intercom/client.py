"""Talking to Intercom: plain HTTP under a pinned version of its API, with refusals as our errors."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from accountpulse.connectors.intercom.config import IntercomConfig
from accountpulse.plugins import (
    AuthError,
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
VERSION = "2.14"  # answers have the shape of this version, whatever the workspace's own default is
_AT_LEAST = timedelta(seconds=1)
_LONGEST_WINDOW = timedelta(minutes=1)


class Refused(ConnectorError):
    """Intercom will not answer this request (400, 404, 409, 422). `code` is its own word for why, "" where it gave none.

    Never leaves this package as it is.
    """

    def __init__(self, place: str, status: int, code: str) -> None:
        super().__init__(f"{place} answered {status}{f' ({code})' if code else ''}")
        self.status = status
        self.code = code


class IntercomClient:
    """One Intercom workspace, in raw JSON."""

    def __init__(self, config: IntercomConfig, context: Context) -> None:
        self._config = config
        self._context = context

    def get(self, path: str, **params: str) -> Json:
        """A JSON object. Raises Refused, AuthError, PermissionMissing, RateLimited or Transient."""
        return self._ask("GET", path, params=params)

    def search(self, collection: str, body: Json) -> Json:
        """A page of a search. Raises as `get` does."""
        return self._ask("POST", f"{collection}/search", json=body)

    def _ask(self, method: str, path: str, **how: Any) -> Json:
        url = f"{self._config.base_url}/{path}"
        headers = {
            "Authorization": f"Bearer {self._config.token.get_secret_value().strip()}",
            "Accept": "application/json",
            "Intercom-Version": VERSION,
        }
        with translated_errors():
            response = self._context.http.request(method, url, headers=headers, allow_redirects=False, **how)
        self._refuse(response, url)
        try:
            found = response.json()
        except ValueError:
            # A proxy's HTML page with status 200 is a passing fault, not data.
            raise Transient(f"{url} answered something that is not JSON") from None
        if not isinstance(found, dict):
            raise Transient(f"{url} answered something that is not a JSON object")
        return found

    def _refuse(self, response: requests.Response, url: str) -> None:
        status = response.status_code
        if status < 300:
            return
        if status == 401:
            raise AuthError("Intercom refused the token (401): put a current access token of your app into token")
        if status == 403:
            raise PermissionMissing(_scope(url), f"{url} is closed to this token (403): give the app the permission to read it")
        if status == 429:
            raise RateLimited(self._wait(response), "Intercom asks us to slow down (429): its limits are by 10 seconds")
        if status in (408, 425) or status >= 500:
            raise_for_status(response)
        raise Refused(url, status, _code(response))

    def _wait(self, response: requests.Response) -> timedelta | None:
        """How long a 429 lasts: Retry-After, else X-RateLimit-Reset, the instant at which the window of ten seconds ends."""
        now = self._context.clock.now()
        told = retry_after(response.headers.get("Retry-After"), now=now)
        if told is not None:
            return told
        try:
            reset = datetime.fromtimestamp(int(response.headers["X-RateLimit-Reset"]), UTC)
        except (KeyError, ValueError, OverflowError, OSError):
            return None
        # By their clock, so a wrong one of ours must not make it hours.
        return min(max(reset - now, _AT_LEAST), _LONGEST_WINDOW)


def _scope(url: str) -> str:
    return "Read conversations" if "/conversations" in url else "Read users and companies"


def _code(response: requests.Response) -> str:
    """Intercom's word for a refusal; not its message, which may repeat what was sent."""
    try:
        code = str(response.json()["errors"][0]["code"])
    except (ValueError, LookupError, TypeError):
        code = ""
    return code if re.fullmatch(r"[a-z_]{1,60}", code) else ""
