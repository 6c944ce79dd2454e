"""The Segment plugin: a receiver for product usage."""

from __future__ import annotations

from typing import Any

from accountpulse.connectors.segment.source import Segment
from accountpulse.plugins import Connector, hookimpl


@hookimpl
def register_connectors() -> list[type[Connector[Any]]]:
    return [Segment]
