"""API tokens: made, listed, revoked and checked. Only a hash is stored; a token is shown once, when it is made.

A token reads `ap_`, eight characters that find its row, and a secret of 190 random bits. The secret is too long to guess, so
one round of SHA-256 protects it: a slow password hash would only slow every request.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import string
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from accountpulse.core.errors import NotFound, SettingsError, Unauthorized
from accountpulse.core.store.chunks import chunked
from accountpulse.core.store.scope import RowScope
from accountpulse.core.store.tables import api_token

MARK = "ap_"
VOUCHED = "oidc:"
"""How what stands for the prefix begins, where the token is an identity provider's."""
PREFIX_LENGTH = 8
SECRET_LENGTH = 32
Scope = Literal["read", "write", "admin"]
SCOPES: dict[Scope, str] = {
    "read": "query accounts, scores, models and connections",
    "write": "change what people may change: links, overrides, models; start syncs",
    "admin": "make and revoke tokens, pause and resume connections, read the trail",
}
_ALPHABET = string.ascii_letters + string.digits
_SHAPE = re.compile(rf"{MARK}[A-Za-z0-9]{{{PREFIX_LENGTH + SECRET_LENGTH}}}")


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who is asking: the token's name, its prefix, what it may do, and which accounts it may see. Equal ones share answers.

    prefix: `oidc:` and whom it is about, for a token of an identity provider, which nobody can revoke here. expires_at: when
    the token ends by itself.
    """

    name: str
    prefix: str
    scopes: frozenset[str]
    rows: RowScope
    expires_at: datetime | None = field(default=None, compare=False)

    @property
    def vouched(self) -> bool:
        """Whether an identity provider says who it is."""
        return self.prefix.startswith(VOUCHED)


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """A stored token, without its secret. `prefix` names it to people and to `revoke`."""

    name: str
    prefix: str
    scopes: tuple[str, ...]
    rows: RowScope
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


def create(
    connection: sa.Connection,
    *,
    name: str,
    scopes: Iterable[str],
    rows: RowScope,
    now: datetime,
    expires_at: datetime | None = None,
) -> str:
    """Make a token and return it: the only time it can be read. rows: the accounts that it may see.

    Raises SettingsError for an unknown scope, a row scope that names nothing, or a past expiry.
    """
    wanted = tuple(sorted(set(scopes)))
    unknown = [scope for scope in wanted if scope not in SCOPES]
    if unknown or not wanted:
        found = f"unknown scope {', '.join(unknown)}" if unknown else "no scope"
        raise SettingsError([f"token {name!r}: {found}; scopes are {', '.join(SCOPES)}"])
    if not name.strip():
        raise SettingsError(["a token needs a name that says who uses it, such as 'weekly report'"])
    if empty := [dimension for dimension, values in rows.to_json().items() if not all(map(str.strip, values)) or not values]:
        raise SettingsError([f"token {name!r}: {', '.join(empty)}: name at least one, and none that is empty"])
    if expires_at is not None and expires_at <= now:
        raise SettingsError([f"token {name!r}: expiry {expires_at.isoformat()} is not in the future"])
    prefix = _random(PREFIX_LENGTH)
    token = f"{MARK}{prefix}{_random(SECRET_LENGTH)}"
    connection.execute(
        sa.insert(api_token).values(
            name=name,
            prefix=prefix,
            hash=_hash(token),
            scopes=list(wanted),
            created_at=now,
            expires_at=expires_at,
            row_scope=None if rows.everything else rows.to_json(),
        )
    )
    return token


def prefix_of(token: str) -> str:
    """What finds a token's row: the beginning of a token, or of what a person wrote of it."""
    return token.removeprefix(MARK)[:PREFIX_LENGTH]


def listing(connection: sa.Connection) -> list[TokenInfo]:
    """All tokens ever made, newest first."""
    return [_info(row) for row in connection.execute(sa.select(api_token).order_by(api_token.c.id.desc()))]


def revoke(connection: sa.Connection, prefix: str, now: datetime) -> None:
    """End a token at once; ending it twice changes nothing. `prefix` may be written with or without `ap_`.

    Raises NotFound when no token has that prefix.
    """
    wanted = prefix_of(prefix)
    row = connection.execute(sa.select(api_token.c.id).where(api_token.c.prefix == wanted)).one_or_none()
    if row is None:
        raise NotFound(f"there is no token that begins with {MARK}{wanted}")
    connection.execute(
        sa.update(api_token).where(api_token.c.id == row.id, api_token.c.revoked_at.is_(None)).values(revoked_at=now)
    )


def revoked(connection: sa.Connection, prefixes: Collection[str]) -> frozenset[str]:
    """Which of some tokens were revoked, by their prefixes; those that are unknown count as such."""
    t = api_token.c
    good: set[str] = set()
    for chunk in chunked(sorted(prefixes)):
        good.update(connection.execute(sa.select(t.prefix).where(t.prefix.in_(chunk), t.revoked_at.is_(None))).scalars())
    return frozenset(prefixes) - good


def verify(connection: sa.Connection, token: str, now: datetime) -> Viewer:
    """Who a token belongs to. Raises Unauthorized, with the same message whatever part of an unknown token is wrong."""
    unknown = Unauthorized("the token is not known here; make one with: accountpulse token create")
    if _SHAPE.fullmatch(token) is None:
        raise unknown
    prefix = prefix_of(token)
    row = connection.execute(sa.select(api_token).where(api_token.c.prefix == prefix)).one_or_none()
    if row is None or not secrets.compare_digest(bytes(row.hash), _hash(token)):
        raise unknown
    if row.revoked_at is not None:
        raise Unauthorized(f"the token {row.name!r} was revoked; make another with: accountpulse token create")
    if row.expires_at is not None and row.expires_at <= now:
        raise Unauthorized(
            f"the token {row.name!r} expired on {row.expires_at.date().isoformat()}; "
            "make another with: accountpulse token create"
        )
    rows = RowScope.of_json(row.row_scope)
    return Viewer(name=row.name, prefix=row.prefix, scopes=frozenset(row.scopes), rows=rows, expires_at=row.expires_at)


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _info(row: sa.Row[Any]) -> TokenInfo:
    rows = RowScope.of_json(row.row_scope)
    return TokenInfo(row.name, row.prefix, tuple(row.scopes), rows, row.created_at, row.expires_at, row.revoked_at)
