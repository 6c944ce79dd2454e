"""The Intercom plugin."""

from accountpulse.connectors.intercom.source import Intercom
from accountpulse.plugins import hookimpl


@hookimpl
def register_connectors() -> list[type[Intercom]]:
    """The Intercom connector."""
    return [Intercom]
