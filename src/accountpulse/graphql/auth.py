"""Who sends a request: checks the bearer token in its `Authorization` header."""

from __future__ import annotations

from accountpulse.core.errors import AccountPulseError, Unauthorized
from accountpulse.core.store.tokens import MARK, Viewer
from accountpulse.graphql.answers.present import Presence, Present
from accountpulse.graphql.oidc import Oidc


class MissingScope(AccountPulseError):
    """The token is good, but may not do this."""


def bearer_of(authorization: str) -> str | None:
    """The token of an `Authorization`; None where it holds none."""
    scheme, _, token = authorization.partition(" ")
    return (token.strip() or None) if scheme.lower() == "bearer" else None


async def authenticate(authorization: str, presence: Presence, oidc: Oidc | None = None) -> tuple[Viewer, Present]:
    """The viewer that the token belongs to, and what holds now. oidc: checks tokens that are none of ours.

    Raises Unauthorized without a good token, MissingScope when it may not read, ProviderDown when nobody can tell.
    """
    token = bearer_of(authorization)
    if token is None:
        raise Unauthorized("send a token in the header Authorization: Bearer ap_...; make one with: accountpulse token create")
    if oidc is not None and not token.startswith(MARK):
        vouched = await oidc.viewer(token)
        _, present = await presence.now(None)
        return _reading(vouched), present
    viewer, present = await presence.now(token)
    assert viewer is not None
    return _reading(viewer), present


def _reading(viewer: Viewer) -> Viewer:
    if "read" not in viewer.scopes:
        raise MissingScope(f"the token {viewer.name!r} may not query: it lacks the scope read")
    return viewer
