"""Is a pushed request from whom it says: signatures by a shared secret (HMAC), and when they were made."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

from pydantic import SecretStr

from accountpulse.core.errors import AuthError

TOLERANCE = timedelta(minutes=5)


def require_signature(
    payload: bytes,
    signature: str | None,
    secrets: Iterable[SecretStr],
    *,
    header: str,
    encoding: Literal["base64", "hex"],
    digest: Literal["sha256", "sha1"] = "sha256",
) -> None:
    """Raise AuthError unless one of the secrets signed the payload.

    payload: what the vendor signs, from the raw body. signature: as sent, without what the vendor writes before it; None where
    the header is missing. header: its name, for people. secrets: the connection's `webhook_secrets`, several while one is
    changed; empty ones count for nothing. digest: what the vendor signs with; SHA-1 is broken as a hash, not within an HMAC.
    """
    known = [text for each in secrets if (text := each.get_secret_value().strip())]
    if not known:
        raise AuthError("this connection takes no webhooks: put the webhook's signing secret into webhook_secrets")
    if not signature:
        raise AuthError(f"the request is not signed: it needs the header {header}")
    given = signature.strip().encode("utf-8", "surrogatepass")
    given = given.lower() if encoding == "hex" else given
    digests = (hmac.new(secret.encode(), payload, digest) for secret in known)
    # Each is compared, in constant time, so that the time taken tells nothing.
    right = [
        hmac.compare_digest(given, base64.b64encode(each.digest()) if encoding == "base64" else each.hexdigest().encode())
        for each in digests
    ]
    if not any(right):
        raise AuthError(f"the signature in {header} is not of any of this connection's webhook_secrets")


def require_recent(signed_at: datetime, now: datetime) -> None:
    """Raise AuthError for a signature made more than five minutes before or after now: somebody may be repeating a request."""
    if abs(now - signed_at) > TOLERANCE:
        minutes = TOLERANCE.seconds // 60
        raise AuthError(f"the signature is more than {minutes} minutes old or ahead: check the clocks of sender and server")
