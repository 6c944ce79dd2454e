"""Following Stripe's lists and events through faults, deletions, renamings and long lists inside objects."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice
from typing import Any

import pytest
import sqlalchemy as sa
from tests.connectors.stripe.account import (
    NOW,
    STREAMS,
    connect,
    customers,
    forget_events,
    invoice,
    last_cursor,
    plan,
    run,
    subscribe,
)

from accountpulse.connectors.stripe import feed, resources
from accountpulse.connectors.stripe.api import API_VERSION
from accountpulse.core.clock import FixedClock
from accountpulse.core.store import connections as store_connections
from accountpulse.core.store.database import Store
from accountpulse.core.store.facts import FACTS
from accountpulse.core.sync.engine import Source, SyncEngine
from accountpulse.core.sync.specs import spec_of
from accountpulse.plugins import (
    Account,
    AuthError,
    Checkpoint,
    Deleted,
    PaymentIssue,
    PermissionMissing,
    Subscription,
    SubscriptionChange,
    Transient,
    Window,
)
from accountpulse.testing.vendors.stripe import StripeVendor

ALL = [each for each in vars(resources).values() if isinstance(each, resources.Resource)]


def current(items: list[Any], kind: type) -> dict[str, Any]:
    return {item.source_id: item for item in items if isinstance(item, kind)}


# --- what is asked for --------------------------------------------------------------------------------------------------


def test_every_stream_has_its_resource_and_asks_for_at_most_twenty_types_of_events() -> None:
    assert sorted(each.path.removeprefix("/v1/") for each in ALL) == sorted(STREAMS)
    assert max(len(each.events) for each in ALL) <= 20


def test_every_request_names_the_version_it_was_written_for(vendor: StripeVendor, clock: FixedClock) -> None:
    run(vendor, clock, "customers")
    assert {request.headers["stripe-version"] for request in vendor.requests} == {API_VERSION}


# --- permissions --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("resource", "stream", "shown"),
    [
        ("customers", "customers", "Customers: Read"),
        ("charges", "charges", "Charges and Refunds: Read"),
        ("refunds", "refunds", "Charges and Refunds: Read"),
        ("credit_notes", "credit_notes", "Credit notes: Read"),
        ("disputes", "disputes", "Disputes: Read"),
        ("events", "invoices", "Events: Read"),
    ],
)
def test_a_missing_permission_is_named_as_the_dashboard_does(
    vendor: StripeVendor, clock: FixedClock, resource: str, stream: str, shown: str
) -> None:
    vendor.forbidden = {resource}
    with pytest.raises(PermissionMissing) as caught:
        run(vendor, clock, stream)
    assert caught.value.scope == f"{shown} (rak_{resource.removesuffix('s')}_read)"
    assert f"set the restricted key's permission for {shown.removesuffix(': Read')} to Read" in str(caught.value)
    assert vendor.credentials["api_key"] not in str(caught.value), "Stripe's message repeats the key"


def test_a_key_that_may_not_read_the_account_is_good_without_its_name(vendor: StripeVendor, clock: FixedClock) -> None:
    vendor.forbidden = {"account"}
    assert connect(vendor, clock).check().name == "Stripe account"
    vendor.forbidden = {"account", "customers"}
    with pytest.raises(PermissionMissing, match="Customers: Read"):
        connect(vendor, clock).check()


def test_without_products_and_prices_only_names_are_lost(vendor: StripeVendor, clock: FixedClock) -> None:
    vendor.forbidden = {"products", "prices"}
    subscribe(vendor, "sub_1", plan(1000))
    found = current(run(vendor, clock, "subscriptions"), Subscription)["sub_1"]
    assert (found.plan, found.mrr) == ("prod_plan", 1000)


# --- names and discounts that change elsewhere --------------------------------------------------------------------------


def test_a_product_or_price_renamed_renames_the_plans(vendor: StripeVendor, clock: FixedClock) -> None:
    vendor.put("product", {"id": "prod_plan", "name": "Starter"})
    vendor.put("price", plan(1000))
    subscribe(vendor, "sub_1", plan(1000))
    connector = connect(vendor, clock)  # a server keeps it for weeks
    items = list(connector.subscriptions(Window(None, clock.now(), None)))
    assert current(items, Subscription)["sub_1"].plan == "Starter"
    forget_events(vendor)  # those of the subscription itself, which the look-back would show again
    clock.advance(timedelta(hours=1))
    vendor.touch("product", "prod_plan", description="not a name")
    items = list(connector.subscriptions(Window(None, clock.now(), last_cursor(items))))
    assert current(items, Subscription) == {}
    vendor.touch("product", "prod_plan", name="Essential")
    items = list(connector.subscriptions(Window(None, clock.now(), last_cursor(items))))
    assert current(items, Subscription)["sub_1"].plan == "Essential"
    forget_events(vendor)
    vendor.touch("price", "price_plan", nickname="Essential, monthly")
    with vendor.lock:
        for item in vendor._objects["subscription"]["sub_1"].body["items"]["data"]:
            item["price"]["nickname"] = "Essential, monthly"
    items = list(connector.subscriptions(Window(None, clock.now(), last_cursor(items))))
    assert current(items, Subscription)["sub_1"].plan == "Essential, monthly"


def test_a_discount_of_the_customer_reaches_all_that_it_has(vendor: StripeVendor, clock: FixedClock) -> None:
    vendor.put("customer", {"id": "cus_00"})
    subscribe(vendor, "sub_1", plan(1000))
    subscribe(vendor, "sub_2", plan(3000))
    items = run(vendor, clock, "subscriptions")
    clock.advance(timedelta(hours=1))
    vendor.put("coupon", {"id": "tenth", "percent_off": 10, "duration": "forever", "amount_off": None})
    source = {"type": "coupon", "coupon": "tenth"}
    known = {"id": "di_1", "customer": "cus_00", "subscription": None, "end": None, "source": source}
    given = vendor.put("discount", known)
    vendor.touch("customer", "cus_00", discount=given)
    items = run(vendor, clock, "subscriptions", last_cursor(items))
    assert {name: found.mrr for name, found in current(items, Subscription).items()} == {"sub_1": 900, "sub_2": 2700}
    moved = [(c.mrr_delta, c.at) for c in current(items, SubscriptionChange).values() if c.source_id.endswith("@current")]
    assert sorted(moved) == [(-300, clock.now()), (-100, clock.now())]


@pytest.mark.parametrize("held", [1, 2, 100])
def test_a_busy_day_is_read_in_parts(
    vendor: StripeVendor, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, held: int
) -> None:
    monkeypatch.setattr(feed, "HELD", held)
    wanted = customers(vendor, 7)
    cursor = last_cursor(run(vendor, clock, "customers"))
    clock.advance(timedelta(hours=1))
    for name in (*wanted, *wanted[:3]):
        vendor.touch("customer", name, name="Changed")
    found = run(vendor, clock, "customers", cursor)
    assert {name: each.name for name, each in current(found, Account).items()} == dict.fromkeys(wanted, "Changed")


# --- deletions and faults -----------------------------------------------------------------------------------------------


def test_what_is_deleted_between_its_event_and_the_reading_is_a_deletion(vendor: StripeVendor, clock: FixedClock) -> None:
    invoice(vendor, "sub_1", 0, [plan(1000)], NOW - timedelta(days=3))
    items = run(vendor, clock, "invoices")
    clock.advance(timedelta(hours=1))
    vendor.put("charge", {"id": "ch_1", "customer": "cus_1", "failure_code": "card_declined"})
    with vendor.lock:
        vendor._objects["charge"].pop("ch_1")
        vendor._sorted.pop("charge", None)
    assert Deleted(PaymentIssue, "ch_1") in run(vendor, clock, "charges", {"events_from": items[-1].cursor["events_from"]})


@pytest.mark.parametrize("stream", STREAMS)
def test_a_key_revoked_on_the_way_keeps_what_was_read_and_where(vendor: StripeVendor, clock: FixedClock, stream: str) -> None:
    customers(vendor, 8)
    subscribe(vendor, "sub_1", plan(1000))
    for n in range(8):
        vendor.put("charge", {"id": f"ch_{n}", "customer": "cus_00", "failure_code": "card_declined"})
    reading = getattr(connect(vendor, clock), stream)(Window(None, clock.now(), None))
    seen = list(islice(reading, 1))
    vendor.revoke()
    with pytest.raises(AuthError, match="api_key"):
        seen.extend(reading)
    vendor.restore()
    assert isinstance(seen[0], Checkpoint)
    run(vendor, clock, stream, seen[0].cursor)


def test_a_list_inside_an_object_is_read_to_its_end_also_when_a_page_fails(vendor: StripeVendor, clock: FixedClock) -> None:
    prices = [plan(100 + n, f"price_{n}") for n in range(14)]
    subscribe(vendor, "sub_1", *prices)
    assert vendor.get("subscription", "sub_1")["items"]["has_more"]
    vendor.fail(2, status=503, path="/v1/subscription_items")
    with pytest.raises(Transient):
        run(vendor, clock, "subscriptions")
    found = current(run(vendor, clock, "subscriptions"), Subscription)["sub_1"]
    assert (found.mrr, found.seats) == (sum(100 + n for n in range(14)), 14)


def test_a_page_that_is_empty_and_promises_more_does_not_loop(vendor: StripeVendor, clock: FixedClock) -> None:
    empty = {"object": "list", "url": "/v1/customers", "has_more": True, "data": []}
    vendor.fail(status=200, body=empty, path="/v1/customers", times=3)
    with pytest.raises(Transient, match="empty page"):
        run(vendor, clock, "customers")


# --- with a store -------------------------------------------------------------------------------------------------------


def sync(store: Store, vendor: StripeVendor, clock: FixedClock, *streams: str) -> Any:
    connector = connect(vendor, clock)
    with store.write() as connection:
        row = store_connections.register(connection, [spec_of("billing", connector, connector.config)], NOW)["billing"]
    return SyncEngine(store, clock).sync(Source(row, "billing", connector), list(streams) or None)


def held(store: Store, record: str) -> list[str]:
    table = FACTS[record]
    with store.read() as connection:
        return sorted(connection.execute(sa.select(table.c.source_id).where(table.c.known_to.is_(None))).scalars())


def test_a_pause_of_more_than_thirty_days_reads_everything_again(store: Store, vendor: StripeVendor, clock: FixedClock) -> None:
    customers(vendor, 5)
    assert sync(store, vendor, clock, "customers").state == "ok"
    clock.advance(timedelta(days=3))
    vendor.touch("customer", "cus_01", name="Changed, and forgotten")
    clock.advance(timedelta(days=31))
    forget_events(vendor)
    (result,) = sync(store, vendor, clock, "customers").streams
    assert "history gap" in result.message
    table = FACTS["account"]
    with store.read() as connection:
        rows = connection.execute(sa.select(table.c.name).where(table.c.known_to.is_(None), table.c.source_id == "cus_01"))
        assert rows.scalar_one() == "Changed, and forgotten"
    assert len(held(store, "account")) == 5


def test_one_missing_permission_costs_one_stream(store: Store, vendor: StripeVendor, clock: FixedClock) -> None:
    customers(vendor, 2)
    vendor.put("refund", {"id": "re_1", "charge": "ch_1"})
    vendor.put("charge", {"id": "ch_1", "customer": "cus_00", "failure_code": "card_declined"})
    vendor.forbidden = {"disputes"}
    result = sync(store, vendor, clock)
    assert {each.stream: each.state for each in result.streams if each.state != "ok"} == {"disputes": "skipped"}
    assert held(store, "payment_issue") == ["ch_1", "re_1"]


@pytest.mark.slow
@pytest.mark.parametrize("broken", range(1, 9))
def test_a_run_that_breaks_anywhere_goes_on_and_ends_like_one_that_did_not(
    store: Store, vendor: StripeVendor, clock: FixedClock, broken: int
) -> None:
    customers(vendor, 7)
    sync(store, vendor, clock, "customers")
    clock.advance(timedelta(days=4))
    for n in range(0, 7, 2):
        vendor.touch("customer", f"cus_{n:02d}", name=f"Changed {n}")
        clock.advance(timedelta(days=2))
    vendor.delete("customer", "cus_05")
    vendor.fail(broken, status=401)
    sync(store, vendor, clock, "customers")
    sync(store, vendor, clock, "customers")
    assert held(store, "account") == [f"cus_{n:02d}" for n in range(7) if n != 5]
    table = FACTS["account"]
    with store.read() as connection:
        names = connection.execute(
            sa.select(table.c.name).where(table.c.known_to.is_(None)).order_by(table.c.source_id)
        ).scalars()
        assert list(names) == ["Changed 0", "Customer 1", "Changed 2", "Customer 3", "Changed 4", "Changed 6"]
