"""The PostHog plugin."""

from accountpulse.connectors.posthog.source import PostHog
from accountpulse.plugins import hookimpl


@hookimpl
def register_connectors() -> list[type[PostHog]]:
    """The PostHog connector."""
    return [PostHog]
