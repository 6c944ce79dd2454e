"""Needs a setting that an earlier release did not have (R6)."""

from tests.conformance.acme import Acme, AcmeConfig

from accountpulse import plugins as ap

KILLED_BY = "test_23_what_earlier_releases_left_still_loads"
DECLARED = {
    "good": {"base_url": "{vendor}", "token": "s3cret", "region": "eu"},
    "earlier": {"0.1": {"settings": {"base_url": "{vendor}", "token": "s3cret"}}},
}


class LongerConfig(AcmeConfig):
    """token: from Acme's settings page. base_url: where Acme's API is. region: eu or us."""

    region: str


class Mutant(Acme, ap.Connector[LongerConfig]):
    """The same connector with other settings."""
