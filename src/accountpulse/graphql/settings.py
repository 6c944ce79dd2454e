"""What an operator decides about the API. `accountpulse.yaml` says it under `server`; these are the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from accountpulse.graphql.oidc import Provider

Trusted = Literal["off", "allow", "enforce"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """cors_origins: the web pages that may ask from elsewhere, such as https://app.example; `*` for any.

    max_cost: of one query. bucket, refill: the points that a token can save up, and gets back in a second. timeout: the seconds
    that a query may take. trusted: `off` takes any document, `allow` also those named by `documentId`, `enforce` only those.
    documents: the trusted ones, by the SHA-256 of their text, in hexadecimal. oidc: whose tokens are taken beside our own.
    """

    cors_origins: tuple[str, ...] = ()
    max_cost: int = 1_000_000
    bucket: int = 2_000_000
    refill: int = 50_000
    timeout: float = 30.0
    trusted: Trusted = "off"
    documents: Mapping[str, str] = field(default_factory=dict)
    oidc: Provider | None = None
