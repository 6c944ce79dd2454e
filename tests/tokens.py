"""API tokens of tests' hubs."""

from __future__ import annotations

from accountpulse.core.store import tokens
from accountpulse.core.store.scope import EVERYTHING, RowScope
from accountpulse.hub import Hub


def token_of(hub: Hub, *scopes: str, rows: RowScope = EVERYTHING) -> str:
    """A token that may read, or what is said, for all accounts, or those that are said."""
    with hub.store.write() as connection:
        return tokens.create(connection, name="test", scopes=scopes or ["read"], rows=rows, now=hub.clock.now())
