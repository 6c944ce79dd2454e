"""Any Singer tap as a source of AccountPulse: two connectors, `singer` and `singer_snapshot`."""

from __future__ import annotations

from typing import Any

from accountpulse.plugins import Connector, hookimpl
from accountpulse_singer.source import Singer, SingerSnapshot


@hookimpl
def register_connectors() -> list[type[Connector[Any]]]:
    return [Singer, SingerSnapshot]
