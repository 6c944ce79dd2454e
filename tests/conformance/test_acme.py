"""The correct connector passes the whole kit."""

from __future__ import annotations

from datetime import timedelta

from tests.conformance.acme import Acme

from accountpulse.testing.connectors import ConnectorSuite, RestVendor


class TestAcme(ConnectorSuite):
    connector = Acme
    good = {"base_url": "{vendor}", "token": "s3cret"}
    bad = {"base_url": "{vendor}", "token": "wrong"}
    vendor = RestVendor("/customers", since="updated_since", items="data", late=timedelta(minutes=5))
