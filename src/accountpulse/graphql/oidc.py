"""Viewers whom an OpenID Connect provider vouches for: its signed tokens (JWT), checked against the keys that it publishes.

Only signatures by public keys are taken: a token can't say `none`, nor be checked with a public key as a shared secret.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread

from accountpulse.core.clock import Clock
from accountpulse.core.errors import MissingExtra, Unauthorized
from accountpulse.core.store.scope import RowScope
from accountpulse.core.store.tokens import SCOPES, VOUCHED, Viewer
from accountpulse.graphql.provider_keys import ProviderKeys
from accountpulse.graphql.settings import Provider

if TYPE_CHECKING:
    from jwt import PyJWK

ALL = "*"
"""The value of a claim of owners, segments or regions that does not limit."""
MOST_KEPT = 1_000
KEPT_FOR = timedelta(minutes=5)
"""So long a token that was found good is not checked again: a provider that takes back a key is believed after that."""
LONGEST = 16_000


class Oidc:
    """Checks tokens of one provider. threads: bounds how many are checked at once. Raises MissingExtra without `oidc`."""

    def __init__(self, provider: Provider, clock: Clock, threads: anyio.CapacityLimiter) -> None:
        try:
            import jwt  # noqa: F401
        except ImportError as error:
            raise MissingExtra("server.oidc", "oidc") from error
        self._provider, self._clock, self._threads = provider, clock, threads
        self._keys = ProviderKeys(provider)
        self._good: OrderedDict[str, tuple[datetime, Viewer]] = OrderedDict()

    async def viewer(self, token: str) -> Viewer:
        """Whom a token is about. Raises Unauthorized for one that is not good, ProviderDown where that can't be told."""
        now = self._clock.now()
        until, viewer = self._good.get(token, (now, None))
        if viewer is not None and now < until:
            return viewer
        key = await self._keys.get(self._key_name(token))
        viewer = await anyio.to_thread.run_sync(self._checked, token, key, now, limiter=self._threads)
        assert viewer.expires_at is not None
        self._good[token] = min(viewer.expires_at, now + KEPT_FOR), viewer
        self._good.move_to_end(token)
        if len(self._good) > MOST_KEPT:
            self._good.popitem(last=False)
        return viewer

    def _key_name(self, token: str) -> str:
        """The key that a token says it is signed with. Raises Unauthorized before anything is fetched for it."""
        import jwt

        try:
            header = jwt.get_unverified_header(token) if len(token) <= LONGEST else {}
        except jwt.PyJWTError:
            raise Unauthorized("it is neither a token of AccountPulse nor one of the identity provider") from None
        kid, algorithms = header.get("kid"), self._provider.algorithms
        if header.get("alg") not in algorithms or not isinstance(kid, str):
            raise Unauthorized(f"the token must name its key (kid), and be signed with {' or '.join(algorithms)}")
        return kid

    def _checked(self, token: str, key: PyJWK, now: datetime) -> Viewer:
        claims = self._claims(token, key)
        skew = self._provider.clock_skew
        ends = _instant(claims, "exp") + skew
        if ends <= now:
            raise Unauthorized("the token has expired; sign in again")
        if "nbf" in claims and _instant(claims, "nbf") - skew > now:
            raise Unauthorized("the token is not valid yet; compare the clocks of this server and of the identity provider")
        subject = str(claims["sub"])
        return Viewer(
            name=str(claims.get(self._provider.name) or subject),
            prefix=f"{VOUCHED}{subject}",
            scopes=self._scopes(claims),
            rows=self._rows(claims),
            expires_at=ends,
        )

    def _claims(self, token: str, key: PyJWK) -> dict[str, Any]:
        import jwt

        provider = self._provider
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
