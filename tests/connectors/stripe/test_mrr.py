"""Monthly recurring revenue: what counts, and that its history always adds up."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accountpulse.connectors.stripe.mapping import subscription_records
from accountpulse.connectors.stripe.mrr import revenue
from accountpulse.connectors.stripe.shapes import interval_share, period_share
from accountpulse.plugins import Deleted, InvalidRecord, Subscription, SubscriptionChange

NOW = datetime(2026, 11, 21, tzinfo=UTC)
START = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
MONTH = 30 * 86_400


def unix(*when: int) -> int:
    return int(datetime(*when, tzinfo=UTC).timestamp())  # type: ignore[arg-type]  # (year, month, day)


def price(cents: Any, interval: str = "month", count: int = 1, **more: Any) -> dict[str, Any]:
    recurring = {"interval": interval, "interval_count": count, "usage_type": "licensed"}
    return {
        "id": f"price_{cents}_{interval}_{count}",
        "currency": "usd",
        "product": "prod_1",
        "recurring": recurring,
        "unit_amount": cents,
        "billing_scheme": "per_unit",
    } | more


def subscription(*items: dict[str, Any], **more: Any) -> dict[str, Any]:
    rows = [{"id": f"si_{n}", **item} for n, item in enumerate(items)]
    return {
        "id": "sub_1",
        "customer": "cus_1",
        "currency": "usd",
        "status": "active",
        "created": START,
        "start_date": START,
        "items": {"data": rows, "has_more": False},
    } | more


def line(cents: int, start: int, end: int, *, item: str = "si_0", proration: bool = False, **more: Any) -> dict[str, Any]:
    """A line in today's shape."""
    details = {"subscription": "sub_1", "subscription_item": item, "proration": proration}
    return {
        "amount": cents,
        "period": {"start": start, "end": end},
        "parent": {"type": "subscription_item_details", "subscription_item_details": details},
        "pricing": {"type": "price_details", "price_details": {"price": "price_of_then", "product": "prod_1"}},
    } | more


def bill(at: int, *lines: dict[str, Any], status: str = "paid", name: str | None = None) -> dict[str, Any]:
    return {"id": name or f"in_{at}", "created": at, "status": status, "lines": {"data": list(lines)}}


def mrr(sub: dict[str, Any], *invoices: dict[str, Any]) -> int:
    return revenue(sub, invoices, NOW).now


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"price": price(1000), "quantity": 3}, 3000),
        ({"price": price(12000, "year"), "quantity": 1}, 1000),
        ({"price": price(24000, "year", 2), "quantity": 1}, 1000),
        ({"price": price(3000, "month", 3), "quantity": 2}, 2000),
        ({"price": price(1200, "week"), "quantity": 1}, 5200),
        ({"price": price(1200, "week", 2), "quantity": 1}, 2600),
        ({"price": price(120, "day"), "quantity": 1}, 3650),
        ({"price": price(100)}, 100),
        ({"price": price(100), "quantity": 0}, 0),
        ({"price": price(1, unit_amount_decimal="0.5"), "quantity": 1000}, 500),
        ({"price": price(100, transform_quantity={"divide_by": 10, "round": "up"}), "quantity": 11}, 200),
        ({"price": price(100, transform_quantity={"divide_by": 10, "round": "down"}), "quantity": 19}, 100),
        ({"price": price(5000, currency="jpy"), "quantity": 1}, 5000),
        ({"price": {**price(9900), "recurring": None}, "quantity": 1}, 0),
        (
            {"plan": {"id": "old", "amount": 6000, "interval": "year", "interval_count": 1, "currency": "usd"}, "quantity": 2},
            1000,
        ),
    ],
)
def test_a_price_is_spread_over_its_months(item: dict[str, Any], expected: int) -> None:
    assert mrr(subscription(item)) == expected


def test_half_a_cent_rounds_up_and_items_are_added_before_rounding() -> None:
    third = {"price": price(100, "month", 3), "quantity": 1}
    assert mrr(subscription(third, third, third)) == 100
    assert mrr(subscription({"price": price(1, "month", 2), "quantity": 1})) == 1


@pytest.mark.parametrize("status", ["trialing", "paused", "unpaid", "incomplete", "incomplete_expired", "canceled"])
def test_only_active_and_past_due_bring_revenue(status: str) -> None:
    item = {"price": price(1000), "quantity": 1}
    assert mrr(subscription(item, status=status, ended_at=START + 1)) == 0
    assert mrr(subscription(item, status="past_due")) == 1000
    assert mrr(subscription(item, pause_collection={"behavior": "void"})) == 0
    assert mrr(subscription(item, cancel_at_period_end=True, cancel_at=unix(2027, 1, 1))) == 1000


def discount(name: str = "di_1", **coupon: Any) -> dict[str, Any]:
    return {"id": name, "end": None, "source": {"type": "coupon", "coupon": {"duration": "forever", **coupon}}}


@pytest.mark.parametrize(
    ("discounts", "expected"),
    [
        ([discount(percent_off=20)], 1600),
        ([discount(amount_off=300, currency="usd")], 1700),
        ([discount("di_2", amount_off=300, currency="usd"), discount(percent_off=50)], 700),
        ([discount(percent_off=20, duration="once")], 2000),
        ([discount(percent_off=20) | {"end": unix(2026, 11, 20)}], 2000),
        ([discount(percent_off=20) | {"end": unix(2026, 11, 22)}], 1600),
        ([discount(amount_off=300, currency="eur")], 2000),
        ([discount(amount_off=300, currency="eur", currency_options={"usd": {"amount_off": 400}})], 1600),
        ([discount(amount_off=99_999, currency="usd")], 0),
        ([discount(percent_off=20, applies_to={"products": ["prod_other"]})], 2000),
        (["di_not_expanded"], 2000),
        ([{"id": "di_old", "end": None, "coupon": {"percent_off": 25, "duration": "forever"}}], 1500),
    ],
)
def test_percentages_come_off_before_amounts(discounts: list[Any], expected: int) -> None:
    sub = subscription({"price": price(2000), "quantity": 1})
    assert mrr(sub | {"discounts": discounts}) == expected
    if len(discounts) == 1:
        assert mrr(sub | {"discount": discounts[0]}) == expected, "the 2022 shape has one discount"


def test_an_amount_comes_off_each_bill_of_a_yearly_price() -> None:
    sub = subscription({"price": price(24000, "year"), "quantity": 1}, discounts=[discount(amount_off=1200, currency="usd")])
    assert mrr(sub) == 1900


def test_metered_and_tiered_items_count_as_last_invoiced() -> None:
    metered = price(5, recurring={"interval": "month", "interval_count": 1, "usage_type": "metered"})
    sub = subscription({"price": metered}, {"price": price(None, billing_scheme="tiered"), "quantity": 4})
    first, second = unix(2026, 9, 1), unix(2026, 10, 1)
    bills = [
        bill(first, line(700, unix(2026, 8, 1), first), line(900, first, second, item="si_1")),
        bill(second, line(800, first, second), line(1000, second, unix(2026, 11, 1), item="si_1")),
    ]
    assert mrr(sub) == 0
    assert mrr(sub, *bills) == 1800


@pytest.mark.parametrize(
    ("start", "end", "share"),
    [
        ((2026, 1, 15), (2026, 2, 15), Fraction(1)),
        ((2026, 1, 31), (2026, 2, 28), Fraction(1)),
        ((2026, 2, 28), (2026, 3, 31), Fraction(1)),
        ((2026, 1, 1), (2026, 4, 1), Fraction(1, 3)),
        ((2026, 1, 1), (2027, 1, 1), Fraction(1, 12)),
        ((2024, 2, 29), (2025, 2, 28), Fraction(1, 12)),
        ((2026, 1, 1), (2026, 1, 8), interval_share("week", 1)),
        ((2026, 1, 1), (2026, 1, 15), interval_share("week", 2)),
        ((2026, 1, 1), (2026, 1, 2), interval_share("day", 1)),
        ((2026, 1, 1), (2026, 1, 1), Fraction(1)),
    ],
)
def test_the_interval_is_read_off_a_period(start: tuple[int, ...], end: tuple[int, ...], share: Fraction) -> None:
    assert period_share(unix(*start), unix(*end)) == share


# --- history --------------------------------------------------------------------------------------------------------------


def changes(sub: dict[str, Any], *invoices: dict[str, Any]) -> list[SubscriptionChange]:
    return [r for r in subscription_records(sub, invoices, NOW) if isinstance(r, SubscriptionChange)]


def shown(sub: dict[str, Any], *invoices: dict[str, Any]) -> list[tuple[str, int, str]]:
    return [(c.kind, c.mrr_delta, c.at.date().isoformat()) for c in changes(sub, *invoices)]


def test_a_life_is_told_by_its_invoices() -> None:
    trial, jan, feb, mar, end = unix(2026, 1, 1), unix(2026, 1, 15), unix(2026, 2, 15), unix(2026, 3, 15), unix(2026, 4, 2)
    upgraded = unix(2026, 2, 20)
    bills = [
        bill(trial, line(0, trial, jan)),
        bill(jan, line(1000, jan, feb)),
        bill(feb, line(1000, feb, mar)),
        bill(mar, line(-800, upgraded, mar, proration=True), line(3000, mar, unix(2026, 4, 15))),
    ]
    sub = subscription({"price": price(3000), "quantity": 1}, status="canceled", ended_at=end, canceled_at=unix(2026, 3, 20))
    assert shown(sub, *bills) == [
        ("new", 1000, "2026-01-15"),
        ("expansion", 2000, "2026-02-20"),
        ("churn", -3000, "2026-04-02"),
    ]


def test_an_end_that_is_moved_is_one_movement() -> None:
    jan = unix(2026, 1, 1)
    sub = subscription({"price": price(1000), "quantity": 1}, status="canceled", ended_at=unix(2026, 3, 1))
    invoice = bill(jan, line(1000, jan, jan + MONTH))
    moved = changes(sub | {"ended_at": unix(2026, 4, 1)}, invoice)
    assert [change.source_id for change in changes(sub, invoice)] == [change.source_id for change in moved]
    assert moved[-1].source_id == "sub_1@end"


def test_a_yearly_item_counts_between_its_bills() -> None:
    jan, feb, mar = unix(2026, 1, 1), unix(2026, 2, 1), unix(2026, 3, 1)
    yearly = line(12000, jan, unix(2027, 1, 1), item="si_1")
    sub = subscription({"price": price(500), "quantity": 1}, {"price": price(12000, "year"), "quantity": 1})
    bills = [bill(jan, line(500, jan, feb), yearly), bill(feb, line(500, feb, mar))]
    assert shown(sub, *bills) == [("new", 1500, "2026-01-01")]


def test_a_change_not_yet_invoiced_is_dated_by_its_event() -> None:
    jan, feb = unix(2026, 1, 1), unix(2026, 2, 1)
    sub = subscription({"price": price(2500), "quantity": 1})
    found = list(subscription_records(sub, [bill(jan, line(1000, jan, feb))], NOW, changed_at=lambda: unix(2026, 1, 20)))
    last = found[-1]
    assert isinstance(last, SubscriptionChange)
    assert (last.source_id, last.kind, last.mrr_delta, last.at.date().isoformat()) == (
        "sub_1@current", "expansion", 1500, "2026-01-20",
    )  # fmt: skip


def test_a_discount_that_is_used_once_is_neither_revenue_nor_movement() -> None:
    jan, feb, mar = unix(2026, 1, 1), unix(2026, 2, 1), unix(2026, 3, 1)
    once = discount("di_once", percent_off=50, duration="once")
    first = bill(jan, line(1000, jan, feb, discount_amounts=[{"amount": 500, "discount": "di_once"}])) | {"discounts": [once]}
    sub = subscription({"price": price(1000), "quantity": 1})
    assert shown(sub, first, bill(feb, line(1000, feb, mar))) == [("new", 1000, "2026-01-01")]


def test_a_subscription_that_never_started_has_no_movements() -> None:
    jan = unix(2026, 1, 1)
    sub = subscription({"price": price(1000), "quantity": 1}, status="incomplete")
    assert changes(sub, bill(jan, line(1000, jan, jan + MONTH), status="open")) == []


def test_drafts_void_bills_and_one_time_lines_do_not_count() -> None:
    jan, feb = unix(2026, 1, 1), unix(2026, 2, 1)
    extra = {"amount": 9000, "parent": {"type": "invoice_item_details", "invoice_item_details": {"subscription": "sub_1"}}}
    sub = subscription({"price": price(1000), "quantity": 1})
    bills = [
        bill(jan, line(1000, jan, feb), extra),
        bill(feb, line(7000, feb, feb + MONTH), status="void"),
        bill(feb + 9, line(8000, feb, feb + MONTH), status="draft"),
    ]
    assert shown(sub, *bills) == [("new", 1000, "2026-01-01")]


def test_a_subscription_without_a_customer_goes_to_quarantine() -> None:
    (found,) = subscription_records(subscription(customer=None), [], NOW)
    assert isinstance(found, InvalidRecord)
    assert "no customer" in str(found)


amounts = st.integers(0, 5000)


@st.composite
def steps_of_a_life(draw: st.DrawFn) -> list[tuple[str, int, bool]]:
    """What happens month by month: (what, amount, whether with a proration line)."""
    what = st.sampled_from(["renew", "change", "void", "pause", "resume", "touch"])
    return draw(st.lists(st.tuples(what, amounts, st.booleans()), min_size=1, max_size=14))


@given(steps_of_a_life(), st.booleans())
def test_movements_add_up_at_every_reading_and_readings_converge(life: list[tuple[str, int, bool]], ends: bool) -> None:
    """A store that takes each reading as upserts and deletions holds exactly what a fresh reading shows, and it adds up."""
    store: dict[str, SubscriptionChange] = {}
    invoices: list[dict[str, Any]] = []
    sub = subscription({"price": price(1000), "quantity": 1})
    amount, at = 1000, START

    def read() -> None:
        fresh: dict[str, SubscriptionChange] = {}
        now = None
        for record in subscription_records(sub, invoices, NOW):
            match record:
                case Deleted():
                    assert record.source_id not in fresh
                    store.pop(record.source_id, None)
                case SubscriptionChange():
                    assert record.source_id not in fresh, "an id must name one movement"
                    assert record.mrr_delta != 0
                    fresh[record.source_id] = store[record.source_id] = record
                case Subscription():
                    now = record.mrr
        assert sum(change.mrr_delta for change in store.values()) == now
        assert store == fresh

    read()
    for what, value, prorated in life:
        at += MONTH
        if what == "renew":
            lines = [line(amount, at, at + MONTH, price={"id": "p", "recurring": {"interval": "month"}})]
            if prorated:
                lines.append(line(-5, at - MONTH // 2, at, proration=True))
            invoices = [*invoices, bill(at, *lines)]
        elif what == "change":
            amount = value
            sub = subscription({"price": price(value), "quantity": 1})
        elif what == "void" and invoices:
            chosen = value % len(invoices)
            invoices = [{**b, "status": "void"} if n == chosen else b for n, b in enumerate(invoices)]
        elif what in ("pause", "resume"):
            sub = {**sub, "pause_collection": {"behavior": "void"} if what == "pause" else None}
        read()
    if ends:
        sub = {**sub, "status": "canceled", "ended_at": at + MONTH}
        read()
        assert sum(change.mrr_delta for change in store.values()) == 0
