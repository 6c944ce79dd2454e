"""The root fields about connections."""

from __future__ import annotations

import strawberry

from accountpulse.core.store import connections
from accountpulse.graphql.connections.types import SourceConnection
from accountpulse.graphql.context import Info
from accountpulse.graphql.fields import resolver
from accountpulse.graphql.relay import Node, row_number


@strawberry.type
class ConnectionQueries:
    @resolver("The configured connections, the most believed first.")
    async def connections(self, info: Info) -> list[SourceConnection]:
        return [SourceConnection.of(row, info.context) for row in await info.context.read(connections.listing)]


async def connection_node(info: Info, id: str, key: str) -> Node | None:
    """A connection by its key, even one that was removed from the configuration."""
    row = await info.context.loaders.connection.load(row_number(id, key))
    return None if row is None else SourceConnection.of(row, info.context)
