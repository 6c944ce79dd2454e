"""What an operator decides about the API. `accountpulse.yaml` says it under `server`; these are the defaults."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

Trusted = Literal["off", "allow", "enforce"]
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""What a token's signature may be made with: public keys only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """An OpenID Connect provider to believe, and what its tokens must say.

    issuer, audience: of tokens for us; any of several audiences. jwks_url: where its keys are; None: where its own description
    says, at `/.well-known/openid-configuration` below the issuer. algorithms: of `ALGORITHMS`. clock_skew: how far its clock
    and ours may differ. keys_kept: how long its keys are. Names of claims: name, who it is for people; scopes, a list or text
    with spaces, of which `scope_prefix` and what tokens may do count; rows, the claims that say which owners, segments and
    regions may be seen: a token without one that is named here is refused, and `*` is all.
    """

    issuer: str
    audience: tuple[str, ...]
    jwks_url: str | None = None
    algorithms: tuple[str, ...] = ("RS256",)
    clock_skew: timedelta = timedelta(seconds=60)
    keys_kept: timedelta = timedelta(hours=1)
    name: str = "sub"
    scopes: str = "scope"
    scope_prefix: str = ""
    rows: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """cors_origins: the web pages that may ask from elsewhere, such as https://app.example; `*` for any.

    max_cost: of one query. bucket, refill: the points that a token can save up, and gets back in a second. timeout: the seconds
    that a query may take. trusted: `off` takes any document, `allow` also those named by `documentId`, `enforce` only those.
    documents: the trusted ones, by their `digest_of`. provider: whose tokens are taken beside our own.
    """

    cors_origins: tuple[str, ...] = ()
    max_cost: int = 1_000_000
    bucket: int = 2_000_000
    refill: int = 50_000
    timeout: float = 30.0
    trusted: Trusted = "off"
    documents: Mapping[str, str] = field(default_factory=dict, repr=False)
    provider: Provider | None = None

    def refuses(self, document: str) -> bool:
        """Whether a document's text may not be asked for, as only trusted ones are taken and it is none."""
        return self.trusted == "enforce" and digest_of(document) not in self.documents


def digest_of(document: str) -> str:
    """The SHA-256 of a document's text in UTF-8, in hexadecimal: what a trusted document is known by."""
    return hashlib.sha256(document.encode(errors="surrogatepass")).hexdigest()
