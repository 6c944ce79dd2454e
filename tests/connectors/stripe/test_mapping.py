"""Stripe's JSON to records, in today's shape and in that of 2022."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from accountpulse.connectors.stripe import payments
from accountpulse.connectors.stripe.mapping import customer_account, invoice_record, subscription_records
from accountpulse.connectors.stripe.mrr import revenue
from accountpulse.plugins import Account, Deleted, InvalidRecord, Invoice, PaymentIssue, Subscription
from accountpulse.testing.vendors.world import stripe_objects as shape

NOW = datetime(2026, 11, 21, tzinfo=UTC)
FIXTURES = Path(__file__).parents[4] / "shared" / "fixtures"
KEYS = ("salesforce_account_id", "account_id")


def test_a_customer_brings_its_references_and_no_guessed_domain() -> None:
    metadata = {"account_id": "A-1", "salesforce_account_id": "001", "website": "acme.example, acme.test", "tier": "gold"}
    body = shape.customer("cus_1", 1_700_000_000, name="Acme", email="bill@agency.example", metadata=metadata)
    found = customer_account(body, KEYS)
    assert isinstance(found, Account)
    assert found.references == ("001", "A-1")
    assert found.domains == ("acme.example", "acme.test")
    assert found.emails == ("bill@agency.example",)
    assert found.custom == {"tier": "gold"}
    assert found.created_at == datetime.fromtimestamp(1_700_000_000, UTC)


def test_a_deleted_customer_is_a_deletion() -> None:
    assert customer_account({"id": "cus_1", "object": "customer", "deleted": True}, KEYS) == Deleted(Account, "cus_1")


def invoice(**known: Any) -> dict[str, Any]:
    price = shape.price("price_1", "prod_service", "usd", 5000, None, 1)
    plan = shape.price("price_2", "prod_plan", "usd", 1000, "month", 1)
    lines = [
        shape.line_item("il_1", "in_1", price, 1, 5000, (10, 10), discount=("di_1", 500)),
        shape.line_item("il_2", "in_1", plan, 1, 1000, (10, 20), subscription_id="sub_1", item_id="si_1"),
    ]
    return shape.invoice("in_1", "cus_1", lines, 1_700_000_000, attempt_count=2, **known)


def test_an_invoice_of_today() -> None:
    moments = {"finalized_at": 1_700_003_600, "paid_at": 1_700_009_000, "voided_at": None, "marked_uncollectible_at": None}
    found = invoice_record(invoice(status="paid", status_transitions=moments), frozenset({"prod_service"}))
    assert found == Invoice(
        source_id="in_1",
        raw_ref="/v1/invoices/in_1",
        account="cus_1",
        number="IN_1",
        issued_at=datetime.fromtimestamp(1_700_003_600, UTC),
        due_at=datetime.fromtimestamp(1_700_003_600, UTC),
        paid_at=datetime.fromtimestamp(1_700_009_000, UTC),
        amount=5500,
        services_amount=4500,
        currency="USD",
        attempts=2,
    )


def test_drafts_are_no_records_and_uncollectible_ones_stay_unpaid() -> None:
    assert invoice_record(invoice(status="draft")) is None
    lost = invoice_record(invoice(status="uncollectible", due_date=1_700_500_000))
    assert isinstance(lost, Invoice)
    assert lost.paid_at is None
    assert lost.due_at == datetime.fromtimestamp(1_700_500_000, UTC)
    assert isinstance(invoice_record(invoice(status="open", customer=None)), InvalidRecord)


def test_a_subscription_of_today() -> None:
    price = shape.price("price_1", "prod_plan", "eur", 12_000, "year", 1)
    item = shape.subscription_item("si_1", "sub_1", price, 7, 1_700_000_000, (1_700_000_000, 1_731_536_000))
    body = shape.subscription("sub_1", "cus_1", [item], 1_700_000_000)
    found = next(iter(subscription_records(body, [], NOW, products={"prod_plan": "Pulse Business"})))
    assert isinstance(found, Subscription)
    assert (found.plan, found.status, found.seats, found.mrr, found.currency) == ("Pulse Business", "active", 7, 7000, "EUR")
    assert found.renews_at == datetime.fromtimestamp(1_731_536_000, UTC)
    leaving = next(iter(subscription_records({**body, "cancel_at_period_end": True}, [], NOW)))
    assert isinstance(leaving, Subscription)
    assert leaving.renews_at is None
    assert leaving.mrr == 7000


@pytest.fixture(scope="session")
def of_2022() -> dict[str, Any]:
    path = FIXTURES / "stripe" / "fixtures3.2022-04-12.json"
    if not path.exists():
        pytest.skip(f"Stripe's fixtures of 2022 are not here: {path.name}")
    resources: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["resources"]
    return resources


def test_the_2022_shapes(of_2022: dict[str, Any]) -> None:
    assert isinstance(customer_account(of_2022["customer"], KEYS), Account)
    assert isinstance(customer_account(of_2022["deleted_customer"], KEYS), Deleted)
    found = next(iter(subscription_records(of_2022["subscription"], [], NOW)))
    assert isinstance(found, Subscription)
    assert (found.mrr, found.currency, found.seats, found.account) == (2000, "USD", 1, "cus_LTOMaDA1ov9ZEp")


def test_the_2022_invoice(of_2022: dict[str, Any]) -> None:
    body = copy.deepcopy(of_2022["invoice"])
    assert invoice_record(body) is None, "the fixture is a draft"
    product = body["lines"]["data"][0]["price"]["product"]
    body |= {"status": "paid", "paid": True}
    body["status_transitions"] |= {"finalized_at": 1_234_567_900, "paid_at": 1_234_569_999}
    found = invoice_record(body, frozenset({product}))
    assert isinstance(found, Invoice)
    assert (found.amount, found.services_amount, found.currency) == (1000, 1000, "USD")
    assert found.paid_at == datetime.fromtimestamp(1_234_569_999, UTC)


def test_history_from_2022_lines(of_2022: dict[str, Any]) -> None:
    sub = copy.deepcopy(of_2022["subscription"]) | {"ended_at": None, "canceled_at": None, "cancel_at": None}
    template = copy.deepcopy(of_2022["invoice"])
    item = sub["items"]["data"][0]
    row = copy.deepcopy(template["lines"]["data"][0])
    row |= {
        "type": "subscription",
        "subscription": sub["id"],
        "subscription_item": item["id"],
        "price": item["price"],
        "amount": 500,
    }
    bill = template | {"status": "open", "created": 1_234_567_890, "lines": {"data": [row]}, "subscription": sub["id"]}
    money = revenue(sub, [bill], NOW)
    assert [point.mrr for point in money.points] == [500]
    assert money.now == 2000


def test_the_payment_objects_of_2022(of_2022: dict[str, Any]) -> None:
    charge = of_2022["charge"] | {"status": "failed", "failure_code": "card_declined", "customer": "cus_1"}
    declined_once = payments.declined(charge)
    assert isinstance(declined_once, PaymentIssue)
    assert (declined_once.amount, declined_once.currency, declined_once.reason) == (100, "USD", "card_declined")
    assert payments.declined(of_2022["charge"]) is None
    for found, kind, amount in (
        (payments.refund(of_2022["refund"] | {"charge": charge}), "refunded", 100),
        (payments.dispute(of_2022["dispute"] | {"charge": charge, "status": "lost"}), "disputed", 1000),
        (payments.credit(of_2022["credit_note"] | {"type": "post_payment"}), "credited", 1690),
    ):
        assert isinstance(found, PaymentIssue)
        assert (found.kind, found.amount) == (kind, amount)
    assert payments.credit(of_2022["credit_note"]) == Deleted(PaymentIssue, of_2022["credit_note"]["id"]), "before payment"


def test_the_simulator_has_the_fields_that_are_read_of_stripes_own_fixtures(of_2022: dict[str, Any]) -> None:
    """What both the fixture of 2022 and the mapping know is spelt and typed the same in the simulator."""
    made = {
        "customer": shape.customer("cus_1", 1),
        "refund": shape.refund("re_1", 1, 1),
        "dispute": shape.dispute("du_1", "ch_1", 1, 1),
        "credit_note": shape.credit_note("cn_1", "in_1", "cus_1", 1, 1),
        "charge": shape.charge("ch_1", invoice(), 1, None),
    }
    read = {
        "customer": {"id", "name", "description", "email", "metadata", "created", "discount"},
        "refund": {"id", "object", "amount", "created", "currency", "charge", "payment_intent", "reason", "status"},
        "dispute": {"id", "object", "amount", "created", "currency", "charge", "payment_intent", "reason", "status"},
        "credit_note": {"id", "object", "amount", "created", "currency", "customer", "invoice", "reason", "status", "type"},
        "charge": {"id", "object", "amount", "created", "currency", "customer", "failure_code", "outcome", "status"},
    }
    for kind, names in read.items():
        assert names <= of_2022[kind].keys(), kind
        assert names <= made[kind].keys(), kind
        for name in names:
            theirs, ours = of_2022[kind][name], made[kind][name]
            assert theirs is None or ours is None or type(theirs) is type(ours), (kind, name)
