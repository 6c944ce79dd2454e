"""What one subscription knows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from accountpulse.graphql.context import Context
from accountpulse.graphql.live.door import Door
from accountpulse.graphql.live.feed import Feed


@dataclass
class LiveContext(Context):
    """One connection, and then one subscription.

    connection_params: what the client sent when it connected; header: its Authorization; door: of a WebSocket.
    """

    feed: Feed = field(kw_only=True)
    connection_params: dict[str, Any] | None = field(default=None, kw_only=True)
    header: str | None = field(default=None, kw_only=True)
    door: Door | None = field(default=None, kw_only=True)

    def forget(self) -> None:
        """Read everything anew for the next event."""
        from accountpulse.graphql.loaders import Loaders  # the loaders' modules import the context's

        self.loaders = Loaders(self)
