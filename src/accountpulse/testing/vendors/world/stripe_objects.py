"""Stripe objects in the shapes of API version 2026-10-28.endive: parents on invoices and lines, periods on items."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
API_VERSION = "2026-10-28.endive"
EMBEDDED = 10  # an embedded list shows so many rows and says has_more


def embedded_list(rows: list[Json], url: str) -> Json:
    """A list inside an object, capped as Stripe caps it."""
    return {"object": "list", "data": rows[:EMBEDDED], "has_more": len(rows) > EMBEDDED, "url": url}


def product(identifier: str, name: str, created: int) -> Json:
    return {
        "id": identifier,
        "object": "product",
        "active": True,
        "name": name,
        "description": None,
        "default_price": None,
        "images": [],
        "marketing_features": [],
        "metadata": {},
        "type": "service",
        "unit_label": "seat",
        "url": None,
        "livemode": False,
        "created": created,
        "updated": created,
    }


def price(identifier: str, product_id: str, currency: str, cents: int, interval: str | None, created: int) -> Json:
    recurring = None
    if interval is not None:
        recurring = {
            "interval": interval,
            "interval_count": 1,
            "meter": None,
            "trial_period_days": None,
            "usage_type": "licensed",
        }
    return {
        "id": identifier,
        "object": "price",
        "active": True,
        "billing_scheme": "per_unit",
        "created": created,
        "currency": currency,
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": None,
        "metadata": {},
        "nickname": None,
        "product": product_id,
        "recurring": recurring,
        "tax_behavior": "unspecified",
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "recurring" if recurring else "one_time",
        "unit_amount": cents,
        "unit_amount_decimal": str(cents),
    }


def customer(identifier: str, created: int, **known: Any) -> Json:
    return {
        "id": identifier,
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": created,
        "currency": "usd",
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "invoice_prefix": identifier[-8:].upper(),
        "livemode": False,
        "metadata": {},
        "name": None,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
        **known,
    }


def subscription_item(
    identifier: str, subscription_id: str, item_price: Json, quantity: int, created: int, period: tuple[int, int]
) -> Json:
    return {
        "id": identifier,
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": created,
        "current_period_start": period[0],
        "current_period_end": period[1],
        "discounts": [],
        "metadata": {},
        "price": item_price,
        "quantity": quantity,
        "subscription": subscription_id,
        "tax_rates": [],
    }


def subscription(identifier: str, customer_id: str, items: list[Json], created: int, **known: Any) -> Json:
    """A subscription. `items` are embedded capped; `known` overrides any field."""
    return {
        "id": identifier,
        "object": "subscription",
        "billing_cycle_anchor": created,
        "billing_mode": {"type": "classic"},
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "collection_method": "charge_automatically",
        "created": created,
        "currency": items[0]["price"]["currency"] if items else "usd",
        "customer": customer_id,
        "days_until_due": None,
        "description": None,
        "discounts": [],
        "ended_at": None,
        "items": embedded_list(items, f"/v1/subscription_items?subscription={identifier}"),
        "latest_invoice": None,
        "livemode": False,
        "metadata": {},
        "pause_collection": None,
        "pending_update": None,
        "schedule": None,
        "start_date": created,
        "status": "active",
        "test_clock": None,
        "trial_end": None,
        "trial_start": None,
        **known,
    }


def line_item(
    identifier: str,
    invoice_id: str,
    line_price: Json,
    quantity: int,
    amount: int,
    period: tuple[int, int],
    *,
    subscription_id: str | None = None,
    item_id: str | None = None,
    proration: bool = False,
    description: str = "",
    discount: tuple[str, int] | None = None,
) -> Json:
    """An invoice line. `discount` is (discount id, amount off)."""
    parent: Json
    if subscription_id is None:
        parent = {
            "type": "invoice_item_details",
            "invoice_item_details": {
                "invoice_item": identifier.replace("il_", "ii_"),
                "proration": False,
                "proration_details": {"credited_items": None},
                "subscription": None,
            },
            "subscription_item_details": None,
        }
    else:
        parent = {
            "type": "subscription_item_details",
            "invoice_item_details": None,
            "subscription_item_details": {
                "invoice_item": identifier.replace("il_", "ii_") if proration else None,
                "proration": proration,
                "proration_details": {"credited_items": None},
                "subscription": subscription_id,
                "subscription_item": item_id,
            },
        }
    return {
        "id": identifier,
        "object": "line_item",
        "amount": amount,
        "currency": line_price["currency"],
        "description": description,
        "discount_amounts": [{"amount": discount[1], "discount": discount[0]}] if discount else [],
        "discountable": not proration,
        "discounts": [discount[0]] if discount else [],
        "invoice": invoice_id,
        "livemode": False,
        "metadata": {},
        "parent": parent,
        "period": {"start": period[0], "end": period[1]},
        "pretax_credit_amounts": [],
        "pricing": {
            "type": "price_details",
            "price_details": {"price": line_price["id"], "product": line_price["product"]},
            "unit_amount_decimal": line_price["unit_amount_decimal"],
        },
        "quantity": quantity,
        "subscription": subscription_id,
        "taxes": [],
    }


def invoice(identifier: str, customer_id: str, lines: list[Json], created: int, **known: Any) -> Json:
    """An invoice. Amounts follow from the lines; `known` overrides any field."""
    subtotal = sum(line["amount"] for line in lines)
    off = [each for line in lines for each in line["discount_amounts"]]
    total = subtotal - sum(each["amount"] for each in off)
    due = max(0, total)
    subscription_id = next((line["subscription"] for line in lines if line["subscription"]), None)
    details: Json = {"subscription": subscription_id, "metadata": {}, "subscription_proration_date": None}
    parent: Json = {"type": "subscription_details", "subscription_details": details, "quote_details": None}
    return {
        "id": identifier,
        "object": "invoice",
        "account_country": "US",
        "account_name": "Fernwood Analytics",
        "amount_due": due,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_remaining": due,
        "amount_shipping": 0,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": True,
        "billing_reason": "subscription_cycle" if subscription_id else "manual",
        "collection_method": "charge_automatically",
        "created": created,
        "currency": lines[0]["currency"] if lines else "usd",
        "customer": customer_id,
        "customer_email": None,
        "customer_name": None,
        "description": None,
        "discounts": sorted({each["discount"] for each in off}),
        "due_date": None,
        "effective_at": created,
        "ending_balance": min(0, total),
        "hosted_invoice_url": None,
        "lines": embedded_list(lines, f"/v1/invoices/{identifier}/lines"),
        "livemode": False,
        "metadata": {},
        "next_payment_attempt": None,
        "number": identifier[-8:].upper(),
        "parent": parent if subscription_id else None,
        "period_end": created,
        "period_start": created,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "starting_balance": 0,
        "status": "open",
        "status_transitions": {
            "finalized_at": created,
            "marked_uncollectible_at": None,
            "paid_at": None,
            "voided_at": None,
        },
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal,
        "test_clock": None,
        "total": total,
        "total_discount_amounts": [dict(each) for each in off],
        "total_excluding_tax": total,
        "total_taxes": [],
        **known,
    }


def charge(identifier: str, for_invoice: Json, created: int, failure: str | None) -> Json:
    """An attempt to collect an invoice. `failure` is a decline code, or None for success."""
    ok = failure is None
    return {
        "id": identifier,
        "object": "charge",
        "amount": for_invoice["amount_due"],
        "amount_captured": for_invoice["amount_due"] if ok else 0,
        "amount_refunded": 0,
        "captured": ok,
        "created": created,
        "currency": for_invoice["currency"],
        "customer": for_invoice["customer"],
        "description": f"Payment for invoice {for_invoice['number']}",
        "disputed": False,
        "failure_code": failure,
        "failure_message": None if ok else "Your card was declined.",
        "livemode": False,
        "metadata": {},
        "outcome": {
            "network_status": "approved_by_network" if ok else "declined_by_network",
            "reason": failure,
            "type": "authorized" if ok else "issuer_declined",
        },
        "paid": ok,
        "payment_intent": identifier.replace("ch_", "pi_"),
        "refunded": False,
        "status": "succeeded" if ok else "failed",
    }


def refund(identifier: str, amount: int, created: int, **known: Any) -> Json:
    """Money on its way back, of a `charge` or a `payment_intent`."""
    return {
        "id": identifier,
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": None,
        "created": created,
        "currency": "usd",
        "destination_details": None,
        "metadata": {},
        "payment_intent": None,
        "reason": "requested_by_customer",
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
        **known,
    }


def credit_note(identifier: str, invoice_id: str, customer_id: str, amount: int, created: int, **known: Any) -> Json:
    """A credit note of an invoice that was paid before; `pre_payment_amount` is what it took off one that was not."""
    return {
        "id": identifier,
        "object": "credit_note",
        "amount": amount,
        "amount_shipping": 0,
        "created": created,
        "currency": "usd",
        "customer": customer_id,
        "customer_balance_transaction": None,
        "discount_amount": 0,
        "discount_amounts": [],
        "effective_at": created,
        "invoice": invoice_id,
        "lines": embedded_list([], f"/v1/credit_notes/{identifier}/lines"),
        "livemode": False,
        "memo": None,
        "metadata": {},
        "number": f"{identifier[-8:].upper()}-CN-01",
        "out_of_band_amount": None,
        "post_payment_amount": amount,
        "pre_payment_amount": 0,
        "reason": "order_change",
        "refunds": [],
        "status": "issued",
        "subtotal": amount,
        "total": amount,
        "type": "post_payment",
        "voided_at": None,
        **known,
    }


def dispute(identifier: str, charge_id: str, amount: int, created: int, **known: Any) -> Json:
    """A payment that the customer's bank claims back."""
    return {
        "id": identifier,
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge_id,
        "created": created,
        "currency": "usd",
        "enhanced_eligibility_types": [],
        "evidence_details": {"due_by": created + 9 * 86_400, "has_evidence": False, "past_due": False, "submission_count": 0},
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": None,
        "reason": "general",
        "status": "needs_response",
        **known,
    }


def event(identifier: str, kind: str, created: int, body: Json, previous: Json | None = None) -> Json:
    """An event: what changed, with the object as it was then."""
    data: Json = {"object": body}
    if previous is not None:
        data["previous_attributes"] = previous
    return {
        "id": identifier,
        "object": "event",
        "api_version": API_VERSION,
        "created": created,
        "data": data,
        "livemode": False,
        "pending_webhooks": 0,
        "request": {"id": None, "idempotency_key": None},
        "type": kind,
    }
