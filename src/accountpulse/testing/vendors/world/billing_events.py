"""The last 30 days of billing as Stripe events, each with the object as it was at that moment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from accountpulse.testing.vendors.world import stripe_objects as shape
from accountpulse.testing.vendors.world.wire import stripe_id

Json = dict[str, Any]
RETENTION = 30 * 86_400


def recent_events(objects: dict[str, list[Json]], changes: list[tuple[int, str, Json]], now: int) -> list[Json]:
    """Events of the 30 days before `now`. `changes` are (when, subscription id, previous attributes)."""
    subscriptions = {each["id"]: each for each in objects["subscription"]}
    told = [
        *(each for customer in objects["customer"] for each in _about_customer(customer)),
        *(each for subscription in subscriptions.values() for each in _about_subscription(subscription)),
        *(each for invoice in objects["invoice"] for each in _about_invoice(invoice)),
        *((c["created"], f"charge.{c['status']}", c, None) for c in objects["charge"]),
        *((n["created"], "credit_note.created", n, None) for n in objects["credit_note"]),
        *((r["created"], "refund.created", r, None) for r in objects["refund"]),
        *((at, "customer.subscription.updated", subscriptions[name], previous) for at, name, previous in changes),
    ]
    return [
        shape.event(stripe_id("evt", kind, body["id"], now - at), kind, at, body, previous)
        for at, kind, body, previous in told
        if now - RETENTION < at <= now
    ]


Told = tuple[int, str, Json, Json | None]


def _about_customer(customer: Json) -> Iterator[Told]:
    yield customer["created"], "customer.created", {**customer, "delinquent": False}, None


def _about_subscription(subscription: Json) -> Iterator[Told]:
    born = {**subscription, "canceled_at": None, "cancel_at_period_end": False, "cancel_at": None, "ended_at": None}
    trialing = subscription["status"] == "trialing"
    yield (
        subscription["created"],
        "customer.subscription.created",
        {**born, "status": "trialing" if trialing else "active"},
        None,
    )
    if subscription["cancel_at_period_end"]:
        before = {"cancel_at": None, "cancel_at_period_end": False, "canceled_at": None}
        yield subscription["canceled_at"], "customer.subscription.updated", subscription, before
    if subscription["ended_at"] is not None:
        yield subscription["ended_at"], "customer.subscription.deleted", subscription, None


def _about_invoice(invoice: Json) -> Iterator[Told]:
    moments = invoice["status_transitions"]
    nothing = {"amount_paid": 0, "amount_remaining": invoice["amount_due"], "attempt_count": 0, "attempted": False}
    unset = {"finalized_at": None, "marked_uncollectible_at": None, "paid_at": None, "voided_at": None}
    draft = {**invoice, **nothing, "status": "draft", "status_transitions": unset}
    opened = {**draft, "status": "open", "status_transitions": {**unset, "finalized_at": moments["finalized_at"]}}
    yield invoice["created"], "invoice.created", draft, None
    yield moments["finalized_at"], "invoice.finalized", opened, None
    if invoice["attempt_count"] and (invoice["status"] != "paid" or invoice["attempt_count"] > 1):
        failed = {**opened, "attempt_count": 1, "attempted": True}
        yield moments["finalized_at"], "invoice.payment_failed", failed, None
    if invoice["status"] == "paid":
        yield moments["paid_at"], "invoice.paid", invoice, None
    if moments["marked_uncollectible_at"] is not None:
        yield moments["marked_uncollectible_at"], "invoice.marked_uncollectible", invoice, None
