"""The plugin for files: CSV, Parquet, JSON lines."""

from __future__ import annotations

from typing import Any

from accountpulse.connectors.tabular.source import Tabular
from accountpulse.plugins import Connector, hookimpl


@hookimpl
def register_connectors() -> list[type[Connector[Any]]]:
    return [Tabular]
