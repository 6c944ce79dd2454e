"""Logs its configuration in the clear (R43)."""

from tests.conformance.acme import Acme

from accountpulse import plugins as ap

KILLED_BY = "test_12_refused_credentials"


class Mutant(Acme):
    def check(self) -> ap.Identity:
        self.context.log.debug("asking with %s", self.config.token.get_secret_value())
        return super().check()
