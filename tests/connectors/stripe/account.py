"""A simulated Stripe account for tests: filling it, and running a stream of the connector over it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from accountpulse.connectors.stripe.config import StripeConfig
from accountpulse.connectors.stripe.source import Stripe
from accountpulse.core.clock import FixedClock
from accountpulse.plugins import Checkpoint, Context, Window
from accountpulse.testing.vendors.stripe import StripeVendor
from accountpulse.testing.vendors.world import stripe_objects as shape

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
STREAMS = ("customers", "subscriptions", "invoices", "charges", "refunds", "credit_notes", "disputes")


def connect(vendor: StripeVendor, clock: FixedClock, **settings: Any) -> Stripe:
    config = StripeConfig(base_url=vendor.base_url, **{**vendor.credentials, **settings})
    return Stripe(config, Context("billing", clock=clock))


def run(vendor: StripeVendor, clock: FixedClock, stream: str, cursor: Any = None, **settings: Any) -> list[Any]:
    window = Window(None, clock.now(), cursor)
    return list(getattr(connect(vendor, clock, **settings), stream)(window))


def last_cursor(items: list[Any]) -> Any:
    return next(item.cursor for item in reversed(items) if isinstance(item, Checkpoint))


def ids(items: list[Any], kind: type) -> list[str]:
    return [item.source_id for item in items if isinstance(item, kind)]


def customers(vendor: StripeVendor, count: int, days_ago: float = 40) -> list[str]:
    for n in range(count):
        at = NOW - timedelta(days=days_ago, seconds=-n)
        vendor.put("customer", {"id": f"cus_{n:02d}", "name": f"Customer {n}", "created": int(at.timestamp())}, at=at)
    return [f"cus_{n:02d}" for n in range(count)]


def forget_events(vendor: StripeVendor) -> None:
    vendor._objects["event"].clear()
    vendor._sorted.pop("event", None)


def plan(cents: int, name: str = "price_plan", interval: str = "month") -> dict[str, Any]:
    return shape.price(name, "prod_plan", "usd", cents, interval, 1)


def subscribe(vendor: StripeVendor, name: str, *prices: dict[str, Any], start: datetime = NOW - timedelta(days=60)) -> None:
    """A subscription with an item a price, and its first two monthly bills."""
    begun = int(start.timestamp())
    items = [shape.subscription_item(f"si_{name}_{n}", name, p, 1, begun, (begun, begun + 1)) for n, p in enumerate(prices)]
    for item in items:
        vendor.put("subscription_item", item, at=start)
    vendor.put("subscription", {"id": name, "customer": "cus_00", "items": items, "created": begun}, at=start)
    for month in range(2):
        invoice(vendor, name, month, prices, start + timedelta(days=30 * month))


def invoice(vendor: StripeVendor, sub: str, number: int, prices: Any, at: datetime, **known: Any) -> None:
    name, issued = f"in_{sub}_{number}", int(at.timestamp())
    span = (issued, issued + 30 * 86_400)
    lines = []
    for n, p in enumerate(prices):
        row = shape.line_item(
            f"il_{name}_{n}", name, p, 1, p["unit_amount"], span, subscription_id=sub, item_id=f"si_{sub}_{n}"
        )
        lines.append(row)
        vendor.put("line_item", row, at=at)
    vendor.put("invoice", {"id": name, "customer": "cus_00", "lines": lines, "created": issued, **known}, at=at)
