"""The rules of docs/connectors/stripe.md, one by one: what a subscription brings a month, and when that moved."""

from __future__ import annotations

from typing import Any

import pytest
from tests.connectors.stripe.test_mrr import MONTH, NOW, bill, changes, discount, line, mrr, price, shown, subscription, unix

from accountpulse.connectors.stripe.mapping import invoice_record, subscription_records
from accountpulse.connectors.stripe.money import minor
from accountpulse.plugins import Invoice, Subscription
from accountpulse.testing.vendors.world import stripe_objects as shape

JAN, FEB, MAR, APR = (unix(2026, month, 1) for month in (1, 2, 3, 4))


def test_each_item_counts_by_its_own_interval_and_quantity() -> None:
    items = [
        {"price": price(1000), "quantity": 3},
        {"price": price(12_000, "year"), "quantity": 2},
        {"price": price(1200, "week"), "quantity": 1},
        {"price": price(120, "day"), "quantity": 1},
    ]
    assert mrr(subscription(*items)) == 3000 + 2000 + 5200 + 3650


@pytest.mark.parametrize(("before", "after", "kind"), [(3, 5, "expansion"), (5, 2, "contraction")])
def test_a_quantity_that_changes_is_a_movement_of_the_day_it_changed(before: int, after: int, kind: str) -> None:
    mid = unix(2026, 1, 20)
    bills = [
        bill(JAN, line(1000 * before, JAN, FEB)),
        bill(FEB, line(-400, mid, FEB, proration=True), line(700, mid, FEB, proration=True), line(1000 * after, FEB, MAR)),
    ]
    sub = subscription({"price": price(1000), "quantity": after})
    assert shown(sub, *bills) == [("new", 1000 * before, "2026-01-01"), (kind, 1000 * (after - before), "2026-01-20")]


def test_an_item_added_and_an_item_taken_away_on_one_day_are_one_movement() -> None:
    bills = [bill(JAN, line(1000, JAN, FEB)), bill(FEB, line(4000, FEB, MAR, item="si_1"))]
    held = subscription({"price": price(4000), "quantity": 1, "id": "si_1"})
    held["items"]["data"][0]["id"] = "si_1"
    assert shown(held, *bills) == [("new", 1000, "2026-01-01"), ("expansion", 3000, "2026-02-01")]


@pytest.mark.parametrize(
    ("coupon", "discounted"),
    [({"percent_off": 25}, 1500), ({"amount_off": 600, "currency": "usd"}, 1400)],
)
@pytest.mark.parametrize("duration", ["forever", "repeating", "once"])
def test_a_discount_counts_while_it_lasts_and_one_used_once_does_not(
    coupon: dict[str, Any], discounted: int, duration: str
) -> None:
    off = discount("di_1", duration=duration, **coupon)
    sub = subscription({"price": price(2000), "quantity": 1}, discounts=[off])
    assert mrr(sub) == (2000 if duration == "once" else discounted)
    if duration == "repeating":
        assert mrr(sub | {"discounts": [off | {"end": unix(2026, 11, 1)}]}) == 2000


def test_a_discount_that_ran_out_is_an_expansion_of_the_day_it_ended() -> None:
    oct1, nov1, ended = unix(2026, 10, 1), unix(2026, 11, 1), unix(2026, 11, 15)
    off = discount("di_1", percent_off=50, duration="repeating")
    before = bill(oct1, line(2000, oct1, nov1, discount_amounts=[{"amount": 1000, "discount": "di_1"}])) | {"discounts": [off]}
    sub = subscription({"price": price(2000), "quantity": 1}, discounts=[off | {"end": ended}])
    assert shown(sub, before) == [("new", 1000, "2026-10-01"), ("expansion", 1000, "2026-11-15")]


def test_a_customers_discount_counts_for_what_has_none_of_its_own() -> None:
    customer = {"id": "cus_1", "object": "customer", "discount": discount("di_c", percent_off=20)}
    item = {"price": price(1000), "quantity": 1}
    assert mrr(subscription(item, customer=customer)) == 800
    assert mrr(subscription(item, customer=customer, discounts=[discount(percent_off=50)])) == 500
    found = next(iter(subscription_records(subscription(item, customer=customer), [], NOW)))
    assert isinstance(found, Subscription)
    assert found.account == "cus_1"


def test_a_trial_brings_nothing_until_it_is_paid_for() -> None:
    trial = subscription({"price": price(1000), "quantity": 1}, status="trialing", trial_end=FEB)
    assert shown(trial, bill(JAN, line(0, JAN, FEB))) == []
    paid = trial | {"status": "active"}
    assert shown(paid, bill(JAN, line(0, JAN, FEB)), bill(FEB, line(1000, FEB, MAR))) == [("new", 1000, "2026-02-01")]
    assert shown(paid, bill(JAN, line(0, JAN, FEB))) == [("new", 1000, "2026-02-01")], "converted, the invoice still a draft"


def test_a_pause_is_churn_and_its_end_a_reactivation() -> None:
    sub = subscription({"price": price(1000), "quantity": 1}, pause_collection={"behavior": "void", "resumes_at": None})
    assert [(c.kind, c.mrr_delta) for c in changes(sub, bill(JAN, line(1000, JAN, FEB)))] == [("new", 1000), ("churn", -1000)]
    resumed = sub | {"pause_collection": None}
    bills = [
        bill(JAN, line(1000, JAN, FEB)),
        bill(MAR, line(0, MAR, APR)),
        bill(APR, line(1000, APR, APR + MONTH)),
    ]
    assert [c.kind for c in changes(resumed, *bills)] == ["new", "churn", "reactivation"]


@pytest.mark.parametrize(
    ("status", "kept"), [("past_due", True), ("active", True), ("unpaid", False), ("paused", False), ("canceled", False)]
)
def test_who_is_late_still_counts_and_who_stopped_paying_does_not(status: str, kept: bool) -> None:
    sub = subscription({"price": price(1000), "quantity": 1}, status=status, ended_at=MAR)
    found = changes(sub, bill(JAN, line(1000, JAN, FEB), status="open"))
    assert [c.kind for c in found] == (["new"] if kept else ["new", "churn"])
    assert sum(c.mrr_delta for c in found) == (1000 if kept else 0)


@pytest.mark.parametrize("status", ["incomplete", "incomplete_expired"])
def test_who_never_paid_first_never_moved_anything(status: str) -> None:
    sub = subscription({"price": price(1000), "quantity": 1}, status=status, ended_at=JAN + 86_400)
    assert changes(sub, bill(JAN, line(1000, JAN, FEB), status="open")) == []


def test_a_cancellation_at_the_end_of_the_period_counts_until_then() -> None:
    sub = subscription({"price": price(1000), "quantity": 1}, cancel_at_period_end=True, cancel_at=MAR, canceled_at=FEB)
    bills = [bill(JAN, line(1000, JAN, FEB)), bill(FEB, line(1000, FEB, MAR))]
    assert shown(sub, *bills) == [("new", 1000, "2026-01-01")]
    ended = sub | {"status": "canceled", "ended_at": MAR}
    assert shown(ended, *bills) == [("new", 1000, "2026-01-01"), ("churn", -1000, "2026-03-01")]


def test_tax_is_left_out_whether_it_is_added_or_included() -> None:
    taxed = line(1000, JAN, FEB, taxes=[{"amount": 190, "tax_behavior": "exclusive"}])
    sub = subscription({"price": price(1000), "quantity": 1})
    assert shown(sub, bill(JAN, taxed) | {"total": 1190, "total_excluding_tax": 1000}) == [("new", 1000, "2026-01-01")]


def test_tiers_and_usage_move_with_each_invoice() -> None:
    metered = price(5, recurring={"interval": "month", "interval_count": 1, "usage_type": "metered"})
    sub = subscription({"price": metered})
    bills = [bill(FEB, line(700, JAN, FEB)), bill(MAR, line(900, FEB, MAR))]
    assert shown(sub, *bills) == [("new", 700, "2026-02-01"), ("expansion", 200, "2026-03-01")]


# --- currencies ---------------------------------------------------------------------------------------------------------

CURRENCIES = [
    ("usd", 1234, 1234),
    ("jpy", 1234, 1234),  # no decimals
    ("krw", 50_000, 50_000),
    ("kwd", 12_340, 12_340),  # three, of which Stripe wants the last to be 0
    ("isk", 500_00, 500),  # none, and Stripe writes two
    ("ugx", 500_00, 500),
    ("mga", 500, 500_00),  # two by ISO 4217, and Stripe writes none
    ("huf", 1234_00, 1234_00),  # two; none in payouts only
    ("twd", 1234_00, 1234_00),
    ("xaf", 700, 700),
]


@pytest.mark.parametrize(("currency", "stripes", "ours"), CURRENCIES)
def test_amounts_are_in_the_minor_units_of_iso_4217(currency: str, stripes: int, ours: int) -> None:
    assert minor(stripes, currency) == ours
    sub = subscription({"price": price(stripes, currency=currency), "quantity": 1}, currency=currency)
    found = changes(sub, bill(JAN, line(stripes, JAN, FEB)))
    assert [(c.mrr_delta, c.currency) for c in found] == [(ours, currency.upper())]
    row = shape.price("price_1", "prod_service", currency, stripes, None, 1)
    lines = [shape.line_item("il_1", "in_1", row, 1, stripes, (10, 10))]
    record = invoice_record(shape.invoice("in_1", "cus_1", lines, JAN), frozenset({"prod_service"}))
    assert isinstance(record, Invoice)
    assert (record.amount, record.services_amount, record.currency) == (ours, ours, currency.upper())


def test_movements_add_up_where_a_month_is_no_whole_unit() -> None:
    sub = subscription({"price": price(1000_00, "year", currency="isk"), "quantity": 1}, currency="isk")
    bills = [bill(JAN, line(700_00, JAN, unix(2027, 1, 1)))]
    found = changes(sub, *bills)
    assert [c.mrr_delta for c in found] == [58, 25]
    assert sum(c.mrr_delta for c in found) == mrr(sub, *bills) == 83
