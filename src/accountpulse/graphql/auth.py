"""Who sends a request: checks the bearer token in its `Authorization` header."""

from __future__ import annotations

import anyio
import anyio.to_thread
from starlette.requests import Request

from accountpulse.core.errors import AccountPulseError, Unauthorized
from accountpulse.core.store import tokens
from accountpulse.core.store.tokens import Viewer
from accountpulse.graphql.hub import Hub


class MissingScope(AccountPulseError):
    """The token is good, but may not do this."""


async def authenticate(request: Request, hub: Hub, threads: anyio.CapacityLimiter) -> Viewer:
    """The viewer that the token belongs to. Raises Unauthorized without a good token, MissingScope when it may not read."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise Unauthorized("send a token in the header Authorization: Bearer ap_...; make one with: accountpulse token create")

    def verify() -> Viewer:
        with hub.store.read() as connection:
            return tokens.verify(connection, token, hub.clock.now())

    viewer = await anyio.to_thread.run_sync(verify, limiter=threads)
    if "read" not in viewer.scopes:
        raise MissingScope(f"the token {viewer.name!r} may not query: it lacks the scope read")
    return viewer
