"""The Zendesk plugin."""

from accountpulse.connectors.zendesk.source import Zendesk
from accountpulse.plugins import hookimpl


@hookimpl
def register_connectors() -> list[type[Zendesk]]:
    """The Zendesk connector."""
    return [Zendesk]
