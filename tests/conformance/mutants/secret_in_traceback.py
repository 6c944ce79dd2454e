"""Raises from an error that holds the token (R43)."""

from tests.conformance.acme import Acme

from accountpulse import plugins as ap

KILLED_BY = "test_12_refused_credentials"


class Mutant(Acme):
    def check(self) -> ap.Identity:
        try:
            return super().check()
        except ap.AuthError as error:
            raise error from ValueError(f"token={self.config.token.get_secret_value()}")
