"""What the store is told of a connection: the connector's declarations as they hold with its settings."""

from __future__ import annotations

from typing import Any

from accountpulse.core.model import schema_of
from accountpulse.core.store.connections import ConnectionSpec
from accountpulse.core.sync.connector import Connector


def spec_of(
    name: str, connector: Connector[Any] | type[Connector[Any]], config: Any, *, priority: int = 0, anchor: bool = False
) -> ConnectionSpec:
    """The spec of the connection `name`. config: the connector's settings; priority, anchor: see `ConnectionSpec`."""
    return ConnectionSpec(
        name=name,
        connector=connector.id,
        priority=priority,
        anchor=anchor,
        provides=tuple(schema_of(record).name for record in connector.provides(config)),
        streams={
            stream.name: tuple(schema_of(record).name for record in connector.stream_records(stream, config))
            for stream in connector.streams()
        },
    )
