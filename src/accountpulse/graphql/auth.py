"""Who sends a request: checks the bearer token in its `Authorization` header."""

from __future__ import annotations

from accountpulse.core.errors import AccountPulseError, Unauthorized
from accountpulse.core.store.tokens import Viewer
from accountpulse.graphql.answers.present import Presence, Present


class MissingScope(AccountPulseError):
    """The token is good, but may not do this."""


def bearer_of(authorization: str) -> str | None:
    """The token of an `Authorization`; None where it holds none."""
    scheme, _, token = authorization.partition(" ")
    return (token.strip() or None) if scheme.lower() == "bearer" else None


async def authenticate(authorization: str, presence: Presence) -> tuple[Viewer, Present]:
    """The viewer that the token belongs to, and what holds now.

    Raises Unauthorized without a good token, MissingScope when it may not read.
    """
    token = bearer_of(authorization)
    if token is None:
        raise Unauthorized("send a token in the header Authorization: Bearer ap_...; make one with: accountpulse token create")
    viewer, present = await presence.now(token)
    assert viewer is not None
    if "read" not in viewer.scopes:
        raise MissingScope(f"the token {viewer.name!r} may not query: it lacks the scope read")
    return viewer, present
