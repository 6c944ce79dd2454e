"""Stripe's charges, refunds, credit notes and disputes to payment issues. Pure.

Each function says what one object means: an issue, None where it is none, and `Deleted` where it may have been one before. What
names no customer belongs to no account and is left out: a guest's one-off payment says nothing about a customer.
"""

from __future__ import annotations

from typing import Literal

from accountpulse.connectors.stripe import shapes
from accountpulse.connectors.stripe.mapping import required_instant
from accountpulse.connectors.stripe.money import minor
from accountpulse.connectors.stripe.shapes import Json
from accountpulse.plugins import Deleted, PaymentIssue

Found = PaymentIssue | Deleted | None
Kind = Literal["failed", "refunded", "credited", "disputed"]


def declined(charge: Json) -> Found:
    """A charge that was declined. One that succeeded is told by its invoice, one that is pending may still do either."""
    if charge.get("status") != "failed":
        return None
    outcome = charge.get("outcome") or {}
    reason = charge.get("failure_code") or outcome.get("reason")
    return _issue(charge, "failed", shapes.id_of(charge.get("customer")), charge["amount"], reason)


def refund(thing: Json) -> Found:
    """Money given back, also while it is on its way; a refund that failed or was canceled never was one."""
    if thing.get("status") in ("failed", "canceled"):
        return Deleted(PaymentIssue, thing["id"])
    return _issue(thing, "refunded", _payer(thing), thing["amount"], thing.get("reason"))


def credit(note: Json) -> Found:
    """What a credit note took off a paid bill and no refund gave back.

    What it takes off a bill before it is paid lowers what the bill asks for, and is told by the bill. What it refunds is a
    refund of its own.
    """
    after = note.get("post_payment_amount")
    if after is None:  # before 2025
        after = note["amount"] if note.get("type") == "post_payment" and not note.get("refund") else 0
    credited = after - sum(each.get("amount_refunded") or 0 for each in note.get("refunds") or ())
    if note.get("status") == "void" or credited <= 0:
        return Deleted(PaymentIssue, note["id"])
    return _issue(note, "credited", shapes.id_of(note.get("customer")), credited, note.get("reason"))


def dispute(thing: Json) -> Found:
    """A chargeback, however it ends. A bank's inquiry (`warning_...`) is none yet, and a prevented one never was."""
    status = thing.get("status") or ""
    if status.startswith("warning_") or status == "prevented":
        return Deleted(PaymentIssue, thing["id"])
    return _issue(thing, "disputed", _payer(thing), thing["amount"], thing.get("reason"))


def _payer(thing: Json) -> str | None:
    """The customer of an expanded charge, or payment intent where there is no charge."""
    for name in ("charge", "payment_intent"):
        paid = thing.get(name)
        customer = shapes.id_of(paid.get("customer")) if isinstance(paid, dict) else None
        if customer is not None:
            return customer
    return None


def _issue(thing: Json, kind: Kind, customer: str | None, amount: int, reason: str | None) -> PaymentIssue | None:
    if customer is None:
        return None
    currency = thing["currency"].upper()
    return PaymentIssue(
        source_id=thing["id"],
        raw_ref=f"/v1/{thing['object']}s/{thing['id']}",
        account=customer,
        kind=kind,
        at=required_instant(thing["created"]),
        amount=minor(amount, currency),
        currency=currency,
        reason=reason or None,
    )
