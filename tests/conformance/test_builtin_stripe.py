"""The Stripe connector under the kit, through stripe-python against the simulated account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from accountpulse.connectors.stripe.source import Stripe
from accountpulse.plugins import Account, Invoice, PaymentIssue, Subscription
from accountpulse.testing.connectors import ConnectorSuite, Drift, Rows, ServedRows, Simulated
from accountpulse.testing.vendors import StripeVendor
from accountpulse.testing.vendors.world import stripe_objects as shape
from accountpulse.testing.vendors.world.wire import unix

CUSTOMER = "cus_kit"


@dataclass(kw_only=True)
class Objects(ServedRows):
    """Objects of the account."""

    def flood(self, count: int) -> None:
        super().flood(count)
        # They are of the past: Stripe has forgotten what it told of them.
        self.server._objects["event"].clear()
        self.server._sorted.pop("event", None)


@dataclass(kw_only=True)
class Undone(Objects):
    """What Stripe deletes nobody can: `gone` are the fields that say it never was."""

    gone: Mapping[str, object]

    def delete(self, source_id: str) -> None:
        self.server.touch(self.kind, self.ids[source_id], **self.gone)
        self.alive.discard(source_id)


@dataclass(kw_only=True)
class Removed(Objects):
    """What the API no longer knows; `event` is the last that it told."""

    event: str

    def delete(self, source_id: str) -> None:
        body, at = self.server.get(self.kind, source_id), self.server.clock.now()
        del self.server._objects[self.kind][source_id]
        self.server._sorted.pop(self.kind, None)
        self.server.load("event", shape.event(f"evt_{self.event}_{source_id}", self.event, unix(at), body, None), at)
        self.alive.discard(source_id)


def rows(server: StripeVendor) -> Mapping[str, Rows]:
    server.put("charge", {"id": "ch_paid", "customer": CUSTOMER, "amount": 5000})

    def of(cls: Callable[..., Any], kind: str, record: type, make: Any, change: Any, drift: Drift, **more: Any) -> Rows:
        made: Rows = cls(
            server=server,
            kind=kind,
            path=f"/v1/{kind}s",
            record=record,
            make=lambda n: {"customer": CUSTOMER} | make(n) if kind not in ("customer", "refund", "dispute") else make(n),
            change=change,
            drift=drift,
            **more,
        )
        return made

    def subscription(n: int) -> dict[str, object]:
        begun = unix(server.clock.now())
        price = shape.price("price_kit", "prod_kit", "usd", 4900, "month", 1)
        item = shape.subscription_item(f"si_{n}", f"sub_{n:06d}", price, 1, begun, (begun, begun + 30 * 86_400))
        server.put("subscription_item", item)
        return {"id": f"sub_{n:06d}", "items": [item]}

    def status(n: int) -> dict[str, object]:
        return {"status": "past_due" if n % 2 else "active"}

    def reason(n: int) -> dict[str, object]:
        return {"reason": "duplicate" if n % 2 else "fraudulent"}

    declined = {"failure_code": "card_declined"}
    amount = Drift(required="amount", optional="metadata", choice="reason")
    return {
        "customers": of(
            Objects, "customer", Account, lambda n: {"name": f"Customer {n}"}, lambda n: {"name": f"Changed {n}"},
            Drift(None, "name", "metadata"),
        ),
        "subscriptions": of(
            Removed, "subscription", Subscription, subscription, status, Drift("customer", "metadata", "metadata", "status"),
            event="customer.subscription.deleted",
        ),
        "invoices": of(
            Objects, "invoice", Invoice, lambda n: {"status": "open", "number": f"A-{n}", "lines": []},
            lambda n: {"number": f"B-{n}"}, Drift("currency", "number", "metadata", "status"),
        ),
        "charges": of(Removed, "charge", PaymentIssue, lambda n: declined, lambda n: {}, amount, event="charge.failed"),
        "refunds": of(
            Undone, "refund", PaymentIssue, lambda n: {"charge": "ch_paid"}, reason, amount, gone={"status": "failed"}
        ),
        "credit_notes": of(
            Undone, "credit_note", PaymentIssue, lambda n: {"invoice": "in_kit"}, reason,
            Drift(None, "metadata", None, "reason"), gone={"status": "void"},
        ),
        "disputes": of(
            Undone, "dispute", PaymentIssue, lambda n: {"charge": "ch_paid"}, reason, amount,
            gone={"status": "warning_closed"},
        ),
    }  # fmt: skip


class TestStripe(ConnectorSuite):
    connector = Stripe
    good = {"base_url": "{vendor}", "api_key": "{api_key}"}
    bad = {**good, "api_key": "rk_test_wrong"}
    vendor = Simulated(lambda clock: StripeVendor(None, clock), rows)
    flood = 1_000
