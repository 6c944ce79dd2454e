"""The keys that an identity provider publishes: found, kept, read again when they change, and asked for sparingly.

A key that is not known is looked for at the provider, but not more often than every `UNKNOWN_PAUSE`, so that made-up tokens
don't have it asked without end; and while it can't be read, not more often than every `FAILED_PAUSE`, so that nobody waits for
it who could be told at once. Used on one event loop; only reading is done in a thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread

from accountpulse.core.errors import AccountPulseError, Unauthorized
from accountpulse.graphql.errors import log
from accountpulse.graphql.settings import Provider

if TYPE_CHECKING:
    from jwt import PyJWK

UNKNOWN_PAUSE = 30.0
"""Seconds after which a key that is still not known is looked for again."""
FAILED_PAUSE = 5.0
"""Seconds after which a provider that could not be read is tried again."""
TIMEOUT = 5.0
"""Seconds that the provider has for an answer."""


class ProviderDown(AccountPulseError):
    """The provider's keys can't be had: nobody can tell whether a token is good."""


class _Unreadable(Exception):
    """Why the keys could not be read."""


class ProviderKeys:
    """The keys of one provider. clock: seconds that only go forward.

    Keys are believed for `keys_kept` after they were read, and read again from half of that on: a provider that is away for
    less than the other half is missed by nobody whose key is known.
    """

    def __init__(self, provider: Provider, clock: Callable[[], float] = time.monotonic) -> None:
        self._provider, self._clock = provider, clock
        self._kept = provider.keys_kept.total_seconds()
        self._keys: Mapping[str, PyJWK] = {}
        self._read_at: float | None = None
        self._tried_at: float | None = None
        self._failure: str | None = None
        # One reads for all, and holds up no thread that reads the store.
        self._one = anyio.CapacityLimiter(1)

    async def get(self, kid: str) -> PyJWK:
        """The key of a name. Raises Unauthorized where the provider has none of it, ProviderDown where that can't be told."""
        if (known := self._known(kid)) is not None and not self._due():
            return known
        async with self._one:
            if self._may_try(known is not None):
                await self._read()
        if (found := self._known(kid)) is not None:
            return found
        if self._failure is not None or self._age() >= self._kept:
            raise ProviderDown("the identity provider's keys can't be read now; try again")
        raise Unauthorized("the token is signed with a key that the identity provider does not publish")

    def _age(self) -> float:
        return float("inf") if self._read_at is None else self._clock() - self._read_at

    def _known(self, kid: str) -> PyJWK | None:
        return self._keys.get(kid) if self._age() < self._kept else None

    def _due(self) -> bool:
        return self._age() >= self._kept / 2 and self._may_try(known=True)

    def _may_try(self, known: bool) -> bool:
        """Whether the provider may be asked. known: the key is, so that only age is a reason."""
        since = float("inf") if self._tried_at is None else self._clock() - self._tried_at
        if self._failure is not None:
            return since >= FAILED_PAUSE
        return self._age() >= self._kept / 2 if known else since >= min(UNKNOWN_PAUSE, self._kept)

    async def _read(self) -> None:
        self._tried_at = self._clock()  # whoever comes meanwhile, and knows its key, need not wait
        try:
            self._keys = await anyio.to_thread.run_sync(_read, self._provider)
        except _Unreadable as error:
            if self._failure is None:
                log.warning("the identity provider %s can't be read: %s", self._provider.issuer, error)
            self._failure = str(error)
        else:
            if self._failure is not None:
                log.warning("the identity provider %s can be read again", self._provider.issuer)
            self._failure, self._read_at = None, self._clock()
        finally:
            self._tried_at = self._clock()


def _read(provider: Provider) -> Mapping[str, PyJWK]:
    """The keys for signatures, by name. Raises _Unreadable."""
    import jwt

    published = _fetched(provider.jwks_url or _discovered(provider))
    try:
        keys = jwt.PyJWKSet.from_dict(published).keys
    except Exception:  # whatever a provider publishes, and a library of ciphers makes of it
        raise _Unreadable("it publishes no keys that can be used") from None
    return {key.key_id: key for key in keys if key.key_id and key.public_key_use in ("sig", None)}


def _discovered(provider: Provider) -> str:
    """Where the provider's own description says that its keys are."""
    told = _fetched(provider.issuer.rstrip("/") + "/.well-known/openid-configuration")
    if told.get("issuer") != provider.issuer:
        # As OpenID Connect Discovery 4.3 has it: else one issuer could speak for another.
        raise _Unreadable("its description is of another issuer than the one that is configured")
    url = told.get("jwks_uri")
    secure = "https://" if provider.issuer.startswith("https://") else ("https://", "http://")
    if not isinstance(url, str) or not url.startswith(secure):
        raise _Unreadable("its description names no jwks_uri that begins with https://")
    return url


def _fetched(url: str) -> dict[str, Any]:
    from jwt import PyJWKClient, PyJWTError

    try:
        found: dict[str, Any] = PyJWKClient(url, cache_jwk_set=False, timeout=TIMEOUT).fetch_data()
    except (PyJWTError, ValueError, OSError) as error:
        reason = error.__cause__ or error
        status = getattr(reason, "code", None)
        raise _Unreadable(f"{url} answered {status}" if status else f"{url} gave no JSON") from None
    return found
