"""The surveys plugin: a signed webhook for every survey tool."""

from __future__ import annotations

from typing import Any

from accountpulse.connectors.surveys.source import Surveys
from accountpulse.plugins import Connector, hookimpl


@hookimpl
def register_connectors() -> list[type[Connector[Any]]]:
    return [Surveys]
