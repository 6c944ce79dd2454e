"""The Typeform plugin."""

from __future__ import annotations

from typing import Any

from accountpulse.connectors.typeform.source import Typeform
from accountpulse.plugins import Connector, hookimpl


@hookimpl
def register_connectors() -> list[type[Connector[Any]]]:
    return [Typeform]
