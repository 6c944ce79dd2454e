"""The connectors' contract as tests: subclass `ConnectorSuite` in your own test module, and pytest runs all of it.

    from accountpulse.testing.connectors import ConnectorSuite, RestVendor

    class TestAcme(ConnectorSuite):
        connector = Acme
        good = {"base_url": "{vendor}", "token": "s3cret"}
        bad = {"base_url": "{vendor}", "token": "wrong"}
        vendor = RestVendor("/customers", since="updated_since", page="page", items="data", next="next")

The connector is synced by the real engine into a real store, from a simulated vendor that ties, hides, fails, drifts and
revokes. Nothing waits and nothing leaves the machine. What a stream cannot do is said, with the reason:

        not_covered = {"tombstones": "the vendor tells nobody of deletions"}

`TestAcme.coverage()` lists every rule with the test that covers it, or the reason why none does.
"""

from __future__ import annotations

from accountpulse.testing.kit.changes import ChangeTests
from accountpulse.testing.kit.declaring import DeclarationTests
from accountpulse.testing.kit.faults import FaultTests
from accountpulse.testing.kit.manners import MannerTests
from accountpulse.testing.kit.reading import ReadingTests
from accountpulse.testing.kit.rules import Coverage
from accountpulse.testing.kit.vendors import Drift, Rows, ServedRows, Simulated, Site, Vendor
from accountpulse.testing.vendors.rest import RestVendor

__all__ = ["ConnectorSuite", "Coverage", "Drift", "RestVendor", "Rows", "ServedRows", "Simulated", "Site", "Vendor"]


class ConnectorSuite(ReadingTests, FaultTests, ChangeTests, DeclarationTests, MannerTests):
    """The 24 rules for every connector that reads. What the class attributes mean is told in `Suite`."""
