"""Stripe's webhooks: who may send, what a delivery means, and that lost, late and repeated ones do no harm."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import stripe
from tests.connectors.stripe.account import NOW, connect, customers, invoice, plan, subscribe

from accountpulse.connectors.stripe.source import Stripe
from accountpulse.core.clock import FixedClock
from accountpulse.core.store import connections as store_connections
from accountpulse.core.store.database import Store
from accountpulse.core.store.facts import FACTS
from accountpulse.core.sync.engine import Source, SyncEngine
from accountpulse.core.sync.inbox import drain, receive
from accountpulse.core.sync.specs import spec_of
from accountpulse.plugins import (
    Account,
    AuthError,
    Deleted,
    InboundRequest,
    InvalidRecord,
    Invoice,
    Message,
    PaymentIssue,
    Subscription,
)
from accountpulse.testing.vendors.stripe import StripeVendor
from accountpulse.testing.vendors.world import stripe_objects as shape

SECRET, OLD = "whsec_canary_now", "whsec_canary_before"


def signed(body: str | bytes, clock: FixedClock, *, secret: str = SECRET, ago: float = 0, header: str | None = None) -> Any:
    """A delivery as Stripe signs it, by the SDK's own code."""
    text = body if isinstance(body, str) else body.decode("utf-8", "replace")
    at = int(clock.now().timestamp() - ago)
    made = stripe.WebhookSignature.generate_signature_header(text, secret, at) if header is None else header
    raw = body.encode() if isinstance(body, str) else body
    return InboundRequest("POST", "webhook", {"stripe-signature": made}, raw, clock.now())


def snapshot(vendor: StripeVendor, name: str) -> str:
    """The newest event about an object, as Stripe sends it."""
    found = [vendor.get("event", each) for each in vendor.ids("event")]
    return json.dumps([event for event in found if event["data"]["object"].get("id") == name][-1])


def thin(kind: str, name: str, what: str) -> str:
    related = {"id": name, "type": kind, "url": f"/v1/{kind}s/{name}"}
    head = {"id": f"evt_thin_{name}", "object": "v2.core.event", "type": what, "livemode": False}
    return json.dumps({**head, "created": "2026-11-21T12:00:00.000Z", "related_object": related})


@pytest.fixture
def connector(vendor: StripeVendor, clock: FixedClock) -> Stripe:
    return connect(vendor, clock, webhook_secrets=(SECRET, OLD))


def told(connector: Stripe, body: str, clock: FixedClock) -> list[Any]:
    return [item for message in connector.receive(signed(body, clock)) for item in connector.apply(message)]


# --- who sends ----------------------------------------------------------------------------------------------------------


def test_either_secret_opens_while_one_is_rolled(connector: Stripe, vendor: StripeVendor, clock: FixedClock) -> None:
    customers(vendor, 1)
    body = snapshot(vendor, "cus_00")
    for secret in (SECRET, OLD):
        (message,) = connector.receive(signed(body, clock, secret=secret))
        assert message.body == {"type": "customer.created", "kind": "customer", "id": "cus_00"}
    with pytest.raises(AuthError, match="webhook_secrets") as caught:
        connector.receive(signed(body, clock, secret="whsec_stranger"))
    assert "canary" not in str(caught.value)


def test_a_header_with_the_signatures_of_both_secrets_is_taken(connector: Stripe, clock: FixedClock) -> None:
    body = thin("customer", "cus_1", "v1.customer.updated")
    one = stripe.WebhookSignature.generate_signature_header(body, "whsec_other", int(NOW.timestamp()))
    two = stripe.WebhookSignature.generate_signature_header(body, SECRET, int(NOW.timestamp()))
    assert len(connector.receive(signed(body, clock, header=one + "," + two.split(",")[1]))) == 1


@pytest.mark.parametrize("ago", [301, -301, 86_400 * 365])
def test_an_old_or_future_signature_is_refused(connector: Stripe, clock: FixedClock, ago: float) -> None:
    with pytest.raises(AuthError, match="5 minutes"):
        connector.receive(signed(thin("customer", "cus_1", "v1.customer.updated"), clock, ago=ago))


@pytest.mark.parametrize("ago", [300, 0, -300])
def test_five_minutes_are_allowed_by_the_given_clock(connector: Stripe, clock: FixedClock, ago: float) -> None:
    clock.advance(timedelta(days=900))  # the system's clock is elsewhere
    assert connector.receive(signed(thin("customer", "cus_1", "v1.customer.updated"), clock, ago=ago))


@pytest.mark.parametrize("header", ["", "t=,v1=", "v1=abc", "t=12", "t=x,v1=abc", "t=1,v0=abc", "t=1,v1=\xe9", "=,=,="])
def test_a_header_that_is_no_signature_is_refused(connector: Stripe, clock: FixedClock, header: str) -> None:
    with pytest.raises(AuthError):
        connector.receive(signed("{}", clock, header=header))


def test_a_changed_body_a_missing_header_and_bytes_that_are_no_text_are_refused(connector: Stripe, clock: FixedClock) -> None:
    good = signed(thin("customer", "cus_1", "v1.customer.updated"), clock)
    for request in (
        InboundRequest("POST", "webhook", good.headers, good.body + b" ", clock.now()),
        InboundRequest("POST", "webhook", {}, good.body, clock.now()),
        signed(b"\xff\xfe", clock),
    ):
        with pytest.raises(AuthError):
            connector.receive(request)


@pytest.mark.parametrize("secrets", [(), ("",), (" ",)])
def test_without_a_secret_nothing_is_taken(vendor: StripeVendor, clock: FixedClock, secrets: tuple[str, ...]) -> None:
    closed = connect(vendor, clock, webhook_secrets=secrets)
    for secret in ("", " ", SECRET):
        with pytest.raises(AuthError, match="webhook_secrets"):
            closed.receive(signed("{}", clock, secret=secret))


# --- what they say ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", ["[]", "{", "1", '{"object": "customer"}', '{"object": "event", "type": "x"}', "[" * 100_000])
def test_a_signed_body_that_is_no_event_is_refused(connector: Stripe, clock: FixedClock, body: str) -> None:
    with pytest.raises(InvalidRecord):
        connector.receive(signed(body, clock))


def test_snapshot_and_thin_say_the_same(connector: Stripe, vendor: StripeVendor, clock: FixedClock) -> None:
    customers(vendor, 1)
    for body in (snapshot(vendor, "cus_00"), thin("customer", "cus_00", "v1.customer.created")):
        (found,) = told(connector, body, clock)
        assert (type(found), found.source_id, found.name) == (Account, "cus_00", "Customer 0")


def test_the_object_is_read_afresh_so_order_does_not_matter(connector: Stripe, vendor: StripeVendor, clock: FixedClock) -> None:
    customers(vendor, 1)
    created = snapshot(vendor, "cus_00")
    vendor.touch("customer", "cus_00", name="Renamed")
    updated = snapshot(vendor, "cus_00")
    assert [found.name for body in (updated, created, updated) for found in told(connector, body, clock)] == ["Renamed"] * 3


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        ("payout", "payout.paid"),
        ("charge", "charge.succeeded"),
        ("tax_id", "customer.tax_id.created"),
        ("", "v9.new.thing"),
        ("customer", ""),
    ],
)
def test_what_concerns_nothing_that_is_read_is_ignored(connector: Stripe, clock: FixedClock, kind: str, what: str) -> None:
    name = "x_1" if what else ""
    assert connector.receive(signed(thin(kind, name, f"v1.{what}"), clock)) == []
    event = shape.event("evt_1", what, 1, {"id": name, "object": kind})
    assert connector.receive(signed(json.dumps(event), clock)) == []


def test_an_event_of_the_other_mode_or_another_account(vendor: StripeVendor, clock: FixedClock, connector: Stripe) -> None:
    event = shape.event("evt_1", "customer.updated", 1, {"id": "cus_1", "object": "customer"})
    with pytest.raises(InvalidRecord, match="the event is of live mode, the API key of test mode"):
        connector.receive(signed(json.dumps({**event, "livemode": True}), clock))
    assert connector.receive(signed(json.dumps({**event, "account": "acct_2"}), clock)) == []
    unknown = connect(vendor, clock, api_key="other", webhook_secrets=(SECRET,))
    assert len(unknown.receive(signed(json.dumps({**event, "livemode": True}), clock))) == 1


def test_a_deleted_customer_and_an_object_that_is_gone_are_deletions(
    connector: Stripe, vendor: StripeVendor, clock: FixedClock
) -> None:
    customers(vendor, 1)
    vendor.delete("customer", "cus_00")
    assert told(connector, snapshot(vendor, "cus_00"), clock) == [Deleted(Account, "cus_00")]
    assert told(connector, thin("invoice", "in_gone", "v1.invoice.deleted"), clock) == [Deleted(Invoice, "in_gone")]


def test_an_invoice_moves_its_subscription_too(connector: Stripe, vendor: StripeVendor, clock: FixedClock) -> None:
    subscribe(vendor, "sub_1", plan(1000))
    invoice(vendor, "sub_1", 2, [plan(1000)], NOW)
    found = told(connector, thin("invoice", "in_sub_1_2", "v1.invoice.finalized"), clock)
    assert {type(each) for each in found} >= {Invoice, Subscription}
    paid = told(connector, thin("invoice", "in_sub_1_2", "v1.invoice.paid"), clock)
    assert [type(each) for each in paid] == [Invoice]


def test_a_credit_note_brings_its_invoice(connector: Stripe, vendor: StripeVendor, clock: FixedClock) -> None:
    invoice(vendor, "sub_1", 0, [plan(1000)], NOW - timedelta(days=3))
    vendor.put("credit_note", {"id": "cn_1", "invoice": "in_sub_1_0", "customer": "cus_00", "amount": 400})
    found = told(connector, snapshot(vendor, "cn_1"), clock)
    assert [type(each) for each in found] == [PaymentIssue, Invoice]


def test_a_discount_means_its_subscription(connector: Stripe, clock: FixedClock) -> None:
    event = shape.event("evt_1", "customer.discount.created", 77, {"id": "di_1", "object": "discount", "subscription": "sub_1"})
    (message,) = connector.receive(signed(json.dumps(event), clock))
    assert message.body == {"type": "customer.discount.created", "kind": "subscription", "id": "sub_1", "changed_at": 77}


def test_a_change_of_price_is_dated_by_its_event(connector: Stripe, vendor: StripeVendor, clock: FixedClock) -> None:
    subscribe(vendor, "sub_1", plan(1000))
    vendor.touch("subscription", "sub_1", description="no price was changed")
    assert "changed_at" not in dict(connector.receive(signed(snapshot(vendor, "sub_1"), clock))[0].body)  # type: ignore[arg-type]
    vendor.touch("subscription", "sub_1", pause_collection={"behavior": "void"})
    (message,) = connector.receive(signed(snapshot(vendor, "sub_1"), clock))
    assert dict(message.body)["changed_at"] == int(NOW.timestamp())  # type: ignore[arg-type]


@pytest.mark.parametrize("status", [401, 403, 429, 500])
def test_a_fault_while_reading_leaves_it_to_the_next_run(
    connector: Stripe, vendor: StripeVendor, clock: FixedClock, status: int
) -> None:
    customers(vendor, 1)
    vendor.fail(status=status)
    assert told(connector, snapshot(vendor, "cus_00"), clock) == []


def test_what_can_not_be_understood_goes_to_quarantine(connector: Stripe, vendor: StripeVendor) -> None:
    vendor.put("subscription", {"id": "sub_odd", "customer": None, "items": []})
    with pytest.raises(InvalidRecord, match="no customer"):
        list(
            connector.apply(
                Message("evt_1", {"type": "customer.subscription.updated", "kind": "subscription", "id": "sub_odd"})
            )
        )


# --- with a store -------------------------------------------------------------------------------------------------------


@pytest.fixture
def source(store: Store, connector: Stripe) -> Source:
    with store.write() as connection:
        ids = store_connections.register(connection, [spec_of("billing", connector, connector.config)], NOW)
    return Source(ids["billing"], "billing", connector)


def names(store: Store) -> list[str | None]:
    table = FACTS["account"]
    with store.read() as connection:
        return list(
            connection.execute(sa.select(table.c.name).where(table.c.known_to.is_(None)).order_by(table.c.name)).scalars()
        )


def test_deliveries_repeated_and_swapped_leave_what_polling_would_have_read(
    store: Store, source: Source, vendor: StripeVendor, clock: FixedClock
) -> None:
    customers(vendor, 3)
    bodies = [snapshot(vendor, f"cus_{n:02d}") for n in range(3)]
    vendor.touch("customer", "cus_01", name="Renamed")
    bodies.append(snapshot(vendor, "cus_01"))
    vendor.delete("customer", "cus_02")
    bodies.append(snapshot(vendor, "cus_02"))
    for body in reversed(bodies):
        assert receive(store, clock, source, signed(body, clock)) == 1
        assert receive(store, clock, source, signed(body, clock, secret=OLD)) == 0, "the same event, delivered again"
    assert drain(store, clock, source).quarantined == 0
    assert names(store) == ["Customer 0", "Renamed"]
    pushed = names(store)
    clock.advance(timedelta(minutes=1))
    result = SyncEngine(store, clock).sync(source, ["customers"])
    assert names(store) == pushed
    assert result.streams[0].opened == 0, "polling finds it as the webhook left it"


def test_a_lost_delivery_comes_with_the_next_run(store: Store, source: Source, vendor: StripeVendor, clock: FixedClock) -> None:
    SyncEngine(store, clock).sync(source, ["customers"])
    clock.advance(timedelta(minutes=5))
    customers(vendor, 1, days_ago=0)
    receive(store, clock, source, signed(snapshot(vendor, "cus_00"), clock))
    vendor.fail(status=500)
    assert drain(store, clock, source).opened == 0
    assert SyncEngine(store, clock).sync(source, ["customers"]).streams[0].opened == 1
    assert names(store) == ["Customer 0"]
