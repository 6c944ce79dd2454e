"""Says that it is somebody else each time."""

from tests.conformance.acme import Acme

from accountpulse import plugins as ap

KILLED_BY = "test_13_who_it_is"


class Mutant(Acme):
    def check(self) -> ap.Identity:
        return ap.Identity(f"acme-{self.context.clock.now():%Y%m%d}", super().check().name)
