"""The Salesforce plugin."""

from accountpulse.connectors.salesforce.source import Salesforce
from accountpulse.plugins import hookimpl


@hookimpl
def register_connectors() -> list[type[Salesforce]]:
    """The Salesforce connector."""
    return [Salesforce]
