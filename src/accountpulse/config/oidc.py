"""The `server.oidc` block: the identity provider whose tokens the API takes beside its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from accountpulse.core.scoring.problems import Path, Reader

KEYS = ("algorithms", "clock_skew_seconds", "keys_kept_seconds", "claims", "scope_prefix")
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
DIMENSIONS = ("owners", "segments", "regions")
LOOPBACK = re.compile(r"http://(127\.0\.0\.1|localhost|\[::1\])[:/]")


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcSettings:
    """The identity provider, see docs/configuration.md. claims: the names of those that say name, scopes and the rows.

    rows: the claims of owners, segments and regions; one that is not named here limits nobody.
    """

    issuer: str
    audience: tuple[str, ...]
    jwks_url: str
    algorithms: tuple[str, ...] = ("RS256",)
    clock_skew_seconds: float = 60.0
    keys_kept_seconds: float = 3_600.0
    name: str = "sub"
    scopes: str = "scope"
    scope_prefix: str = ""
    rows: Mapping[str, str] = field(default_factory=dict)


def read_oidc(data: object, reader: Reader) -> OidcSettings | None:
    """The block's settings; None without one. What is wrong is noted with the reader."""
    path: Path = ("server", "oidc")
    if data is None:
        return None
    block = reader.mapping(data, path, required=("issuer", "audience", "jwks_url"), optional=KEYS)
    if block is None or not {"issuer", "audience", "jwks_url"} <= block.keys():
        return None
    issuer = reader.text(block["issuer"], (*path, "issuer"), "the issuer as its tokens name it, such as https://login.example")
    jwks_url = reader.text(block["jwks_url"], (*path, "jwks_url"), "the address of its keys")
    if jwks_url is not None and not (jwks_url.startswith("https://") or LOOPBACK.match(jwks_url)):
        # Whoever can change the keys on their way can be anybody.
        reader.wrong((*path, "jwks_url"), jwks_url, "an address that begins with https://")
    audience = block["audience"]
    audiences = _texts([audience] if isinstance(audience, str) else audience, (*path, "audience"), "audience", reader)
    algorithms = [
        reader.choice(name, (*path, "algorithms", i), ALGORITHMS, "algorithm")
        for i, name in enumerate(reader.items(block.get("algorithms", ["RS256"]), (*path, "algorithms"), "algorithm") or [])
    ]
    skew = reader.number(block.get("clock_skew_seconds", 60), (*path, "clock_skew_seconds"), 0, 600)
    kept = reader.number(block.get("keys_kept_seconds", 3_600), (*path, "keys_kept_seconds"), 10, 86_400)
    claims = reader.mapping(block.get("claims", {}), (*path, "claims"), optional=("name", "scopes", *DIMENSIONS)) or {}
    named = {key: reader.text(value, (*path, "claims", key), "the name of a claim") for key, value in claims.items()}
    return OidcSettings(
        issuer=issuer or "",
        audience=audiences,
        jwks_url=jwks_url or "",
        algorithms=tuple(name for name in algorithms if name),
        clock_skew_seconds=60.0 if skew is None else skew,
        keys_kept_seconds=kept or 3_600.0,
        name=named.get("name") or "sub",
        scopes=named.get("scopes") or "scope",
        scope_prefix=reader.text(block["scope_prefix"], (*path, "scope_prefix")) or "" if "scope_prefix" in block else "",
        rows={dimension: claim for dimension in DIMENSIONS if (claim := named.get(dimension))},
    )


def _texts(data: object, path: Path, what: str, reader: Reader) -> tuple[str, ...]:
    found = [reader.text(item, (*path, i), what) for i, item in enumerate(reader.items(data, path, what) or [])]
    return tuple(text for text in found if text)
