"""Stripe's webhooks under the kit for what is pushed."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import stripe

from accountpulse.connectors.stripe.source import Stripe
from accountpulse.core.clock import FixedClock
from accountpulse.plugins import InboundRequest
from accountpulse.testing.kit.bench import START
from accountpulse.testing.pushing import PushSuite
from accountpulse.testing.vendors.server import serving
from accountpulse.testing.vendors.stripe import StripeVendor
from accountpulse.testing.vendors.world import stripe_objects as shape

SECRET = "whsec_canary_of_the_kit"


class TestStripePushed(PushSuite):
    connector = Stripe

    @pytest.fixture(autouse=True)
    def _account(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        vendor = StripeVendor(None, FixedClock(START))
        for number in (1, 2):
            vendor.put("customer", {"id": f"cus_{number}", "name": f"Customer {number}"})
        with serving(vendor):
            config = {"base_url": vendor.base_url, "webhook_secrets": (SECRET,), **vendor.credentials}
            monkeypatch.setattr(type(self), "good", config, raising=False)
            yield

    def body(self, number: int) -> bytes:
        customer = shape.customer(f"cus_{number}", 1)
        return json.dumps(shape.event(f"evt_{number}", "customer.updated", int(START.timestamp()), customer)).encode()

    def send(self, body: bytes) -> InboundRequest:
        text = body.decode("utf-8", "replace")
        header = stripe.WebhookSignature.generate_signature_header(text, SECRET, int(START.timestamp()))
        return self.request("webhook", body, {"stripe-signature": header})
