"""The root fields about connections."""

from __future__ import annotations

import strawberry

from accountpulse.core.store import connections
from accountpulse.graphql.connections.types import SourceConnection
from accountpulse.graphql.context import Info
from accountpulse.graphql.fields import resolver
from accountpulse.graphql.relay import LISTED, ListedArg, Node, listed, row_number


@strawberry.type
class ConnectionQueries:
    @resolver("The configured connections, the most believed first.", check=listed)
    async def connections(self, info: Info, first: ListedArg = LISTED) -> list[SourceConnection]:
        rows = await info.context.read(connections.listing)
        return [SourceConnection.of(row, info.context) for row in rows[: listed(first)]]


async def connection_node(info: Info, id: str, key: str) -> Node | None:
    """A connection by its key, even one that was removed from the configuration."""
    row = await info.context.loaders.connection.load(row_number(id, key))
    return None if row is None else SourceConnection.of(row, info.context)
