"""The seeds of fivetran/dbt_stripe: an independent opinion. What differs is listed in docs/connectors/stripe.md, with why."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from tests.connectors.stripe.test_mrr import NOW, START

from accountpulse.connectors.stripe import payments
from accountpulse.connectors.stripe.mrr import revenue
from accountpulse.plugins import PaymentIssue

SEEDS = Path(__file__).parents[4] / "shared" / "fixtures" / "dbt-seeds" / "stripe"
DOCS = Path(__file__).parents[3] / "docs" / "connectors" / "stripe.md"
MONTHS = {"month": 1.0, "year": 12.0, "week": 12 / 52}  # dbt's: a daily price is none of them, and counts as 0

pytestmark = pytest.mark.skipif(not SEEDS.exists(), reason="the dbt seeds are not here: shared/fixtures/dbt-seeds/stripe")


def rows(name: str) -> list[dict[str, str]]:
    with (SEEDS / f"{name}_data.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def dbt(prices: list[tuple[float, str, int, int]], percents: list[float] = [], amounts: list[int] = []) -> float:  # noqa: B006
    """`stripe__subscription_item_mrr_report`: prices are (unit amount, interval, interval count, quantity)."""
    contracted = sum(unit * quantity / (MONTHS[each] * count) for unit, each, count, quantity in prices if each in MONTHS)
    cycle = max((MONTHS[each] * count for _, each, count, _ in prices if each in MONTHS), default=1)
    return contracted - contracted * max(percents, default=0) / 100 - sum(amounts) / cycle


def ours(prices: list[tuple[float, str, int, int]], coupons: list[dict[str, Any]] = [], currency: str = "usd") -> int:  # noqa: B006
    items = [
        {
            "id": f"si_{n}",
            "quantity": quantity,
            "plan": {"id": f"p_{n}", "amount": unit, "interval": interval, "interval_count": count, "currency": currency},
        }
        for n, (unit, interval, count, quantity) in enumerate(prices)
    ]
    discounts = [{"id": f"di_{n}", "end": None, "coupon": coupon} for n, coupon in enumerate(coupons)]
    head = {"id": "sub_1", "status": "active", "created": START, "customer": "c", "currency": currency}
    return revenue({**head, "items": {"data": items}, "discounts": discounts}, [], NOW).now


def test_the_monthly_revenue_of_every_subscription_agrees() -> None:
    plans = {row["id"]: row for row in rows("plan")}
    held: dict[str, list[tuple[float, str, int, int]]] = defaultdict(list)
    unknown = []
    for row in rows("subscription_item"):
        plan = plans.get(row["plan_id"])
        if plan is None:
            unknown.append(row["plan_id"])
            continue
        price = (int(plan["amount"]), plan["interval"], int(plan["interval_count"]), int(row["quantity"]))
        held[row["subscription_id"]].append(price)
    found = {name: ours(prices) for name, prices in held.items()}
    assert found == {name: round(dbt(prices)) for name, prices in held.items()}
    assert (len(found), sum(found.values()), unknown) == (13, 1_183_820, ["146gcb"])
    assert f"{len(found)} subscriptions, {sum(found.values()):,} cents" in DOCS.read_text(encoding="utf-8")


def test_prices_agree_to_the_cent_that_a_month_is_rounded_to() -> None:
    found = {}
    for row in rows("price"):
        if row["recurring_interval"]:
            price = (int(row["unit_amount"]), row["recurring_interval"], int(row["recurring_interval_count"]), 1)
            assert ours([price], currency=row["currency"]) == pytest.approx(dbt([price]), abs=0.5)
            found[row["id"]] = ours([price], currency=row["currency"])
    assert found == {"price_2": 2999, "price_3": 2499, "price_4": 2667}


def test_coupons_differ_where_they_are_used_once_or_of_another_currency() -> None:
    differ = {}
    price = (10_000, "month", 1, 1)
    for row in rows("coupon"):
        percent, amount = float(row["percent_off"] or 0), int(row["amount_off"] or 0)
        coupon = {name: row[name] for name in ("id", "duration", "currency")}
        coupon |= {"percent_off": percent or None, "amount_off": amount or None}
        theirs = dbt([price], [percent], [amount])
        if ours([price], [coupon]) != pytest.approx(theirs, abs=0.5):
            differ[row["id"]] = (row["duration"], row["currency"], theirs, ours([price], [coupon]))
    assert differ == {
        "coupon_1": ("once", "usd", 9000, 10_000),
        "coupon_3": ("repeating", "gbp", 9500, 10_000),
        "coupon_4": ("once", "usd", 7500, 10_000),
        "coupon_5": ("forever", "cad", 8000, 10_000),
        "coupon_7": ("once", "aud", 9250, 10_000),
        "coupon_10": ("once", "inr", 6950, 10_000),
    }
    text = DOCS.read_text(encoding="utf-8")
    assert all(f"`{name}`" in text for name in differ), "each difference is explained"


def test_what_the_two_count_otherwise_by_rule() -> None:
    assert (dbt([(120, "day", 1, 1)]), ours([(120, "day", 1, 1)])) == (0, 3650)
    halves = [{"percent_off": 50, "duration": "forever"}, {"percent_off": 20, "duration": "forever"}]
    assert (dbt([(1000, "month", 1, 1)], [50, 20]), ours([(1000, "month", 1, 1)], halves)) == (500, 400)
    mixed = [(1000, "month", 1, 1), (12_000, "year", 1, 1)]
    off = {"amount_off": 600, "currency": "usd", "duration": "forever"}
    assert (dbt(mixed, [], [600]), ours(mixed, [off])) == (1950, 1400)


def test_declined_charges_and_disputes() -> None:
    charges = [{**row, "object": "charge", "amount": int(row["amount"]), "created": 1} for row in rows("charge")]
    found = [payments.declined({**each, "customer": each["customer_id"], "outcome": None}) for each in charges]
    assert sum(isinstance(each, PaymentIssue) for each in found) == len(charges) == 16
    payer = {"customer": "cus_1"}
    disputes = [
        {**row, "object": "dispute", "amount": int(row["amount"]), "created": 1, "charge": payer} for row in rows("dispute")
    ]
    status = {each["id"]: each["status"] for each in disputes if not isinstance(payments.dispute(each), PaymentIssue)}
    assert status == {"du_0LuGbbig6peNXzgDjHA4RfoT": "warning_needs_response"}, "an inquiry is no chargeback"
    notes = [
        {**row, "object": "credit_note", "amount": int(row["amount"]), "refund": row["refund_id"]}
        for row in rows("credit_note")
    ]
    assert not any(isinstance(payments.credit(each), PaymentIssue) for each in notes), (
        "both were refunded, which the refund tells"
    )
