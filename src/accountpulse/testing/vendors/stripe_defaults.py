"""Stripe's resources: their paths, id prefixes, list filters and event names, and how a partial object is completed."""

from __future__ import annotations

from typing import Any

from accountpulse.testing.vendors.world import stripe_objects as shape
from accountpulse.testing.vendors.world.wire import stripe_id

Json = dict[str, Any]

PREFIXES = {
    "customer": "cus",
    "product": "prod",
    "price": "price",
    "coupon": "coupon",
    "discount": "di",
    "subscription": "sub",
    "subscription_item": "si",
    "invoice": "in",
    "line_item": "il",
    "charge": "ch",
    "refund": "re",
    "credit_note": "cn",
    "event": "evt",
}
PATHS = {
    "customer": "/v1/customers",
    "product": "/v1/products",
    "price": "/v1/prices",
    "coupon": "/v1/coupons",
    "subscription": "/v1/subscriptions",
    "subscription_item": "/v1/subscription_items",
    "invoice": "/v1/invoices",
    "charge": "/v1/charges",
    "refund": "/v1/refunds",
    "credit_note": "/v1/credit_notes",
    "event": "/v1/events",
}
FILTERS = {
    "customer": ("email",),
    "product": ("active",),
    "price": ("active", "product", "type", "currency"),
    "subscription": ("customer", "price", "status", "collection_method"),
    "subscription_item": ("subscription",),
    "invoice": ("customer", "subscription", "status", "collection_method"),
    "charge": ("customer", "payment_intent"),
    "refund": ("charge", "payment_intent"),
    "credit_note": ("customer", "invoice"),
    "event": ("type",),
}
EVENT_NAMES = {
    "customer": "customer",
    "product": "product",
    "price": "price",
    "coupon": "coupon",
    "subscription": "customer.subscription",
    "invoice": "invoice",
    "charge": "charge",
    "refund": "refund",
    "credit_note": "credit_note",
}


def complete(kind: str, body: Json, now: int) -> None:
    """Fill in the fields Stripe would. `items` and `lines` may be plain lists: they become embedded lists."""
    created = int(body.setdefault("created", now))
    identifier = str(body["id"])
    match kind:
        case "customer":
            defaults = shape.customer(identifier, created)
        case "product":
            defaults = shape.product(identifier, "A product", created)
        case "price":
            defaults = shape.price(identifier, str(body.get("product", "prod_none")), "usd", 1000, "month", created)
        case "subscription":
            defaults = shape.subscription(identifier, str(body.get("customer")), _rows(body, "items"), created)
        case "subscription_item":
            price = body.get("price") or shape.price(stripe_id("price", "put"), "prod_none", "usd", 1000, "month", created)
            defaults = shape.subscription_item(identifier, str(body.get("subscription")), price, 1, created, (created, created))
        case "invoice":
            defaults = shape.invoice(identifier, str(body.get("customer")), _rows(body, "lines"), created)
        case "event":
            defaults = shape.event(identifier, str(body.get("type")), created, {})
        case _:
            defaults = {"id": identifier, "object": kind, "livemode": False, "metadata": {}, "status": "succeeded"}
    for name, value in defaults.items():
        body.setdefault(name, value)


def _rows(body: Json, name: str) -> list[Json]:
    """Take a plain list of embedded objects out of a partial object; one already embedded is left as it is."""
    if isinstance(body.get(name), list):
        rows: list[Json] = body.pop(name)
        return rows
    return list(body.get(name, {}).get("data", []))
