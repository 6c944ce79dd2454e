"""The HTTP session that simple-salesforce works with: plain http on request, 429 as our error, the daily allowance watched."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import requests

from accountpulse.plugins import HttpSession, RateLimited, TimeoutAdapter, retry_after

# The allowance is counted over a rolling 24 hours, so some of it comes back every hour.
QUOTA_PAUSE = timedelta(hours=1)


class SalesforceSession(HttpSession):
    """Raises the 429 itself, for the SDK's exceptions hold no headers, and keeps what `Sforce-Limit-Info` says.

    used, allowed: API requests of the whole organisation in the last 24 hours, after the latest answer; None before the first.
    """

    def __init__(self) -> None:
        super().__init__()
        self.used: int | None = None
        self.allowed: int | None = None

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        response = super().send(request, **options)
        stated = re.search(r"api-usage=(\d+)/(\d+)", response.headers.get("Sforce-Limit-Info", ""))
        if stated is not None:
            self.used, self.allowed = int(stated[1]), int(stated[2])
        if response.status_code == 429:
            wait = retry_after(response.headers.get("Retry-After"))
            raise RateLimited(wait, "Salesforce asks us to slow down (429)")
        return response

    def leave_some(self, share: float) -> None:
        """Raise RateLimited, with a long pause, once the organisation has used this share of its allowance."""
        if self.used is not None and self.allowed and self.used >= share * self.allowed:
            raise RateLimited(
                QUOTA_PAUSE,
                f"the organisation has used {self.used} of its {self.allowed} daily API requests, and the rest is left to its "
                f"other uses (request_share: {share:g})",
            )


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
