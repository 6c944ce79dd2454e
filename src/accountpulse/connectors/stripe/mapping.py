"""Stripe's JSON to records. Pure: no I/O and no clock; what depends on "now" takes it as an argument."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal

from accountpulse.connectors.stripe import shapes
from accountpulse.connectors.stripe.money import minor
from accountpulse.connectors.stripe.mrr import MovementKind, Revenue, revenue, steps
from accountpulse.connectors.stripe.shapes import Json
from accountpulse.plugins import Account, Deleted, InvalidRecord, Invoice, Subscription, SubscriptionChange

DOMAIN_KEYS = ("domain", "domains", "website", "company_domain")
Status = Literal["trialing", "active", "past_due", "paused", "unpaid", "canceled"]
_STATUSES: Mapping[str, Status] = {
    "trialing": "trialing",
    "active": "active",
    "past_due": "past_due",
    "paused": "paused",
    "unpaid": "unpaid",
    "canceled": "canceled",
    # The first payment is still due, or never came: neither ever brought revenue.
    "incomplete": "unpaid",
    "incomplete_expired": "canceled",
}


def instant(seconds: int | float | None) -> datetime | None:
    """A Stripe time (unix seconds, null for never) as an aware instant."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def customer_account(customer: Json, reference_keys: Sequence[str]) -> Account | Deleted:
    """A customer. Its metadata may name it in other systems (`reference_keys`) and its web domain; a deleted one is `Deleted`.

    An e-mail's domain is not taken for the company's: billing addresses are often an agency's or a person's own.
    """
    if customer.get("deleted"):
        return Deleted(Account, customer["id"])
    metadata: Mapping[str, str] = customer.get("metadata") or {}
    known = {*reference_keys, *DOMAIN_KEYS}
    return Account(
        source_id=customer["id"],
        raw_ref=f"/v1/customers/{customer['id']}",
        name=customer.get("name") or customer.get("description") or None,
        domains=tuple(dict.fromkeys(d for key in DOMAIN_KEYS for d in (metadata.get(key) or "").replace(",", " ").split())),
        emails=(customer["email"],) if customer.get("email") else (),
        references=tuple(dict.fromkeys(metadata[key] for key in reference_keys if metadata.get(key))),
        created_at=instant(customer.get("created")),
        custom={key: value for key, value in sorted(metadata.items()) if key not in known},
    )


def subscription_records(
    subscription: Json,
    invoices: Sequence[Json],
    at: datetime,
    *,
    prices: Iterable[Json] = (),
    products: Mapping[str, str] | None = None,
    changed_at: Callable[[], int | None] = lambda: None,
) -> Iterator[Subscription | SubscriptionChange | Deleted | InvalidRecord]:
    """A subscription and all movements of its MRR. The movements' sum is always its `mrr`.

    subscription: with all its items, discounts expanded. invoices: all of its own, with all lines. at: "now". prices: see
    `revenue`. products: names by id. changed_at: tells the unix second at which the price last changed, where events know it;
    asked only for a change that is on no invoice yet.
    """
    customer, name = shapes.id_of(subscription.get("customer")), subscription["id"]
    currency = shapes.currency_of(subscription)
    if customer is None or not currency:
        lacks = "customer" if customer is None else "currency"
        yield InvalidRecord(name, f"the subscription has no {lacks}; look at /v1/subscriptions/{name}")
        return
    money = revenue(subscription, invoices, at, prices)
    items = shapes.items_of(subscription)
    renews = not (shapes.ended_at(subscription) or subscription.get("cancel_at_period_end") or subscription.get("cancel_at"))
    yield Subscription(
        source_id=name,
        raw_ref=f"/v1/subscriptions/{name}",
        account=customer,
        plan=plan_name(items[0], products or {}) if items else None,
        status=_status(subscription),
        seats=_seats(items),
        mrr=money.now,
        currency=currency,
        started_at=required_instant(shapes.started_at(subscription)),
        trial_ends_at=instant(subscription.get("trial_end")),
        renews_at=instant(shapes.period_end(subscription)) if renews else None,
        ended_at=instant(shapes.ended_at(subscription)),
    )
    yield from _changes(subscription, invoices, money, customer, currency, changed_at)


def _changes(
    subscription: Json,
    invoices: Iterable[Json],
    money: Revenue,
    customer: str,
    currency: str,
    changed_at: Callable[[], int | None],
) -> Iterator[SubscriptionChange | Deleted]:
    """The movements: invoiced ones under `subscription@second`, the end under `@end`, one not yet invoiced under `@current`.

    The one under `@current` goes away when an invoice or the end explains it, and is then yielded as Deleted. So is what a
    voided invoice had once shown.
    """
    name = subscription["id"]

    def change(key: str, at: int, delta: int, kind: MovementKind) -> SubscriptionChange:
        return SubscriptionChange(
            source_id=f"{name}@{key}",
            raw_ref=f"/v1/invoices?subscription={name}",
            account=customer,
            subscription=name,
            kind=kind,
            at=required_instant(at),
            mrr_delta=delta,
            currency=currency,
        )

    if subscription.get("status") in ("incomplete", "incomplete_expired"):
        return
    level, shown = 0, set[int]()
    for point, delta, kind in steps(money.points):
        yield change(str(point.at), point.at, delta, kind)
        shown.add(point.at)
        level = point.mrr
    end = shapes.ended_at(subscription)
    if end is not None and level:
        yield change("end", end, -level, "churn")
        level = 0
    if level != money.now:
        earlier = any(point.mrr for point in money.points)
        at = max(money.turned_at, changed_at() or 0)
        if money.now == 0:
            kind = "churn"
        elif level == 0:
            kind = "reactivation" if earlier else "new"
        else:
            kind = "expansion" if money.now > level else "contraction"
        yield change("current", at, money.now - level, kind)
    else:
        yield Deleted(SubscriptionChange, f"{name}@current")
    for stale in sorted(_withdrawn(invoices, money) - shown):
        yield Deleted(SubscriptionChange, f"{name}@{stale}")


def _withdrawn(invoices: Iterable[Json], money: Revenue) -> set[int]:
    """Instants at which an earlier reading may have seen a movement that is no longer there."""
    found = {point.at for point in money.points}
    all_of_them = list(invoices)
    if any(invoice.get("status") == "void" for invoice in all_of_them):
        for invoice in all_of_them:
            found.add(invoice["created"])
            found |= {line["period"]["start"] for line in shapes.lines_of(invoice) if shapes.is_proration(line)}
    return found


def invoice_record(
    invoice: Json, services: frozenset[str] = frozenset(), training: frozenset[str] = frozenset()
) -> Invoice | InvalidRecord | None:
    """A bill, or None for a draft. `services` and `training` are the ids of the products that are those.

    amount: what was asked for after credit (`amount_due`). due_at: automatic collection is due when the invoice is final.
    """
    name, moments = invoice["id"], invoice.get("status_transitions") or {}
    if invoice.get("status") == "draft" or invoice.get("deleted"):
        return None
    customer = shapes.id_of(invoice.get("customer"))
    if customer is None:
        return InvalidRecord(name, f"the invoice has no customer; look at /v1/invoices/{name}")
    issued = moments.get("finalized_at") or invoice.get("finalized_at") or invoice.get("effective_at") or invoice["created"]
    paid = moments.get("paid_at")
    if paid is None and (invoice.get("status") == "paid" or invoice.get("paid")):
        paid = invoice.get("webhooks_delivered_at") or issued  # before `status_transitions` nothing told exactly
    amount = invoice.get("amount_due")
    return Invoice(
        source_id=name,
        raw_ref=f"/v1/invoices/{name}",
        account=customer,
        number=invoice.get("number"),
        issued_at=required_instant(issued),
        due_at=instant(invoice.get("due_date") or issued),
        paid_at=instant(paid),
        voided_at=instant(moments.get("voided_at")),
        amount=minor(invoice["total"] if amount is None else amount, invoice["currency"]),
        services_amount=_part(invoice, services),
        training_amount=_part(invoice, training),
        currency=invoice["currency"].upper(),
        attempts=invoice.get("attempt_count") or 0,
    )


def _part(invoice: Json, products: frozenset[str]) -> int:
    """The part of an invoice for some products, after discounts."""
    total = 0
    for line in shapes.lines_of(invoice) if products else ():
        if shapes.line_product(line) in products:
            total += line["amount"] - sum(d["amount"] for d in line.get("discount_amounts") or ())
    return minor(total, invoice["currency"])


def plan_name(item: Json, products: Mapping[str, str]) -> str | None:
    """What a person calls the plan of an item: the price's nickname, else its product's name, else an id."""
    price = shapes.price_of(item)
    product = price.get("product")
    named = product.get("name") if isinstance(product, Mapping) else products.get(product or "")
    return price.get("nickname") or named or price.get("lookup_key") or shapes.id_of(product) or shapes.id_of(price)


def _status(subscription: Json) -> Status:
    status = _STATUSES.get(subscription["status"], "unpaid")
    return "paused" if subscription.get("pause_collection") and status in ("active", "past_due") else status


def _seats(items: Iterable[Json]) -> int | None:
    counts = [
        i["quantity"] for i in items if i.get("quantity") is not None and shapes.unit_amount(shapes.price_of(i)) is not None
    ]
    return sum(counts) if counts else None


def required_instant(seconds: int) -> datetime:
    """A Stripe time that is never null."""
    return datetime.fromtimestamp(seconds, UTC)
