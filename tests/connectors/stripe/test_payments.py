"""Charges, refunds, credit notes and disputes: what becomes a payment issue, and what does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.connectors.stripe.account import NOW, forget_events, ids, invoice, last_cursor, plan, run

from accountpulse.connectors.stripe import payments
from accountpulse.core.clock import FixedClock
from accountpulse.plugins import Deleted, Invoice, PaymentIssue
from accountpulse.testing.vendors.stripe import StripeVendor
from accountpulse.testing.vendors.world import stripe_objects as shape

AT = 1_700_000_000


def gone(name: str) -> Deleted:
    return Deleted(PaymentIssue, name)


def charge(**known: Any) -> dict[str, Any]:
    bill = {"amount_due": 1200, "currency": "eur", "customer": "cus_1", "number": "A-1"}
    return shape.charge("ch_1", bill, AT, "insufficient_funds") | known


def test_a_declined_charge_is_an_issue_of_its_moment() -> None:
    assert payments.declined(charge()) == PaymentIssue(
        source_id="ch_1",
        raw_ref="/v1/charges/ch_1",
        account="cus_1",
        kind="failed",
        at=datetime.fromtimestamp(AT, UTC),
        amount=1200,
        currency="EUR",
        reason="insufficient_funds",
    )


def test_the_reason_of_a_block_is_taken_where_no_code_says_more() -> None:
    found = payments.declined(charge(failure_code=None, outcome={"reason": "highest_risk_level"}))
    assert isinstance(found, PaymentIssue)
    assert found.reason == "highest_risk_level"


@pytest.mark.parametrize("known", [{"status": "succeeded"}, {"status": "pending"}, {"customer": None}])
def test_other_charges_are_none(known: dict[str, Any]) -> None:
    assert payments.declined(charge(**known)) is None


def test_a_refund_belongs_to_who_paid_the_charge() -> None:
    body = shape.refund("re_1", 500, AT, charge=charge(status="succeeded"), currency="eur")
    found = payments.refund(body)
    assert isinstance(found, PaymentIssue)
    assert (found.account, found.kind, found.amount, found.reason) == ("cus_1", "refunded", 500, "requested_by_customer")
    assert payments.refund({**body, "status": "pending"}) is not None
    assert payments.refund({**body, "charge": None, "payment_intent": {"customer": "cus_2"}}) is not None
    assert payments.refund({**body, "charge": "ch_1"}) is None, "not expanded, and nobody's"


@pytest.mark.parametrize("status", ["failed", "canceled"])
def test_a_refund_that_did_not_happen_is_taken_back(status: str) -> None:
    assert payments.refund(shape.refund("re_1", 500, AT, charge=charge(), status=status)) == gone("re_1")


@pytest.mark.parametrize(
    ("known", "amount"),
    [
        ({}, 900),
        ({"refunds": [{"amount_refunded": 600, "refund": "re_1"}]}, 300),
        ({"refunds": [{"amount_refunded": 900, "refund": "re_1"}]}, None),
        ({"post_payment_amount": 0, "pre_payment_amount": 900, "type": "pre_payment"}, None),
        ({"post_payment_amount": 400, "pre_payment_amount": 500, "type": "mixed"}, 400),
        ({"status": "void"}, None),
        ({"post_payment_amount": None, "refunds": None}, 900),  # before 2025
        ({"post_payment_amount": None, "refunds": None, "refund": "re_1"}, None),
        ({"post_payment_amount": None, "refunds": None, "type": "pre_payment"}, None),
    ],
)
def test_a_credit_note_counts_for_what_it_took_off_a_paid_bill_and_did_not_refund(known: dict[str, Any], amount: int) -> None:
    found = payments.credit(shape.credit_note("cn_1", "in_1", "cus_1", 900, AT) | known)
    if amount is None:
        assert found == gone("cn_1")
    else:
        assert isinstance(found, PaymentIssue)
        assert (found.kind, found.amount, found.account, found.reason) == ("credited", amount, "cus_1", "order_change")


@pytest.mark.parametrize("status", ["needs_response", "under_review", "won", "lost"])
def test_a_dispute_counts_however_it_ends(status: str) -> None:
    found = payments.dispute(shape.dispute("du_1", "ch_1", 1200, AT, status=status) | {"charge": charge()})
    assert isinstance(found, PaymentIssue)
    assert (found.kind, found.amount, found.reason) == ("disputed", 1200, "general")


@pytest.mark.parametrize("status", ["warning_needs_response", "warning_under_review", "warning_closed", "prevented"])
def test_an_inquiry_is_no_dispute(status: str) -> None:
    assert payments.dispute(shape.dispute("du_1", "ch_1", 1200, AT, status=status) | {"charge": charge()}) == gone("du_1")


# --- through the SDK ----------------------------------------------------------------------------------------------------


def test_they_are_read_from_the_lists_and_then_from_events(vendor: StripeVendor, clock: FixedClock) -> None:
    for n in range(7):
        vendor.put("charge", {"id": f"ch_{n}", "customer": "cus_1", "failure_code": "card_declined" if n % 2 else None})
    vendor.put("refund", {"id": "re_1", "charge": "ch_0"})
    vendor.put("credit_note", {"id": "cn_1", "invoice": "in_1", "customer": "cus_1"})
    vendor.put("dispute", {"id": "du_1", "charge": "ch_2"})
    streams = ("charges", "refunds", "credit_notes", "disputes")
    first = {stream: run(vendor, clock, stream) for stream in streams}
    assert {name: sorted(set(ids(items, PaymentIssue))) for name, items in first.items()} == {
        "charges": ["ch_1", "ch_3", "ch_5"],
        "refunds": ["re_1"],
        "credit_notes": ["cn_1"],
        "disputes": ["du_1"],
    }
    clock.advance(timedelta(hours=2))
    vendor.put("charge", {"id": "ch_new", "customer": "cus_1", "failure_code": "expired_card"})
    vendor.touch("refund", "re_1", status="failed")
    vendor.touch("credit_note", "cn_1", status="void")
    vendor.touch("dispute", "du_1", status="lost", amount=700)
    then = {stream: run(vendor, clock, stream, last_cursor(first[stream])) for stream in streams}
    assert "ch_new" in ids(then["charges"], PaymentIssue)
    assert gone("re_1") in then["refunds"]
    assert gone("cn_1") in then["credit_notes"]
    assert [i.amount for i in then["disputes"] if isinstance(i, PaymentIssue)] == [700]


def test_a_slow_charge_that_fails_days_later_is_found(vendor: StripeVendor, clock: FixedClock) -> None:
    vendor.put("charge", {"id": "ch_debit", "customer": "cus_1", "status": "pending"}, at=NOW - timedelta(days=3))
    items = run(vendor, clock, "charges")
    assert ids(items, PaymentIssue) == []
    clock.advance(timedelta(days=2))
    vendor.touch("charge", "ch_debit", status="failed", failure_code="debit_not_authorized")
    assert ids(run(vendor, clock, "charges", last_cursor(items)), PaymentIssue) == ["ch_debit"]


def test_a_credit_note_on_an_open_invoice_lowers_what_it_asks_for(vendor: StripeVendor, clock: FixedClock) -> None:
    invoice(vendor, "sub_1", 0, [plan(1000)], NOW - timedelta(days=3))
    items = run(vendor, clock, "invoices")
    forget_events(vendor)  # those of the invoice itself, which the look-back would show again
    clock.advance(timedelta(hours=2))
    with vendor.lock:  # Stripe lowers it without an event of the invoice
        vendor._objects["invoice"]["in_sub_1_0"].body |= {"amount_due": 600, "amount_remaining": 600}
    known = {"post_payment_amount": 0, "pre_payment_amount": 400, "type": "pre_payment"}
    vendor.put("credit_note", {"id": "cn_1", "invoice": "in_sub_1_0", "customer": "cus_00", "amount": 400, **known})
    items = run(vendor, clock, "invoices", last_cursor(items))
    assert [i.amount for i in items if isinstance(i, Invoice)] == [600]
    assert ids(run(vendor, clock, "credit_notes"), PaymentIssue) == [], "one thing is not told twice"
