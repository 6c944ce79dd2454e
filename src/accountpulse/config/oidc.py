"""The `server.oidc` block: the identity provider whose tokens the API takes beside its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta

from accountpulse.core.scoring.problems import Path, Reader
from accountpulse.graphql.settings import ALGORITHMS, Provider

NEEDED = ("issuer", "audience")
KEYS = ("jwks_url", "algorithms", "clock_skew_seconds", "keys_kept_seconds", "claims", "scope_prefix")
DIMENSIONS = ("owners", "segments", "regions")
LOOPBACK = re.compile(r"http://(127\.0\.0\.1|localhost|\[::1\])[:/]")


def read_oidc(data: object, reader: Reader) -> Provider | None:
    """The provider; None without the block. What is wrong is noted with the reader."""
    path: Path = ("server", "oidc")
    if data is None:
        return None
    block = reader.mapping(data, path, required=NEEDED, optional=KEYS)
    if block is None or not set(NEEDED) <= block.keys():
        return None
    issuer = reader.text(block["issuer"], (*path, "issuer"), "the issuer as its tokens name it, such as https://login.example")
    jwks_url = reader.text(block["jwks_url"], (*path, "jwks_url"), "the address of its keys") if "jwks_url" in block else None
    key, found = ("issuer", issuer) if jwks_url is None else ("jwks_url", jwks_url)
    if found is not None and not (found.startswith("https://") or LOOPBACK.match(found)):
        # Whoever can change the keys on their way can be anybody.
        reader.wrong((*path, key), found, "an address that begins with https://, as the provider's keys are read from there")
    audience, known = block["audience"], Provider(issuer="", audience=())
    audiences = _texts([audience] if isinstance(audience, str) else audience, (*path, "audience"), "audience", reader)
    listed = reader.items(block.get("algorithms", list(known.algorithms)), (*path, "algorithms"), "algorithm") or []
    algorithms = [reader.choice(name, (*path, "algorithms", i), ALGORITHMS, "algorithm") for i, name in enumerate(listed)]
    skew = _seconds(block, "clock_skew_seconds", known.clock_skew, 0, 600, reader)
    kept = _seconds(block, "keys_kept_seconds", known.keys_kept, 60, 86_400, reader)
    claims = reader.mapping(block.get("claims", {}), (*path, "claims"), optional=("name", "scopes", *DIMENSIONS)) or {}
    named = {key: reader.text(value, (*path, "claims", key), "the name of a claim") for key, value in claims.items()}
    return Provider(
        issuer=issuer or "",
        audience=audiences,
        jwks_url=jwks_url,
        algorithms=tuple(name for name in algorithms if name),
        clock_skew=skew,
        keys_kept=kept,
        name=named.get("name") or known.name,
        scopes=named.get("scopes") or known.scopes,
        scope_prefix=reader.text(block["scope_prefix"], (*path, "scope_prefix")) or "" if "scope_prefix" in block else "",
        rows={dimension: claim for dimension in DIMENSIONS if (claim := named.get(dimension))},
    )


def _seconds(block: Mapping[str, object], key: str, default: timedelta, low: float, high: float, reader: Reader) -> timedelta:
    found = reader.number(block.get(key, default.total_seconds()), ("server", "oidc", key), low, high)
    return default if found is None else timedelta(seconds=found)


def _texts(data: object, path: Path, what: str, reader: Reader) -> tuple[str, ...]:
    found = [reader.text(item, (*path, i), what) for i, item in enumerate(reader.items(data, path, what) or [])]
    return tuple(text for text in found if text)
