"""Objects to records, with the reading that takes: lists inside objects, coupons, prices, the invoices of a subscription."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import cached_property, partial

from accountpulse.connectors.stripe import mapping, position, resources, shapes
from accountpulse.connectors.stripe.api import JsonObject, StripeApi
from accountpulse.connectors.stripe.config import StripeConfig
from accountpulse.connectors.stripe.feed import Feed, Found
from accountpulse.connectors.stripe.lookups import Lookups
from accountpulse.connectors.stripe.payments import Found as Issue
from accountpulse.connectors.stripe.shapes import Json
from accountpulse.plugins import Account, ConfigError, Deleted, InvalidRecord, Invoice, Item, PaymentIssue, Subscription


class Reader:
    """Turns what one run found into records. What it looked up is remembered for the run only: names and prices change."""

    def __init__(self, api: StripeApi, feed: Feed, lookups: Lookups, config: StripeConfig, now: datetime) -> None:
        self._api = api
        self._feed = feed
        self._lookups = lookups
        self._config = config
        self._now = now

    def customers(self, found: Iterable[Found]) -> Iterator[Item]:
        for name, customer, _ in found:
            if customer is None:
                yield Deleted(Account, name)
            else:
                yield from _understood(name, partial(mapping.customer_account, customer, self._config.account_reference_keys))

    def subscriptions(self, found: Iterable[Found]) -> Iterator[Item]:
        for name, subscription, changed_at in found:
            if subscription is None:
                yield Deleted(Subscription, name)
                continue
            items = self._api.complete(subscription.get("items"), "/v1/subscription_items", [("subscription", name)])
            whole = {**subscription, "items": {"data": items}} if subscription.get("items") else subscription
            of_it = [("subscription", name), ("expand[]", "data.discounts")]
            bills = [self._whole_invoice(bill) for page in self._api.pages("/v1/invoices", of_it) for bill in page]
            understand = partial(
                mapping.subscription_records,
                self._lookups.with_coupons(whole),
                [self._lookups.with_coupons(bill) for bill in bills],
                self._now,
                prices=self._lookups.prices_of(whole, bills),
                products=self._lookups.product_names,
                changed_at=partial(self._price_changed_at, name, changed_at),
            )
            yield from _understood(name, understand)

    def invoices(self, found: Iterable[Found]) -> Iterator[Item]:
        for name, bill, _ in found:
            if bill is None:
                yield Deleted(Invoice, name)
                continue
            whole = self._whole_invoice(bill) if self._services or self._training else bill
            yield from _understood(name, partial(mapping.invoice_record, whole, self._services, self._training))

    def issues(self, understand: Callable[[Json], Issue], found: Iterable[Found]) -> Iterator[Item]:
        """Payment issues, by one of the functions of `payments`."""
        for name, body, _ in found:
            if body is None:
                yield Deleted(PaymentIssue, name)
            else:
                yield from _understood(name, partial(understand, body))

    def subscriptions_of(self, event: JsonObject) -> Iterator[str]:
        """The subscriptions an event concerns; of a customer's discount, or a product or price renamed, all that have it."""
        thing, kind = event["data"]["object"], event["type"]
        if kind == "product.updated" or kind == "price.updated":
            prices = (thing["id"],) if kind == "price.updated" else self._prices_of(thing["id"])
            for price in prices if resources.renamed(event) else ():
                yield from self._subscriptions_by("price", price)
        elif (name := resources.subscription_id(event)) is not None:
            yield name
        elif kind in resources.DISCOUNT_EVENTS and (customer := shapes.id_of(thing.get("customer"))) is not None:
            yield from self._subscriptions_by("customer", customer)

    def _subscriptions_by(self, name: str, value: str) -> Iterator[str]:
        for page in self._api.pages("/v1/subscriptions", [("status", "all"), (name, value)]):
            yield from (subscription["id"] for subscription in page)

    def _prices_of(self, product: str) -> Iterator[str]:
        for page in self._api.pages("/v1/prices", [("product", product)]):
            yield from (price["id"] for price in page)

    def _whole_invoice(self, bill: JsonObject) -> JsonObject:
        return {**bill, "lines": {"data": self._api.complete(bill.get("lines"), f"/v1/invoices/{bill['id']}/lines")}}

    def _price_changed_at(self, subscription: str, told: int | None) -> int | None:
        return told or self._price_changes.get(subscription)

    @cached_property
    def _price_changes(self) -> dict[str, int]:
        """When a price last changed, by subscription, as far back as Stripe keeps events."""
        found: dict[str, int] = {}
        start = int((self._now - position.RETENTION).timestamp())
        for event in self._feed.events(("customer.subscription.updated", *resources.DISCOUNT_EVENTS), start):
            name, at = resources.subscription_id(event), resources.price_changed(event)
            if name is not None and at is not None:
                found.setdefault(name, at)  # newest first
        return found

    @cached_property
    def _services(self) -> frozenset[str]:
        return self._lookups.product_ids("services_products", self._config.services_products)

    @cached_property
    def _training(self) -> frozenset[str]:
        found = self._lookups.product_ids("training_products", self._config.training_products)
        if both := found & self._services:
            raise ConfigError("training_products", f"{', '.join(sorted(both))} is in services_products too; keep it in one")
        return found


def _understood(name: str, understand: Callable[[], Item | Iterable[Item] | None]) -> Iterator[Item]:
    """What one object means; or that it can't be understood, which must not cost the others."""
    try:
        found = understand()
        items = [] if found is None else list(found) if isinstance(found, Iterable) else [found]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        # The text of an error may quote the object; a missing key is only a name.
        lacking = f"it lacks {error}" if isinstance(error, KeyError) else f"a field is not what it was ({type(error).__name__})"
        items = [InvalidRecord(name, f"Stripe's object is not what we know: {lacking}")]
    yield from items
