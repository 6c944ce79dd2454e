"""The Stripe connector against a simulated Stripe, through Stripe's own SDK."""

from __future__ import annotations

import logging
import sys
import traceback
from collections import defaultdict
from datetime import timedelta
from itertools import islice
from typing import Any

import pytest
from tests.connectors.stripe.account import (
    NOW,
    STREAMS,
    connect,
    customers,
    forget_events,
    ids,
    invoice,
    last_cursor,
    plan,
    run,
    subscribe,
)

from accountpulse.connectors.stripe.config import StripeConfig
from accountpulse.connectors.stripe.source import Stripe
from accountpulse.core.clock import FixedClock
from accountpulse.plugins import (
    Account,
    AuthError,
    Cancelled,
    Checkpoint,
    ConfigError,
    Context,
    CursorExpired,
    Deleted,
    Invoice,
    MissingExtra,
    PermissionMissing,
    RateLimited,
    Subscription,
    SubscriptionChange,
    Transient,
    Window,
)
from accountpulse.testing.vendors.stripe import StripeVendor
from accountpulse.testing.vendors.world import stripe_objects as shape


def test_check_says_who_it_is(vendor: StripeVendor, clock: FixedClock) -> None:
    found = connect(vendor, clock).check()
    assert (found.id, found.name, found.details["mode"]) == ("acct_1SimulatedFern", "Fernwood Analytics", "test")


def test_all_pages_are_read_and_the_version_is_pinned(vendor: StripeVendor, clock: FixedClock) -> None:
    wanted = customers(vendor, 11)
    items = run(vendor, clock, "customers")
    assert sorted(set(ids(items, Account))) == wanted
    assert {request.headers["stripe-version"] for request in vendor.requests} == {"2026-10-28.endive"}


@pytest.mark.parametrize("crash_after", range(1, 12))
def test_a_crash_resumes_and_loses_nothing(vendor: StripeVendor, clock: FixedClock, crash_after: int) -> None:
    wanted = customers(vendor, 11)
    forget_events(vendor)
    begun = list(islice(connect(vendor, clock).customers(Window(None, NOW, None)), crash_after))
    committed = [n for n, item in enumerate(begun) if isinstance(item, Checkpoint)]
    kept = ids(begun[: committed[-1] + 1], Account)
    resumed = run(vendor, clock, "customers", begun[committed[-1]].cursor)
    assert sorted({*kept, *ids(resumed, Account)}) == wanted
    assert len(ids(resumed, Account)) == len(wanted) - len(kept), "what was committed is not read again"


def test_a_crash_resumes_when_the_customer_it_stood_at_is_gone(vendor: StripeVendor, clock: FixedClock) -> None:
    wanted = customers(vendor, 11)
    begun = list(islice(connect(vendor, clock).customers(Window(None, NOW, None)), 5))
    assert isinstance(begun[-1], Checkpoint)
    vendor.delete("customer", begun[-1].cursor["after"])
    resumed = run(vendor, clock, "customers", begun[-1].cursor)
    assert {*ids(begun, Account), *ids(resumed, Account)} == set(wanted)
    assert Deleted(Account, begun[-1].cursor["after"]) in resumed


def test_ties_across_pages(vendor: StripeVendor, clock: FixedClock) -> None:
    wanted = customers(vendor, 10)
    vendor.same_second(10, "customer")
    assert sorted(set(ids(run(vendor, clock, "customers"), Account))) == wanted


def test_then_only_what_changed_is_read(vendor: StripeVendor, clock: FixedClock) -> None:
    customers(vendor, 8)
    cursor = last_cursor(run(vendor, clock, "customers"))
    clock.advance(timedelta(hours=3))
    vendor.touch("customer", "cus_02", name="Renamed")
    vendor.touch("customer", "cus_02", name="Renamed again")
    vendor.put("customer", {"id": "cus_new", "name": "New"})
    vendor.delete("customer", "cus_05")
    forgotten = len(vendor.requests)
    items = run(vendor, clock, "customers", cursor)
    assert sorted(item.name for item in items if isinstance(item, Account) and item.source_id in ("cus_02", "cus_new")) == [
        "New", "Renamed again",
    ]  # fmt: skip
    assert [item for item in items if isinstance(item, Deleted)] == [Deleted(Account, "cus_05")]
    assert not any(request.path == "/v1/customers" for request in vendor.requests[forgotten:]), "the list is not read again"


def test_what_changes_during_the_first_reading_is_not_lost(vendor: StripeVendor, clock: FixedClock) -> None:
    customers(vendor, 9)
    reading = connect(vendor, clock).customers(Window(None, NOW, None))
    seen = list(islice(reading, 5))
    vendor.touch("customer", "cus_08", name="Changed behind us")
    vendor.put("customer", {"id": "cus_late", "name": "Late"})
    seen += list(reading)
    latest = {item.source_id: item.name for item in seen if isinstance(item, Account)}
    assert latest["cus_08"] == "Changed behind us"
    assert latest["cus_late"] == "Late"


def test_an_event_that_turns_up_late_is_found(vendor: StripeVendor, clock: FixedClock) -> None:
    customers(vendor, 2)
    cursor = last_cursor(run(vendor, clock, "customers"))
    clock.advance(timedelta(hours=1))
    vendor.touch("customer", "cus_00", name="Late")
    (late,) = [name for name in vendor.ids("event") if vendor.get("event", name)["created"] == int(clock.now().timestamp())]
    vendor.hide_until("event", late, 30)
    clock.advance(timedelta(minutes=5))
    vendor.touch("customer", "cus_01", name="Newer")
    cursor = last_cursor(run(vendor, clock, "customers", cursor))
    while vendor._calls < vendor._hidden["event", late]:
        run(vendor, clock, "invoices")
    vendor._hidden.clear()
    assert "cus_00" in ids(run(vendor, clock, "customers", cursor), Account)


@pytest.mark.parametrize("stream", STREAMS)
def test_events_older_than_stripe_keeps_expire_the_cursor(vendor: StripeVendor, clock: FixedClock, stream: str) -> None:
    cursor = last_cursor(run(vendor, clock, stream))
    clock.advance(timedelta(days=31, hours=1))
    with pytest.raises(CursorExpired, match="30 days"):
        run(vendor, clock, stream, cursor)
    with pytest.raises(CursorExpired, match="another version"):
        run(vendor, clock, stream, {"unknown": 1})


def test_a_quiet_account_never_expires_while_it_is_read(vendor: StripeVendor, clock: FixedClock) -> None:
    customers(vendor, 1, days_ago=300)
    forget_events(vendor)
    cursor = last_cursor(run(vendor, clock, "customers"))
    for _ in range(5):
        clock.advance(timedelta(days=20))
        cursor = last_cursor(run(vendor, clock, "customers", cursor))


def test_a_long_gap_is_walked_oldest_first_with_checkpoints(vendor: StripeVendor, clock: FixedClock) -> None:
    customers(vendor, 6)
    forget_events(vendor)
    cursor = last_cursor(run(vendor, clock, "customers"))
    for n in range(6):
        clock.advance(timedelta(days=2))
        vendor.touch("customer", f"cus_{n:02d}", name=f"Changed {n}")
    begun = list(islice(connect(vendor, clock).customers(Window(None, clock.now(), cursor)), 9))
    rest = run(vendor, clock, "customers", last_cursor(begun))
    assert ids(begun, Account)[0] == "cus_00"
    kept = begun[: max(n for n, item in enumerate(begun) if isinstance(item, Checkpoint))]
    assert {*ids(kept, Account), *ids(rest, Account)} == {f"cus_{n:02d}" for n in range(6)}
    assert last_cursor(rest)["events_from"] == int(clock.now().timestamp())


# --- subscriptions and invoices -----------------------------------------------------------------------------------------


def test_subscriptions_come_with_ended_ones_all_items_and_a_history_that_adds_up(
    vendor: StripeVendor, clock: FixedClock
) -> None:
    subscribe(vendor, "sub_many", *(plan(1000 + n, f"price_{n}") for n in range(14)))
    subscribe(vendor, "sub_over", plan(2000))
    clock.advance(timedelta(minutes=1))
    vendor.delete("subscription", "sub_over")
    items = run(vendor, clock, "subscriptions")
    found = {item.source_id: item for item in items if isinstance(item, Subscription)}
    assert found["sub_many"].mrr == sum(1000 + n for n in range(14))
    assert (found["sub_over"].status, found["sub_over"].mrr) == ("canceled", 0)
    sums: dict[str, int] = defaultdict(int)
    for change in {item.source_id: item for item in items if isinstance(item, SubscriptionChange)}.values():
        sums[change.subscription] += change.mrr_delta
    assert sums == {"sub_many": found["sub_many"].mrr, "sub_over": 0}


def test_a_changed_price_is_a_movement_of_that_moment(vendor: StripeVendor, clock: FixedClock) -> None:
    subscribe(vendor, "sub_1", plan(1000))
    cursor = last_cursor(run(vendor, clock, "subscriptions"))
    clock.advance(timedelta(days=2))
    changed = clock.now()
    bigger = shape.subscription_item("si_sub_1_0", "sub_1", plan(4000), 1, 1, (1, 2))
    vendor.touch("subscription", "sub_1", items=shape.embedded_list([bigger], "/v1/subscription_items?subscription=sub_1"))
    clock.advance(timedelta(days=1))
    vendor.touch("subscription", "sub_1", description="no price was changed")
    clock.advance(timedelta(hours=1))
    items = run(vendor, clock, "subscriptions", cursor)
    tail = {item.source_id: item for item in items if isinstance(item, SubscriptionChange)}["sub_1@current"]
    assert (tail.kind, tail.mrr_delta, tail.at) == ("expansion", 3000, changed)
    # Once billed, the movement has a place of its own and the provisional one goes.
    invoice(vendor, "sub_1", 2, [plan(4000)], clock.now())
    clock.advance(timedelta(hours=1))
    items = run(vendor, clock, "subscriptions", last_cursor(items))
    assert Deleted(SubscriptionChange, "sub_1@current") in items
    latest = {item.source_id: item.mrr_delta for item in items if isinstance(item, SubscriptionChange)}
    assert sum(latest.values()) == 4000


def test_discounts_are_expanded_down_to_the_coupon(vendor: StripeVendor, clock: FixedClock) -> None:
    subscribe(vendor, "sub_1", plan(1000))
    vendor.put("coupon", {"id": "half", "percent_off": 50, "duration": "forever"})
    vendor.put("discount", {"id": "di_1", "end": None, "source": {"type": "coupon", "coupon": "half"}})
    vendor.touch("subscription", "sub_1", discounts=["di_1"])
    (found,) = {i.source_id: i for i in run(vendor, clock, "subscriptions") if isinstance(i, Subscription)}.values()
    assert found.mrr == 500


def test_the_interval_of_a_former_price_is_looked_up(vendor: StripeVendor, clock: FixedClock) -> None:
    former, now = plan(24_000, "price_former", "year"), plan(1000)
    vendor.put("price", former)
    subscribe(vendor, "sub_1", now)
    invoice(vendor, "sub_1", 0, [former], NOW - timedelta(days=60))
    first = next(item for item in run(vendor, clock, "subscriptions") if isinstance(item, SubscriptionChange))
    assert first.mrr_delta == 2000


def test_invoices_leave_drafts_out_and_page_their_lines(vendor: StripeVendor, clock: FixedClock) -> None:
    vendor.put("product", {"id": "prod_train", "name": "Admin training"})
    training = shape.price("price_t", "prod_train", "usd", 100, None, 1)
    invoice(vendor, "sub_1", 0, [training] * 14, NOW - timedelta(days=3))
    invoice(vendor, "sub_1", 1, [training], NOW - timedelta(days=2), status="draft")
    found = {
        i.source_id: i for i in run(vendor, clock, "invoices", services_products=("admin TRAINING",)) if isinstance(i, Invoice)
    }
    assert {name: (i.amount, i.services_amount) for name, i in found.items()} == {"in_sub_1_0": (1400, 1400)}
    with pytest.raises(ConfigError, match=r"'Coaching'.*prod_"):
        run(vendor, clock, "invoices", services_products=("Coaching",))


def test_training_is_told_from_other_services(vendor: StripeVendor, clock: FixedClock) -> None:
    vendor.put("product", {"id": "prod_train", "name": "Admin training"})
    vendor.put("product", {"id": "prod_serve", "name": "Onboarding package"})
    lines = [shape.price(f"price_{p}", p, "usd", cents, None, 1) for p, cents in (("prod_train", 100), ("prod_serve", 300))]
    invoice(vendor, "sub_1", 0, [*lines, plan(1000)], NOW - timedelta(days=3))
    told = {"services_products": ("prod_serve",), "training_products": ("Admin Training",)}
    (found,) = {i.source_id: i for i in run(vendor, clock, "invoices", **told) if isinstance(i, Invoice)}.values()
    assert (found.services_amount, found.training_amount) == (300, 100)
    with pytest.raises(ConfigError, match=r"training_products: prod_train is in services_products too"):
        run(vendor, clock, "invoices", services_products=("prod_train",), training_products=("prod_train",))


def test_a_payment_arrives_by_event(vendor: StripeVendor, clock: FixedClock) -> None:
    invoice(vendor, "sub_1", 0, [plan(1000)], NOW - timedelta(days=3))
    items = run(vendor, clock, "invoices")
    assert {i.paid_at for i in items if isinstance(i, Invoice)} == {None}
    clock.advance(timedelta(hours=2))
    paid = int(clock.now().timestamp())
    moments = {"finalized_at": 1, "paid_at": paid, "voided_at": None, "marked_uncollectible_at": None}
    vendor.touch("invoice", "in_sub_1_0", status="paid", status_transitions=moments)
    items = run(vendor, clock, "invoices", last_cursor(items))
    assert {i.paid_at for i in items if isinstance(i, Invoice)} == {clock.now()}


# --- faults ---------------------------------------------------------------------------------------------------------------


def test_429_says_for_how_long(vendor: StripeVendor, clock: FixedClock) -> None:
    vendor.fail(status=429, headers={"Retry-After": "1.5"})
    with pytest.raises(RateLimited) as caught:
        run(vendor, clock, "customers")
    assert caught.value.retry_after == timedelta(seconds=1.5)
    vendor.fail(status=429)
    with pytest.raises(RateLimited) as caught:
        run(vendor, clock, "customers")
    assert caught.value.retry_after is None


@pytest.mark.parametrize("status", [500, 503])
def test_a_passing_fault_between_pages_is_transient_and_not_retried_here(
    vendor: StripeVendor, clock: FixedClock, status: int
) -> None:
    customers(vendor, 9)
    vendor.fail(3, status=status)
    reading = connect(vendor, clock).customers(Window(None, NOW, None))
    seen: list[Any] = []
    with pytest.raises(Transient):
        seen.extend(iter(lambda: next(reading), None))
    assert [request.status for request in vendor.requests].count(status) == 1


def test_what_is_not_json_is_transient(vendor: StripeVendor, clock: FixedClock) -> None:
    vendor.fail(status=200, body="<html>proxy</html>")
    with pytest.raises(Transient):
        run(vendor, clock, "customers")


def test_a_server_that_is_not_there_is_transient(vendor: StripeVendor, clock: FixedClock) -> None:
    config = StripeConfig(base_url="http://127.0.0.1:1", **vendor.credentials)
    with pytest.raises(Transient, match="base_url"):
        Stripe(config, Context("billing", clock=clock)).check()


def test_a_missing_permission_names_it(vendor: StripeVendor, clock: FixedClock) -> None:
    vendor.fail(status=403)
    with pytest.raises(PermissionMissing, match=r"'Events: Read'.*dashboard.*/v1/events"):
        run(vendor, clock, "customers")


def test_a_refused_key_is_an_auth_error_and_the_key_is_nowhere(
    vendor: StripeVendor, clock: FixedClock, caplog: pytest.LogCaptureFixture
) -> None:
    canary = "rk_test_CANARY_0123456789"
    caplog.set_level(logging.DEBUG)
    connector = connect(vendor, clock, api_key=canary)
    echo = {"error": {"type": "invalid_request_error", "message": f"Invalid API Key provided: {canary}"}}
    for status, kind in ((401, AuthError), (403, PermissionMissing), (429, RateLimited), (500, Transient)):
        vendor.fail(status=status, body=echo, times=2)
        with pytest.raises(kind) as caught:
            connector.check()
        vendor.clear_faults()
        assert canary not in "".join(traceback.format_exception(caught.value))
    vendor.revoke()
    with pytest.raises(AuthError, match="api_key"):
        connect(vendor, clock).check()
    assert canary not in repr(connector.config) + str(vars(connector)) + caplog.text


def test_an_empty_key_is_a_config_error(vendor: StripeVendor, clock: FixedClock) -> None:
    with pytest.raises(ConfigError, match="api_key"):
        connect(vendor, clock, api_key=" ").check()


def test_cancelling_stops_at_the_next_page(vendor: StripeVendor, clock: FixedClock) -> None:
    customers(vendor, 9)
    stop: list[bool] = []
    config = StripeConfig(base_url=vendor.base_url, **vendor.credentials)
    reading = Stripe(config, Context("b", clock=clock, cancelled=lambda: bool(stop))).customers(Window(None, NOW, None))
    list(islice(reading, 5))
    stop.append(True)
    with pytest.raises(Cancelled):
        list(reading)


def test_without_the_sdk_one_sentence_says_what_to_install(
    vendor: StripeVendor, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "stripe", None)
    with pytest.raises(MissingExtra, match=r'The Stripe connector .*pip install "accountpulse\[stripe\]"'):
        connect(vendor, clock).check()
