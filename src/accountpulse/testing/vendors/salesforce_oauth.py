"""The token endpoint's checks of the simulated Salesforce: the secret, the password, the assertion's signature and claims."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from accountpulse.testing.vendors.control import Answer, Call

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import rsa

LONGEST = timedelta(minutes=3)
_AUDIENCES = ("https://login.salesforce.com", "https://test.salesforce.com")
_REFUSALS = {
    "client": ("invalid_client", "invalid client credentials"),
    "grant": ("invalid_grant", "authentication failure"),
    "inactive": ("invalid_grant", "inactive user"),
    "audience": ("invalid_grant", "audience is invalid"),
    "expired": ("invalid_grant", "expired authorization code"),
    "kind": ("unsupported_grant_type", "grant type not supported"),
}


def refused(call: Call, known: Mapping[str, str], base_url: str, now: datetime, *, revoked: bool) -> Answer | None:
    """The refusal of a token request, or None when it deserves a token. known: what the org expects."""
    checks: dict[str, Callable[[], str | None]] = {
        "client_credentials": lambda: _client(call, known),
        "password": lambda: _client(call, known) or _password(call, known),
        "urn:ietf:params:oauth:grant-type:jwt-bearer": lambda: _assertion(call, known, (*_AUDIENCES, base_url), now),
    }
    check = checks.get(call.form.get("grant_type", ""))
    problem = "kind" if check is None else check() or ("inactive" if revoked else None)
    if problem is None:
        return None
    code, message = _REFUSALS[problem]
    return Answer({"error": code, "error_description": message}, 400)


@cache
def _key() -> rsa.RSAPrivateKey:
    from cryptography.hazmat.primitives.asymmetric import rsa  # comes with the extra `salesforce`, the kit without one

    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def private_key() -> str:
    """The key that the org's app trusts, as PEM. One for the process: making it takes a moment."""
    from cryptography.hazmat.primitives import serialization

    form, no_password = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return _key().private_bytes(serialization.Encoding.PEM, form, no_password).decode()


def _client(call: Call, known: Mapping[str, str]) -> str | None:
    key, secret = call.form.get("client_id"), call.form.get("client_secret")
    scheme, _, encoded = call.headers.get("authorization", "").partition(" ")
    if scheme == "Basic":
        try:
            key, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return "client"
    return None if (key, secret) == (known["consumer_key"], known["consumer_secret"]) else "client"


def _password(call: Call, known: Mapping[str, str]) -> str | None:
    given = (call.form.get("username"), call.form.get("password"))
    return None if given == (known["username"], known["password"]) else "grant"


def _assertion(call: Call, known: Mapping[str, str], audiences: tuple[str, ...], now: datetime) -> str | None:
    import jwt

    # The vendor's clock tells whether it has expired, not the machine's.
    options = {"verify_exp": False, "verify_aud": False, "require": ["iss", "sub", "aud", "exp"]}
    try:
        claims = jwt.decode(call.form.get("assertion", ""), _key().public_key(), algorithms=["RS256"], options=options)  # type: ignore[arg-type]  # a typed dict of the library's own
        left = float(claims["exp"]) - now.timestamp()
    except (jwt.PyJWTError, TypeError, ValueError):
        return "grant"
    if (claims["iss"], claims["sub"]) != (known["consumer_key"], known["username"]):
        return "grant"
    if claims["aud"] not in audiences:
        return "audience"
    return None if 0 < left <= LONGEST.total_seconds() else "expired"
