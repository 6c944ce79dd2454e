"""Stripe's resources: their paths, id prefixes, list filters and event names, and how a partial object is completed."""

from __future__ import annotations

from collections.abc import Collection
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
    "dispute": "du",
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
    "dispute": "/v1/disputes",
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
    "dispute": ("charge", "payment_intent"),
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
    "dispute": "charge.dispute",
    "discount": "customer.discount",
}
_ENDS = {"credit_note": {"void": "voided"}, "dispute": {"won": "closed", "lost": "closed", "warning_closed": "closed"}}
_INVOICE_STATUS = {"open": "finalized", "paid": "paid", "void": "voided", "uncollectible": "marked_uncollectible"}


def event_names(kind: str, body: Json, action: str, changed: Collection[str]) -> list[str]:
    """The types of the events that a change of an object makes. action: created, updated or deleted. changed: its fields."""
    base = EVENT_NAMES[kind]
    if kind == "charge":
        return [f"charge.{body['status']}" if action == "created" or "status" in changed else "charge.updated"]
    names = [f"{base}.{action}"]
    if "status" in changed:
        if kind == "invoice":
            names.append(f"invoice.{_INVOICE_STATUS.get(str(body['status']), 'updated')}")
        elif kind == "refund" and body["status"] == "failed":
            names.append("refund.failed")
        elif (end := _ENDS.get(kind, {}).get(str(body["status"]))) is not None:
            names.append(f"{base}.{end}")
    return list(dict.fromkeys(names))


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
        case "charge":
            bill = {"amount_due": body.get("amount", 1000), "currency": "usd", "customer": body.get("customer"), "number": "-"}
            defaults = shape.charge(identifier, bill, created, body.get("failure_code"))
        case "refund":
            defaults = shape.refund(identifier, 1000, created)
        case "credit_note":
            parts = (str(body.get("invoice")), str(body.get("customer")), int(body.get("amount", 1000)))
            defaults = shape.credit_note(identifier, *parts, created)
        case "dispute":
            defaults = shape.dispute(identifier, str(body.get("charge")), 1000, created)
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
