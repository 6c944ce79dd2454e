"""Has a setting that nobody explains."""

from tests.conformance.acme import Acme, AcmeConfig

from accountpulse import plugins as ap

KILLED_BY = "test_21_settings"


class LongerConfig(AcmeConfig):
    """token: from Acme's settings page. base_url: where Acme's API is."""

    region: str = "eu"


class Mutant(Acme, ap.Connector[LongerConfig]):
    """The same connector with other settings."""
