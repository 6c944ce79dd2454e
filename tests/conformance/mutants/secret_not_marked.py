"""Takes the token as a plain text, which every repr shows (R43)."""

from tests.conformance.acme import Acme

from accountpulse import plugins as ap

KILLED_BY = "test_21_settings"


class PlainConfig(ap.ConnectorConfig):
    """token: from Acme's settings page. base_url: where Acme's API is."""

    token: str
    base_url: str = "https://api.acme.example"


class Mutant(Acme, ap.Connector[PlainConfig]):
    """The same connector with other settings."""
