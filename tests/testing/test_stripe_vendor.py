"""The simulated Stripe, driven through stripe-python."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import stripe

from accountpulse.core.clock import FixedClock
from accountpulse.testing.vendors import StripeVendor, Vendors, World
from accountpulse.testing.vendors.world.wire import unix


@pytest.fixture
def account(vendors: Vendors) -> StripeVendor:
    return vendors.stripe


@pytest.fixture
def client(account: StripeVendor) -> Iterator[stripe.StripeClient]:
    http = stripe.RequestsClient()
    yield stripe.StripeClient(account.credentials["api_key"], base_addresses={"api": account.base_url}, http_client=http)
    http.close()


def test_pages_through_every_customer_newest_first(client: stripe.StripeClient, account: StripeVendor, world: World) -> None:
    page = client.v1.customers.list({"limit": 50})
    customers = list(page.auto_paging_iter())
    assert {each.id for each in customers} == {each["id"] for each in world.stripe["customer"]}
    created = [each.created for each in customers]
    assert created == sorted(created, reverse=True)
    assert len(account.requests) == -(-len(customers) // 50)


def test_the_default_page_is_ten(client: stripe.StripeClient) -> None:
    page = client.v1.invoices.list()
    assert (len(page.data), page.has_more) == (10, True)
    with pytest.raises(stripe.InvalidRequestError, match="limit"):
        client.v1.invoices.list({"limit": 101})


def test_cancelled_subscriptions_come_only_when_asked(client: stripe.StripeClient) -> None:
    living = [each.id for each in client.v1.subscriptions.list({"limit": 100}).auto_paging_iter()]
    everything = [each.id for each in client.v1.subscriptions.list({"limit": 100, "status": "all"}).auto_paging_iter()]
    cancelled = client.v1.subscriptions.list({"limit": 100, "status": "canceled"}).data
    assert len(cancelled) == 28
    assert set(living) | {each.id for each in cancelled} == set(everything)


def test_invoices_have_the_current_shape(client: stripe.StripeClient, world: World) -> None:
    since = unix(world.now - timedelta(days=60))
    invoices = list(client.v1.invoices.list({"limit": 100, "created": {"gte": since}}).auto_paging_iter())
    assert invoices
    cycle = next(each for each in invoices if each.billing_reason == "subscription_cycle").to_dict()
    name = cycle["parent"]["subscription_details"]["subscription"]
    line = cycle["lines"]["data"][0]
    assert line["parent"]["subscription_item_details"]["subscription"] == name
    assert line["pricing"]["price_details"]["price"].startswith("price_")
    assert "paid" not in cycle
    assert "subscription" not in cycle
    assert min(each.created for each in invoices) >= since
    of_one = client.v1.invoices.list({"subscription": name, "limit": 100}).data
    assert {each.parent.subscription_details.subscription for each in of_one} == {name}


def test_amounts_add_up(world: World) -> None:
    lines: dict[str, int] = {}
    for line in world.stripe["line_item"]:
        off = sum(each["amount"] for each in line["discount_amounts"])
        lines[line["invoice"]] = lines.get(line["invoice"], 0) + line["amount"] - off
    for invoice in world.stripe["invoice"]:
        assert lines[invoice["id"]] == invoice["total"]
        assert invoice["amount_due"] == max(0, invoice["total"])
        assert invoice["amount_paid"] + invoice["amount_remaining"] == invoice["amount_due"]
        assert (invoice["status"] == "paid") == (invoice["status_transitions"]["paid_at"] is not None)


def test_long_embedded_lists_are_cut(client: stripe.StripeClient) -> None:
    subscriptions = client.v1.subscriptions.list({"limit": 100}).auto_paging_iter()
    long = next(each for each in subscriptions if each.to_dict()["items"]["has_more"])
    items = list(client.v1.subscription_items.list({"subscription": long.id, "limit": 5}).auto_paging_iter())
    assert len(long.to_dict()["items"]["data"]) == 10
    assert len(items) == 12
    invoice = client.v1.invoices.retrieve(long.latest_invoice)
    assert invoice.lines.has_more
    assert len(list(client.v1.invoices.line_items.list(invoice.id, {"limit": 100}).auto_paging_iter())) == 12


def test_discounts_expand_to_their_coupon(client: stripe.StripeClient) -> None:
    plain = client.v1.subscriptions.list({"limit": 100}).auto_paging_iter()
    name = next(each.id for each in plain if each.discounts)
    expanded = client.v1.subscriptions.retrieve(name, {"expand": ["discounts.source.coupon", "customer"]}).to_dict()
    assert expanded["discounts"][0]["source"]["coupon"]["percent_off"] in (10.0, 15.0, 20.0)
    assert expanded["customer"]["object"] == "customer"


def test_the_events_cursor_reads_forward(client: stripe.StripeClient, account: StripeVendor, clock: FixedClock) -> None:
    newest = client.v1.events.list({"limit": 1}).data[0]
    for changes in ({"name": "One"}, {"name": "Two"}, {"name": "Three"}):
        clock.advance(timedelta(seconds=5))
        account.touch("customer", account.ids("customer")[0], **changes)
    account.page_size = 2
    forward = client.v1.events.list({"ending_before": newest.id, "limit": 100}).auto_paging_iter()
    found = [each.to_dict() for each in forward]
    assert [each["data"]["object"]["name"] for each in found] == ["One", "Two", "Three"]
    assert found[1]["data"]["previous_attributes"] == {"name": "One"}


def test_recent_plan_changes_are_events(client: stripe.StripeClient, world: World) -> None:
    events = client.v1.events.list({"types": ["customer.subscription.updated"], "limit": 100}).auto_paging_iter()
    changes = [each.to_dict() for each in events if "items" in each.to_dict()["data"]["previous_attributes"]]
    assert changes
    for each in changes:
        before = each["data"]["previous_attributes"]["items"]["data"][0]
        after = each["data"]["object"]["items"]["data"][0]
        assert (before["quantity"], before["price"]["id"]) != (after["quantity"], after["price"]["id"])
    oldest = unix(world.now - timedelta(days=30))
    assert all(each["created"] >= oldest for each in world.stripe["event"])


def test_events_are_forgotten_after_thirty_days(client: stripe.StripeClient, clock: FixedClock, account: StripeVendor) -> None:
    cursor = client.v1.events.list({"limit": 1}).data[0].id
    clock.advance(timedelta(days=31))
    account.touch("customer", account.ids("customer")[0], name="Later")
    assert len(client.v1.events.list({"limit": 100}).data) == 1
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.events.list({"ending_before": cursor})
    assert caught.value.code == "resource_missing"


def test_deleting_cancels_or_buries(client: stripe.StripeClient, account: StripeVendor) -> None:
    subscription = client.v1.subscriptions.list({"limit": 1}).data[0].id
    account.delete("subscription", subscription)
    assert client.v1.subscriptions.retrieve(subscription).status == "canceled"
    customer = client.v1.customers.list({"limit": 1}).data[0].id
    account.delete("customer", customer)
    assert client.v1.customers.retrieve(customer).to_dict()["deleted"] is True
    assert customer not in {each.id for each in client.v1.customers.list({"limit": 100}).auto_paging_iter()}
    kinds = [each.type for each in client.v1.events.list({"limit": 2}).data]
    assert kinds == ["customer.deleted", "customer.subscription.deleted"]


def test_put_completes_a_partial_object(client: stripe.StripeClient, account: StripeVendor) -> None:
    account.put("customer", {"id": "cus_new", "name": "New Co"})
    account.put("subscription", {"id": "sub_new", "customer": "cus_new"})
    account.put("invoice", {"id": "in_new", "customer": "cus_new", "status": "draft"})
    account.touch("invoice", "in_new", status="paid")
    assert client.v1.subscriptions.list({"customer": "cus_new"}).data[0].id == "sub_new"
    kinds = [each.type for each in client.v1.events.list({"limit": 5}).data]
    assert kinds[:2] == ["invoice.paid", "invoice.updated"]


@pytest.mark.slow
def test_same_second_and_late_rows(client: stripe.StripeClient, account: StripeVendor) -> None:
    account.same_second(25, "invoice")
    account.page_size = 10
    seen = [each.id for each in client.v1.invoices.list({"limit": 100}).auto_paging_iter()]
    assert len(set(seen)) == len(seen) == len(account.ids("invoice"))
    account.hide_until("invoice", seen[0], call=1)
    assert client.v1.invoices.list({"limit": 1}).data[0].id == seen[1]
    assert client.v1.invoices.list({"limit": 1}).data[0].id == seen[0]


def test_errors_wear_the_vendors_envelope(client: stripe.StripeClient, account: StripeVendor) -> None:
    account.fail(status=429, headers={"Retry-After": "2"})
    with pytest.raises(stripe.RateLimitError) as limited:
        client.v1.customers.list()
    assert limited.value.json_body["error"]["code"] == "rate_limit"
    assert limited.value.headers["Retry-After"] == "2"
    account.fail(2, status=503)
    client.v1.customers.list()
    with pytest.raises(stripe.APIError):
        client.v1.customers.list()
    with pytest.raises(stripe.InvalidRequestError, match="unknown parameter"):
        client.raw_request("get", "/v1/customers?colour=red")
    account.revoke()
    with pytest.raises(stripe.AuthenticationError):
        client.v1.customers.list()


def test_a_refused_key_is_a_401(account: StripeVendor) -> None:
    stranger = stripe.StripeClient("rk_test_other", base_addresses={"api": account.base_url})
    with pytest.raises(stripe.AuthenticationError):
        stranger.v1.accounts.retrieve_current()
