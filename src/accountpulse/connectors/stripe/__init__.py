"""The Stripe plugin. Registers the connector without importing the Stripe SDK."""

from __future__ import annotations

from typing import Any

from accountpulse.connectors.stripe.source import Stripe
from accountpulse.plugins import Connector, hookimpl


@hookimpl
def register_connectors() -> list[type[Connector[Any]]]:
    return [Stripe]
