"""Viewers whom an OpenID Connect provider vouches for: its signed tokens (JWT), checked against the keys that it publishes.

Only signatures by public keys are taken: a token can't say `none`, nor be checked with a public key as a shared secret. The
keys are fetched once and kept; a key that is not known yet is looked for again, but not more often than every 30 seconds, so
that made-up tokens don't have the provider asked without end.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread

from accountpulse.core.clock import Clock
from accountpulse.core.errors import AccountPulseError, MissingExtra, Unauthorized
from accountpulse.core.store.scope import RowScope
from accountpulse.core.store.tokens import SCOPES, Viewer

if TYPE_CHECKING:
    from jwt import PyJWKClient

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""What a signature may be made with."""
ALL = "*"
"""The value of a claim of owners, segments or regions that does not limit."""
MOST_KEPT = 1_000
KEPT_FOR = timedelta(minutes=5)
"""So long a token that was found good is not checked again: a provider that takes back a key is believed after that."""
LONGEST = 16_000


class ProviderDown(AccountPulseError):
    """The provider's keys can't be had: nobody can tell whether a token is good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """Whom to believe, and what its tokens must say.

    issuer, audience: of tokens for us; any of several audiences. jwks_url: where its keys are. algorithms: of `ALGORITHMS`.
    clock_skew: how far its clock and ours may differ. keys_kept: how long its keys are. Names of claims: name, who it is for
    people; scopes, a list or text with spaces, of which `scope_prefix` and what tokens may do count; rows, the claims that say
    which owners, segments and regions may be seen: a token without one that is named here is refused, and `*` is all.
    """

    issuer: str
    audience: tuple[str, ...]
    jwks_url: str
    algorithms: tuple[str, ...] = ("RS256",)
    clock_skew: timedelta = timedelta(seconds=60)
    keys_kept: timedelta = timedelta(hours=1)
    name: str = "sub"
    scopes: str = "scope"
    scope_prefix: str = ""
    rows: Mapping[str, str] = field(default_factory=dict)


class Oidc:
    """Checks tokens of one provider. threads: bounds how many are checked at once. Raises MissingExtra without `oidc`."""

    def __init__(self, provider: Provider, clock: Clock, threads: anyio.CapacityLimiter) -> None:
        try:
            from jwt import PyJWKClient
        except ImportError as error:
            raise MissingExtra("server.oidc", "oidc") from error
        self._provider, self._clock, self._threads = provider, clock, threads
        self._keys: PyJWKClient = PyJWKClient(provider.jwks_url, lifespan=provider.keys_kept.total_seconds(), timeout=10)
        self._good: OrderedDict[str, tuple[datetime, Viewer]] = OrderedDict()

    async def viewer(self, token: str) -> Viewer:
        """Whom a token is about. Raises Unauthorized for one that is not good, ProviderDown where that can't be told."""
        now = self._clock.now()
        until, viewer = self._good.get(token, (now, None))
        if viewer is not None and now < until:
            return viewer
        viewer = await anyio.to_thread.run_sync(self._checked, token, now, limiter=self._threads)
        assert viewer.expires_at is not None
        self._good[token] = min(viewer.expires_at, now + KEPT_FOR), viewer
        self._good.move_to_end(token)
        if len(self._good) > MOST_KEPT:
            self._good.popitem(last=False)
        return viewer

    def _checked(self, token: str, now: datetime) -> Viewer:
        claims = self._claims(token)
        skew = self._provider.clock_skew
        ends = _instant(claims, "exp") + skew
        if ends <= now:
            raise Unauthorized("the token has expired; sign in again")
        if "nbf" in claims and _instant(claims, "nbf") - skew > now:
            raise Unauthorized("the token is not valid yet; compare the clocks of this server and of the identity provider")
        subject = str(claims["sub"])
        return Viewer(
            name=str(claims.get(self._provider.name) or subject),
            prefix=f"oidc:{subject}",
            scopes=self._scopes(claims),
            rows=self._rows(claims),
            expires_at=ends,
        )

    def _claims(self, token: str) -> dict[str, Any]:
        import jwt

        provider = self._provider
        try:
            header = jwt.get_unverified_header(token) if len(token) <= LONGEST else {}
        except jwt.PyJWTError:
            raise Unauthorized("it is neither a token of AccountPulse nor one of the identity provider") from None
        kid = header.get("kid")
        # Before anything is fetched for it.
        if header.get("alg") not in provider.algorithms or not isinstance(kid, str):
            raise Unauthorized(f"the token must name its key (kid), and be signed with {' or '.join(provider.algorithms)}")
        try:
            key = self._keys.get_signing_key(kid)
        except jwt.PyJWKClientConnectionError:
            raise ProviderDown("the identity provider's keys can't be read now; try again") from None
        except (jwt.PyJWKClientError, jwt.PyJWKSetError, ValueError):
            raise Unauthorized("the token is signed with a key that the identity provider does not publish") from None
        try:
            # Times are compared by our own clock.
            return jwt.decode(
                token,
                key,
                algorithms=list(provider.algorithms),
                audience=provider.audience,
                issuer=provider.issuer,
                options={
                    "require": ["exp", "iss", "aud", "sub"],
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except jwt.InvalidIssuerError:
            raise Unauthorized("the token is of another issuer than the one that is configured") from None
        except jwt.InvalidAudienceError:
            raise Unauthorized("the token is meant for another audience than this server") from None
        except jwt.MissingRequiredClaimError as error:
            raise Unauthorized(f"the token lacks the claim {error.claim}") from None
        except jwt.PyJWTError:
            raise Unauthorized("the token's signature is wrong") from None

    def _scopes(self, claims: Mapping[str, Any]) -> frozenset[str]:
        said = claims.get(self._provider.scopes) or ()
        words = said.split() if isinstance(said, str) else [word for word in said if isinstance(word, str)]
        prefix = self._provider.scope_prefix
        return frozenset(SCOPES).intersection(word.removeprefix(prefix) for word in words if word.startswith(prefix))

    def _rows(self, claims: Mapping[str, Any]) -> RowScope:
        limits: dict[str, frozenset[str]] = {}
        for dimension, claim in self._provider.rows.items():
            said = claims.get(claim)
            values = [said] if isinstance(said, str) else said
            if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
                raise Unauthorized(f"the token lacks the claim {claim}, which says which {dimension} may be seen")
            if ALL not in values:
                limits[dimension] = frozenset(values)
        return RowScope.of_json(limits)


def _instant(claims: Mapping[str, Any], name: str) -> datetime:
    try:
        return datetime.fromtimestamp(float(claims[name]), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        raise Unauthorized(f"the token's claim {name} is no time") from None
