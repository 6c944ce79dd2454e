"""The HubSpot plugin."""

from accountpulse.connectors.hubspot.source import HubSpot
from accountpulse.plugins import hookimpl


@hookimpl
def register_connectors() -> list[type[HubSpot]]:
    """The HubSpot connector."""
    return [HubSpot]
