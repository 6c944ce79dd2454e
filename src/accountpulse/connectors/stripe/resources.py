"""What each stream reads: the list, the fields to expand in it, and the events that say which of its objects changed.

Stripe takes at most 20 types of events at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from accountpulse.connectors.stripe import shapes
from accountpulse.connectors.stripe.api import JsonObject, Params

# What a change of price touches: an update of anything else must not re-date the movement.
PRICE_FIELDS: Final = frozenset({"items", "plan", "quantity", "discount", "discounts", "status", "pause_collection"})


@dataclass(frozen=True, slots=True)
class Resource:
    """path: of the list. kind: Stripe's name of an object. events: types of events about it. expand: fields to show whole.

    status_all: whether the list leaves objects out unless it is asked for all.
    """

    path: str
    kind: str
    events: tuple[str, ...]
    expand: tuple[str, ...] = ()
    status_all: bool = False

    def list_params(self) -> Params:
        """The parameters of the list."""
        status = [("status", "all")] if self.status_all else []  # without it Stripe leaves the canceled ones out
        return [*status, *(("expand[]", f"data.{field}") for field in self.expand)]

    def object_params(self) -> Params:
        """The parameters of one object."""
        return [("expand[]", field) for field in self.expand]


def _types(prefix: str, *whats: str) -> tuple[str, ...]:
    return tuple(f"{prefix}.{what}" for what in whats)


DISCOUNT_EVENTS: Final = _types("customer.discount", "created", "updated", "deleted")
CUSTOMERS: Final = Resource("/v1/customers", "customer", _types("customer", "created", "updated", "deleted"))
SUBSCRIPTIONS: Final = Resource(
    "/v1/subscriptions",
    "subscription",
    (
        *_types("customer.subscription", "created", "updated", "deleted", "paused", "resumed"),
        *_types("customer.subscription", "pending_update_applied", "pending_update_expired"),
        *DISCOUNT_EVENTS,
        *_types("invoice", "created", "finalized", "voided"),
        "product.updated",
        "price.updated",
    ),
    expand=("discounts", "items.data.discounts", "customer"),  # the customer may have a discount on all it has
    status_all=True,
)
INVOICES: Final = Resource(
    "/v1/invoices",
    "invoice",
    (
        *_types("invoice", "created", "finalized", "paid", "payment_failed", "payment_action_required", "payment_succeeded"),
        *_types("invoice", "marked_uncollectible", "voided", "overdue", "updated", "sent", "deleted"),
        *_types("credit_note", "created", "updated", "voided"),
    ),
)
# A charge once made stays what it is, except that a slow one (a bank debit) may fail days later.
CHARGES: Final = Resource("/v1/charges", "charge", ("charge.failed",))
REFUNDS: Final = Resource(
    "/v1/refunds",
    "refund",
    (*_types("refund", "created", "updated", "failed"), "charge.refund.updated"),
    expand=("charge", "payment_intent"),
)
CREDIT_NOTES: Final = Resource("/v1/credit_notes", "credit_note", _types("credit_note", "created", "updated", "voided"))
DISPUTES: Final = Resource(
    "/v1/disputes",
    "dispute",
    _types("charge.dispute", "created", "updated", "closed", "funds_withdrawn", "funds_reinstated"),
    expand=("charge", "payment_intent"),
)

Subjects = Callable[[JsonObject], Iterable[str]]


def own_id(event: JsonObject) -> Iterator[str]:
    """The object that an event is about."""
    if name := shapes.id_of(event["data"]["object"]):
        yield name


def invoice_id(event: JsonObject) -> Iterator[str]:
    """The invoice that an event is about: its own, or that of a credit note, which lowers what an open invoice asks for."""
    thing = event["data"]["object"]
    if name := shapes.id_of(thing.get("invoice") if event["type"].startswith("credit_note.") else thing):
        yield name


def subscription_id(event: JsonObject) -> str | None:
    """The subscription that an event is about: its own, or that of an invoice or a discount."""
    thing, kind = event["data"]["object"], event["type"]
    if kind.startswith("customer.subscription."):
        return shapes.id_of(thing)
    return shapes.invoice_subscription(thing) if kind.startswith("invoice.") else shapes.id_of(thing.get("subscription"))


def price_changed(event: JsonObject) -> int | None:
    """The unix second at which a subscription's price changed, if the event says that it did."""
    before, kind = event["data"].get("previous_attributes") or {}, event["type"]
    told = kind.startswith("customer.subscription.") and not PRICE_FIELDS.isdisjoint(before)
    created: int = event["created"]
    return created if told or kind.startswith("customer.discount.") else None


def renamed(event: JsonObject) -> bool:
    """Whether a product or price is called something else now: plans are called after them."""
    before = event["data"].get("previous_attributes") or {}
    return not {"name", "nickname", "lookup_key"}.isdisjoint(before)
