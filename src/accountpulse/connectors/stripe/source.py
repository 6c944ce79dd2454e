"""Reads from Stripe what customers pay, and whether they do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import Final

from accountpulse.connectors.stripe import payments, position, resources, shapes, webhook
from accountpulse.connectors.stripe.api import API_VERSION, StripeApi
from accountpulse.connectors.stripe.config import StripeConfig
from accountpulse.connectors.stripe.feed import Feed, Found, Records
from accountpulse.connectors.stripe.lookups import Lookups
from accountpulse.connectors.stripe.reader import Reader
from accountpulse.connectors.stripe.resources import Resource
from accountpulse.plugins import (
    Account,
    AuthError,
    Cancelled,
    Checkpoint,
    ConfigError,
    Connector,
    Identity,
    InboundRequest,
    InvalidRecord,
    Invoice,
    Item,
    Message,
    OpaqueCursor,
    PaymentIssue,
    PermissionMissing,
    PushItem,
    RateLimit,
    RateLimited,
    Subscription,
    SubscriptionChange,
    Transient,
    Window,
    inbound,
    stream,
)

CURSOR: Final = OpaqueCursor("a place in the list while it is first read, then a time in the events")
REMEMBERED: Final = timedelta(minutes=10)  # pushed messages share what was looked up for this long


class Stripe(Connector[StripeConfig]):
    """Stripe: what customers pay, and whether they do."""

    id, title, extra = "stripe", "Stripe", "stripe"
    api_version = API_VERSION
    rate_limits = (RateLimit(100, timedelta(seconds=1), "for each account in live mode; 25 in test mode"),)

    _looked_up: tuple[datetime, Lookups] | None = None

    @cached_property
    def _api(self) -> StripeApi:
        key = self.config.api_key.get_secret_value().strip()
        if not key:
            raise ConfigError("api_key", "is empty: put a restricted key with read access here")
        return StripeApi(key, str(self.config.base_url), self.context)

    def check(self) -> Identity:
        mode = "live" if self._live else "test"
        try:
            account = self._api.get("/v1/account")
        except PermissionMissing:
            # Only the name is lost: whether the key is good, what it is there for tells as well.
            self._api.get("/v1/customers", [("limit", 1)])
            return Identity("stripe", "Stripe account", {"mode": mode})
        profile = account.get("business_profile") or {}
        shown = (account.get("settings") or {}).get("dashboard") or {}
        name = profile.get("name") or shown.get("display_name") or account["id"]
        return Identity(account["id"], name, {"mode": mode, "country": account.get("country") or ""})

    @stream(Account, cursor=CURSOR, look_back=position.LOOK_BACK, deletes="tombstones", history=position.RETENTION)
    def customers(self, window: Window) -> Iterator[Item]:
        """Customers, as accounts: name, e-mail, and from their metadata the ids that other systems gave them.

        First the whole list, newest first; then the events since, each object fetched afresh, because an event shows it as it
        was, in the API version of its day. Each run reads 10 minutes of events again: they turn up late and out of order.
        Stripe keeps events for 30 days; a connection that pauses for longer is read again completely.
        """
        feed, reader = self._run(window.until)
        yield from feed.read(window, resources.CUSTOMERS, reader.customers)

    @stream(
        Subscription, SubscriptionChange,
        cursor=CURSOR, look_back=position.LOOK_BACK, deletes="tombstones", history=position.RETENTION,
    )  # fmt: skip
    def subscriptions(self, window: Window) -> Iterator[Item]:
        """Subscriptions, ended ones included, and every movement of their monthly recurring revenue.

        Movements are worked out from the subscription's invoices, so that they reach back to its first day. A change that is
        not on an invoice yet is a movement of its own until it is. Read as `customers` is; an invoice that becomes final or
        void has its subscription read again, and a product or price that is renamed all that have it.
        """
        feed, reader = self._run(window.until)
        yield from feed.read(window, resources.SUBSCRIPTIONS, reader.subscriptions, reader.subscriptions_of)

    @stream(Invoice, cursor=CURSOR, look_back=position.LOOK_BACK, deletes="tombstones", history=position.RETENTION)
    def invoices(self, window: Window) -> Iterator[Item]:
        """Invoices, drafts excluded: what was asked for, when it was due, paid or voided, and the part for services.

        Read as `customers` is. A credit note on an open invoice lowers what it asks for.
        """
        feed, reader = self._run(window.until)
        yield from feed.read(window, resources.INVOICES, reader.invoices, resources.invoice_id)

    @stream(PaymentIssue, cursor=CURSOR, look_back=position.LOOK_BACK, deletes="tombstones", history=position.RETENTION)
    def charges(self, window: Window) -> Iterator[Item]:
        """Charges that were declined, as payment issues. Read as `customers` is."""
        yield from self._issues(window, resources.CHARGES)

    @stream(PaymentIssue, cursor=CURSOR, look_back=position.LOOK_BACK, deletes="tombstones", history=position.RETENTION)
    def refunds(self, window: Window) -> Iterator[Item]:
        """Refunds, as payment issues; one that fails is taken back. Read as `customers` is."""
        yield from self._issues(window, resources.REFUNDS)

    @stream(PaymentIssue, cursor=CURSOR, look_back=position.LOOK_BACK, deletes="tombstones", history=position.RETENTION)
    def credit_notes(self, window: Window) -> Iterator[Item]:
        """Credit notes on paid invoices, as payment issues, less what they refund: that is a refund. Read as `customers` is."""
        yield from self._issues(window, resources.CREDIT_NOTES)

    @stream(PaymentIssue, cursor=CURSOR, look_back=position.LOOK_BACK, deletes="tombstones", history=position.RETENTION)
    def disputes(self, window: Window) -> Iterator[Item]:
        """Chargebacks, as payment issues; a bank's inquiry is none yet. Read as `customers` is."""
        yield from self._issues(window, resources.DISPUTES)

    @inbound("webhook", records=(Account, Subscription, SubscriptionChange, Invoice, PaymentIssue), apply="apply")
    def receive(self, request: InboundRequest) -> list[Message]:
        """Stripe's webhooks, snapshot or thin, signed with one of `webhook_secrets` within five minutes of now.

        An event names an object, which is then read afresh as the streams read it; an event sent twice counts once. What is
        missed comes with the next run of the streams, which do not depend on webhooks.
        """
        webhook.require_signed(request, (each.get_secret_value() for each in self.config.webhook_secrets))
        message = webhook.message_of(request.body, self._live)
        return [] if message is None else [message]

    def apply(self, message: Message) -> Iterator[PushItem]:
        """Read the object that an event named, and what else an event of its type touches."""
        try:
            for item in self._told(message):
                if isinstance(item, InvalidRecord):
                    raise item
                if not isinstance(item, Checkpoint):
                    yield item
        except (RateLimited, Transient, AuthError, PermissionMissing, Cancelled) as error:
            # Not the message's fault, so none for the quarantine: the streams read the same event from Stripe's own list.
            self.context.log.info("event %s is left to the next run: %s", message.key, error)

    def _told(self, message: Message) -> Iterator[Item]:
        told: dict[str, str] = message.body  # type: ignore[assignment]  # what `webhook.message_of` put there
        now = self.context.clock.now()
        feed, reader = self._run(now, fresh=False)
        of, records = self._all(reader)[told["kind"]]
        changed_at = told.get("changed_at")
        found = feed.fetched(of, told["id"], int(changed_at) if changed_at else None)
        yield from records([found])
        yield from self._touched(feed, reader, told["type"], found)

    def _touched(self, feed: Feed, reader: Reader, what: str, found: Found) -> Iterator[Item]:
        """An invoice moves its subscription's revenue; a credit note lowers what its invoice asks for."""
        if found.body is None:
            return
        if what in resources.SUBSCRIPTIONS.events and what.startswith("invoice."):
            if subscription := shapes.invoice_subscription(found.body):
                yield from reader.subscriptions([feed.fetched(resources.SUBSCRIPTIONS, subscription)])
        elif what.startswith("credit_note.") and (invoice := shapes.id_of(found.body.get("invoice"))):
            yield from reader.invoices([feed.fetched(resources.INVOICES, invoice)])

    def _issues(self, window: Window, of: Resource) -> Iterator[Item]:
        feed, reader = self._run(window.until)
        yield from feed.read(window, of, self._all(reader)[of.kind][1])

    def _all(self, reader: Reader) -> dict[str, tuple[Resource, Records]]:
        found: dict[Resource, Records] = {
            resources.CUSTOMERS: reader.customers,
            resources.SUBSCRIPTIONS: reader.subscriptions,
            resources.INVOICES: reader.invoices,
            resources.CHARGES: partial(reader.issues, payments.declined),
            resources.REFUNDS: partial(reader.issues, payments.refund),
            resources.CREDIT_NOTES: partial(reader.issues, payments.credit),
            resources.DISPUTES: partial(reader.issues, payments.dispute),
        }
        return {of.kind: (of, records) for of, records in found.items()}

    def _run(self, now: datetime, *, fresh: bool = True) -> tuple[Feed, Reader]:
        """A feed and a reader of their own for each run: a server keeps the connector for weeks, names and prices change."""
        moment = self.context.clock.now()
        if fresh or self._looked_up is None or moment - self._looked_up[0] > REMEMBERED:
            self._looked_up = moment, Lookups(self._api, self.context.log)
        feed = Feed(self._api, moment)
        return feed, Reader(self._api, feed, self._looked_up[1], self.config, now)

    @property
    def _live(self) -> bool | None:
        key = self.config.api_key.get_secret_value()
        return True if "_live_" in key else False if "_test_" in key else None
