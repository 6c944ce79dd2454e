"""Reads customers, subscriptions and invoices from Stripe."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property, partial
from typing import Final

from pydantic import Field, HttpUrl, SecretStr

from accountpulse.connectors.stripe import mapping, position, shapes
from accountpulse.connectors.stripe.api import Gone, JsonObject, Params, StripeApi
from accountpulse.connectors.stripe.lookups import Lookups
from accountpulse.connectors.stripe.position import Position
from accountpulse.plugins import (
    Account,
    Checkpoint,
    ConfigError,
    Connector,
    ConnectorConfig,
    Deleted,
    Identity,
    Invoice,
    Item,
    OpaqueCursor,
    Subscription,
    SubscriptionChange,
    Window,
    stream,
)

CUSTOMER_EVENTS: Final = ("customer.created", "customer.updated", "customer.deleted")
SUBSCRIPTION_EVENTS: Final = (
    *(f"customer.subscription.{what}" for what in ("created", "updated", "deleted", "paused", "resumed")),
    *(f"customer.subscription.{what}" for what in ("pending_update_applied", "pending_update_expired")),
    *(f"customer.discount.{what}" for what in ("created", "updated", "deleted")),
    *(f"invoice.{what}" for what in ("created", "finalized", "voided")),
)
INVOICE_EVENTS: Final = (
    *(f"invoice.{what}" for what in ("created", "finalized", "paid", "payment_failed", "payment_action_required")),
    "invoice.payment_succeeded",
    *(f"invoice.{what}" for what in ("marked_uncollectible", "voided", "overdue", "updated", "sent", "deleted")),
)
# What a change of price touches: an update of anything else must not re-date the movement.
PRICE_FIELDS: Final = frozenset({"items", "plan", "quantity", "discount", "discounts", "status", "pause_collection"})
SUBSCRIPTION_EXPAND: Final = ("discounts", "items.data.discounts")
CURSOR: Final = OpaqueCursor("a place in the list while it is first read, then a time in the events")


class StripeConfig(ConnectorConfig):
    """api_key: a restricted key with read access to customers, subscriptions, invoices, products, coupons and events.

    account_reference_keys: metadata keys that hold the customer's id in another system, such as the CRM's. services_products,
    training_products: ids or names of the products that are services, and training; a product is one of them, not both.
    """

    api_key: SecretStr
    base_url: HttpUrl = HttpUrl("https://api.stripe.com")
    account_reference_keys: tuple[str, ...] = ("salesforce_account_id", "account_id", "hubspot_company_id")
    services_products: tuple[str, ...] = Field(default=())
    training_products: tuple[str, ...] = Field(default=())


class Stripe(Connector[StripeConfig]):
    """Stripe: what customers pay, and whether they do."""

    id, title, extra = "stripe", "Stripe", "stripe"

    @cached_property
    def _api(self) -> StripeApi:
        key = self.config.api_key.get_secret_value().strip()
        if not key:
            raise ConfigError("api_key", "is empty: put a restricted key with read access here")
        return StripeApi(key, str(self.config.base_url), self.context)

    @cached_property
    def _lookups(self) -> Lookups:
        return Lookups(self._api, self.context.log)

    def check(self) -> Identity:
        account = self._api.get("/v1/account")
        profile = account.get("business_profile") or {}
        shown = (account.get("settings") or {}).get("dashboard") or {}
        name = profile.get("name") or shown.get("display_name") or account["id"]
        mode = "live" if "_live_" in self.config.api_key.get_secret_value() else "test"
        return Identity(account["id"], name, {"mode": mode, "country": account.get("country") or ""})

    @stream(Account, cursor=CURSOR, look_back=position.LOOK_BACK, deletes="tombstones", history=position.RETENTION)
    def customers(self, window: Window) -> Iterator[Item]:
        """Customers, as accounts: name, e-mail, and from their metadata the ids that other systems gave them.

        First the whole list, newest first; then the events since, each object fetched afresh, because an event shows it as it
        was, in the API version of its day. Each run reads 10 minutes of events again: they turn up late and out of order.
        Stripe keeps events for 30 days; a connection that pauses for longer is read again completely.
        """
        yield from self._follow(window, "/v1/customers", (), CUSTOMER_EVENTS, _own_id, self._customers)

    @stream(
        Subscription, SubscriptionChange,
        cursor=CURSOR, look_back=position.LOOK_BACK, deletes="tombstones", history=position.RETENTION,
    )  # fmt: skip
    def subscriptions(self, window: Window) -> Iterator[Item]:
        """Subscriptions, ended ones included, and every movement of their monthly recurring revenue.

        Movements are worked out from the subscription's invoices, so that they reach back to its first day. A change that is
        not on an invoice yet is a movement of its own until it is. Read as `customers` is; an invoice that becomes final or
        void has its subscription read again.
        """
        expand = [("expand[]", f"data.{field}") for field in SUBSCRIPTION_EXPAND]
        params = [("status", "all"), *expand]  # without a status Stripe leaves the canceled ones out
        yield from self._follow(window, "/v1/subscriptions", params, SUBSCRIPTION_EVENTS, _subscription_id, self._subscriptions)

    @stream(Invoice, cursor=CURSOR, look_back=position.LOOK_BACK, deletes="tombstones", history=position.RETENTION)
    def invoices(self, window: Window) -> Iterator[Item]:
        """Invoices, drafts excluded: what was asked for, when it was due, paid or voided, and the part for services.

        Read as `customers` is.
        """
        yield from self._follow(window, "/v1/invoices", (), INVOICE_EVENTS, _own_id, self._invoices)

    # -- the list, then the events -----------------------------------------------------------------------------------

    def _follow(
        self,
        window: Window,
        path: str,
        params: Params,
        events: Sequence[str],
        subject: Callable[[JsonObject], str | None],
        records: Callable[[Iterable[tuple[str, JsonObject | None, int | None]], Window], Iterator[Item]],
    ) -> Iterator[Item]:
        now = self.context.clock.now()
        place = Position.of(window.cursor)
        if place is None:
            newest = self._api.get("/v1/events", [("limit", 1)])["data"]
            # Not later than our own clock, in case Stripe's is ahead; the list is read up to and including now.
            began = min([int(now.timestamp()), *(event["created"] for event in newest)])
            began = max(began, int((now - position.QUIET).timestamp()))
            place = Position(events_from=began, backfill_before=int(now.timestamp()) + 1)
            yield Checkpoint(place.cursor())
        place.require_alive(now)
        if place.backfill_before is not None:
            for rows in self._backwards(path, list(params), place):
                yield from records(((row["id"], row, None) for row in rows), window)
                last = rows[-1]
                place = Position(place.events_from, place.backfill_before, last["id"], last["created"])
                yield Checkpoint(place.cursor())
            place = Position(place.events_from)
            yield Checkpoint(place.cursor())
        newest_seen: int | None = None
        for start, end in position.slices(place.events_from, now):
            changed: dict[str, int | None] = {}
            for event in self._events(events, start, end):
                name = subject(event)
                newest_seen = max(newest_seen or 0, event["created"])
                if name is not None:
                    changed[name] = changed.get(name) or _price_changed(event)
            fetched = ((name, self._fetched(path, name, params), at) for name, at in changed.items())
            yield from records(fetched, window)
            if end is not None:
                place = Position(events_from=max(place.events_from, end))
                yield Checkpoint(place.cursor())
        yield Checkpoint(position.caught_up(place, newest_seen, window.until).cursor())

    def _backwards(self, path: str, params: list[tuple[str, str | int]], place: Position) -> Iterator[list[JsonObject]]:
        """Pages of the list from the place on. If the object there was deleted meanwhile, its `created` says where it was."""
        bounds = [*params, ("created[lt]", place.backfill_before or 0)]
        pages = self._api.pages(path, bounds, place.after)
        try:
            first = next(pages, None)
        except Gone:
            pages = self._api.pages(path, [*params, ("created[lte]", place.after_created or 0)])
            first = next(pages, None)
        if first is not None:
            yield first
            yield from pages

    def _events(self, types: Sequence[str], start: int, end: int | None) -> Iterator[JsonObject]:
        bounds: list[tuple[str, str | int]] = [("created[gte]", start), *(("types[]", each) for each in types)]
        if end is not None:
            bounds.append(("created[lt]", end))
        for page in self._api.pages("/v1/events", bounds):
            yield from page

    def _fetched(self, path: str, name: str, params: Params) -> JsonObject | None:
        expand = [(key, str(value).removeprefix("data.")) for key, value in params if key == "expand[]"]
        try:
            return self._api.one(path, name, expand)
        except Gone:
            return None

    # -- objects to records ------------------------------------------------------------------------------------------

    def _customers(self, found: Iterable[tuple[str, JsonObject | None, int | None]], _window: Window) -> Iterator[Item]:
        for name, customer, _ in found:
            if customer is None:
                yield Deleted(Account, name)
            else:
                yield mapping.customer_account(customer, self.config.account_reference_keys)

    def _subscriptions(self, found: Iterable[tuple[str, JsonObject | None, int | None]], window: Window) -> Iterator[Item]:
        for name, subscription, changed_at in found:
            if subscription is None:
                yield Deleted(Subscription, name)
                continue
            items = self._api.complete(subscription.get("items"), "/v1/subscription_items", [("subscription", name)])
            whole = {**subscription, "items": {"data": items}} if subscription.get("items") else subscription
            of_it = [("subscription", name), ("expand[]", "data.discounts")]
            bills = [self._whole_invoice(bill) for page in self._api.pages("/v1/invoices", of_it) for bill in page]
            yield from mapping.subscription_records(
                self._lookups.with_coupons(whole),
                [self._lookups.with_coupons(bill) for bill in bills],
                window.until,
                prices=self._lookups.prices_of(whole, bills),
                products=self._lookups.product_names,
                changed_at=partial(self._price_changed_at, name, changed_at),
            )

    def _invoices(self, found: Iterable[tuple[str, JsonObject | None, int | None]], _window: Window) -> Iterator[Item]:
        for name, bill, _ in found:
            if bill is None:
                yield Deleted(Invoice, name)
                continue
            whole = self._whole_invoice(bill) if self._services or self._training else bill
            record = mapping.invoice_record(whole, self._services, self._training)
            if record is not None:
                yield record

    def _whole_invoice(self, bill: JsonObject) -> JsonObject:
        return {**bill, "lines": {"data": self._api.complete(bill.get("lines"), f"/v1/invoices/{bill['id']}/lines")}}

    def _price_changed_at(self, subscription: str, told: int | None) -> int | None:
        return told or self._price_changes.get(subscription)

    @cached_property
    def _price_changes(self) -> dict[str, int]:
        """When a price last changed, by subscription, as far back as Stripe keeps events."""
        found: dict[str, int] = {}
        start = int((self.context.clock.now() - position.RETENTION).timestamp())
        for event in self._events(("customer.subscription.updated",), start, None):
            name, at = _subscription_id(event), _price_changed(event)
            if name is not None and at is not None:
                found.setdefault(name, at)  # newest first
        return found

    @cached_property
    def _services(self) -> frozenset[str]:
        return self._lookups.product_ids("services_products", self.config.services_products)

    @cached_property
    def _training(self) -> frozenset[str]:
        found = self._lookups.product_ids("training_products", self.config.training_products)
        if both := found & self._services:
            raise ConfigError("training_products", f"{', '.join(sorted(both))} is in services_products too; keep it in one")
        return found


def _own_id(event: JsonObject) -> str | None:
    return shapes.id_of(event["data"]["object"])


def _subscription_id(event: JsonObject) -> str | None:
    thing, kind = event["data"]["object"], event["type"]
    if kind.startswith("customer.subscription."):
        return shapes.id_of(thing)
    return shapes.invoice_subscription(thing) if kind.startswith("invoice.") else shapes.id_of(thing.get("subscription"))


def _price_changed(event: JsonObject) -> int | None:
    """When the event says that a price changed, if it does."""
    before = event["data"].get("previous_attributes") or {}
    told = event["type"].startswith("customer.subscription.") and not PRICE_FIELDS.isdisjoint(before)
    created: int = event["created"]
    return created if told else None
