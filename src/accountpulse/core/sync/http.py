"""An HTTP session whose answers are either good or one of our errors, so that every connector treats faults alike."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests

from accountpulse.core.errors import AuthError, ConnectorError, PermissionMissing, RateLimited, Transient

CONNECT_TIMEOUT = 10.0
READ_TIMEOUT = 60.0


class TimeoutAdapter(requests.adapters.HTTPAdapter):
    """Gives every request a time-out: requests itself waits for ever."""

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        if options.get("timeout") is None:
            options["timeout"] = (CONNECT_TIMEOUT, READ_TIMEOUT)
        return super().send(request, **options)


class HttpSession(requests.Session):
    """A `requests.Session` with time-outs and without retries: backing off is the engine's business."""

    def __init__(self) -> None:
        super().__init__()
        self.headers["User-Agent"] = "AccountPulse"
        self.mount("https://", TimeoutAdapter())
        self.mount("http://", TimeoutAdapter())

    def get_json(self, url: str, *, params: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None) -> Any:
        """GET a JSON document. Raises AuthError, PermissionMissing, RateLimited, Transient or ConnectorError."""
        with translated_errors():
            response = self.get(url, params=params, headers=headers)
        raise_for_status(response)
        try:
            return response.json()
        except ValueError as error:
            # A proxy's HTML page with status 200 is a passing fault, not data.
            raise Transient(f"{_place(response)} answered something that is not JSON") from error


class translated_errors:  # reads as a statement: `with translated_errors():`
    """Turns what `requests` raises about the network into Transient."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, requests.Timeout):
            raise Transient(f"{_host(error)} did not answer in time") from error
        if isinstance(error, (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
            raise Transient(
                f"{_host(error)} could not be reached ({_why(error)}): check base_url, the network and any proxy"
            ) from error


def _host(error: requests.RequestException) -> str:
    """Whom the request was for; without path and query, which may hold tokens."""
    request = error.request
    return (urlsplit(request.url or "").netloc.rpartition("@")[2] if request is not None else "") or "the vendor"


def _why(error: requests.RequestException) -> str:
    """What happened on the way, in a few words."""
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not trusted"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy refused"
    text = repr(error)
    for sign, words in (
        ("NameResolution", "there is no such name"),
        ("refused", "nothing listens there"),
        ("reset", "the connection was cut"),
    ):
        if sign in text:
            return words
    return "the connection failed"


def raise_for_status(response: requests.Response) -> None:
    """Raise the error that fits an HTTP status; return for 2xx. The body is not quoted: it may repeat credentials."""
    status = response.status_code
    if status < 400:
        return
    place = _place(response)
    if status == 401:
        raise AuthError(f"{place} refused the credentials (401): renew them in the configuration")
    if status == 403:
        raise PermissionMissing(place, "the credentials work, but lack access here (403)")
    if status == 429:
        raise RateLimited(retry_after(response.headers.get("Retry-After")), f"{place} asks us to slow down (429)")
    if status in (408, 425) or status >= 500:
        raise Transient(f"{place} failed ({status})")
    raise ConnectorError(f"{place} answered {status}")


def retry_after(header: str | None, now: datetime | None = None) -> timedelta | None:
    """Read a Retry-After header: seconds (fractions included) or an HTTP date. None when absent or unreadable."""
    if not header:
        return None
    try:
        seconds = float(header)
        return timedelta(seconds=max(0.0, seconds)) if math.isfinite(seconds) else None
    except OverflowError:
        return None
    except ValueError:
        pass
    try:
        at = parsedate_to_datetime(header)
    except (ValueError, TypeError):
        return None
    # The date format's "-0000" means UTC of an unknown place, and is read as a naive time.
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return max(timedelta(0), at - (now or datetime.now(UTC)))


def _place(response: requests.Response) -> str:
    # Without the query: it may hold tokens.
    return response.url.split("?", 1)[0]
