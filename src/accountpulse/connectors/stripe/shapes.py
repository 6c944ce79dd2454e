"""Reads Stripe's JSON in every shape we meet: today's, and that of 2022, which old events and old versions still have.

Differences: an invoice's and a line's subscription moved under `parent` (2025), a line's price became `pricing`, a coupon moved
under `discount.source`, `discount` became `discounts`, and the billing period moved from the subscription to its items.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import ceil, floor
from typing import Any

Json = Mapping[str, Any]


def id_of(thing: object) -> str | None:
    """The id of something that Stripe gives as an id or, expanded, as the object."""
    if isinstance(thing, Mapping):
        thing = thing.get("id")
    return thing if isinstance(thing, str) and thing else None


# --- subscriptions, items, prices ---------------------------------------------------------------------------------------


def items_of(subscription: Json) -> list[Json]:
    """A subscription's items; itself, with its plan, where a very old shape has no items."""
    items = subscription.get("items")
    if isinstance(items, Mapping) and items.get("data") is not None:
        return list(items["data"])
    return [subscription] if subscription.get("plan") else []


def price_of(item: Json) -> Json:
    """An item's price, or its plan in an old shape."""
    return item.get("price") or item.get("plan") or {}


def currency_of(subscription: Json) -> str:
    """The ISO currency of a subscription; the 2022 shape has it on the price only."""
    found = subscription.get("currency") or next((price_of(i).get("currency") for i in items_of(subscription)), None)
    return (found or "").upper()


def started_at(subscription: Json) -> int:
    """When a subscription began, in unix seconds."""
    begun: int = subscription.get("start_date") or subscription.get("start") or subscription["created"]
    return begun


def ended_at(subscription: Json) -> int | None:
    """When a canceled subscription ended, in unix seconds; None while it runs, even with a cancellation planned."""
    if subscription.get("status") not in ("canceled", "incomplete_expired"):
        return None
    end: int = subscription.get("ended_at") or subscription.get("canceled_at") or started_at(subscription)
    return end


def period_end(subscription: Json) -> int | None:
    """When the current period ends: the first of the items' today, the subscription's before 2025."""
    ends = [i["current_period_end"] for i in items_of(subscription) if i.get("current_period_end")]
    return min(ends) if ends else subscription.get("current_period_end")


def interval_share(interval: str, count: int) -> Fraction:
    """How much of the price of `count` intervals falls on one month."""
    per_month = {"month": Fraction(1), "year": Fraction(1, 12), "week": Fraction(52, 12), "day": Fraction(365, 12)}
    return per_month[interval] / max(1, count)


def price_share(price: Json) -> Fraction | None:
    """How much of a price falls on one month; None for a one-time price."""
    recurring = price.get("recurring") or (price if price.get("interval") else None)
    return interval_share(recurring["interval"], recurring.get("interval_count") or 1) if recurring else None


def unit_amount(price: Json) -> Fraction | None:
    """The price of one unit in minor units; None where usage or tiers decide."""
    if price.get("billing_scheme") == "tiered" or (price.get("recurring") or price).get("usage_type") == "metered":
        return None
    for name in ("unit_amount_decimal", "unit_amount", "amount_decimal", "amount"):
        if price.get(name) is not None:
            return Fraction(str(price[name]))
    return None


def quantity_of(item: Json) -> int:
    """How many units of its price an item is billed for."""
    quantity: int = 1 if item.get("quantity") is None else item["quantity"]
    packs = price_of(item).get("transform_quantity") or {}
    if packs.get("divide_by"):
        whole = ceil if packs.get("round") == "up" else floor
        return whole(Fraction(quantity, packs["divide_by"]))
    return quantity


# --- discounts ----------------------------------------------------------------------------------------------------------


def discounts_of(thing: Json) -> list[Json]:
    """The discounts of a subscription, an item or an invoice that Stripe expanded.

    A subscription without any has its customer's, where Stripe expanded the customer.
    """
    found = [d for d in thing.get("discounts") or () if isinstance(d, Mapping)]
    single = thing.get("discount")
    if isinstance(single, Mapping) and single.get("id") not in {d.get("id") for d in found}:
        found.append(single)
    customer = thing.get("customer")
    if not thing.get("discounts") and not single and isinstance(customer, Mapping) and customer.get("discount"):
        found.append(customer["discount"])
    return found


def coupon_of(discount: Json) -> Json:
    """The coupon of a discount. Empty when it was not expanded."""
    source = discount.get("source")
    coupon = source.get("coupon") if isinstance(source, Mapping) else None
    coupon = coupon or discount.get("coupon")
    return coupon if isinstance(coupon, Mapping) else {}


# --- invoices and their lines -------------------------------------------------------------------------------------------


def lines_of(invoice: Json) -> list[Json]:
    """The lines embedded in an invoice."""
    return list((invoice.get("lines") or {}).get("data") or ())


def invoice_subscription(invoice: Json) -> str | None:
    """The subscription an invoice belongs to."""
    details = (invoice.get("parent") or {}).get("subscription_details") or {}
    return id_of(details.get("subscription")) or id_of(invoice.get("subscription"))


def _details(line: Json) -> Json:
    parent = line.get("parent") or {}
    return parent.get("subscription_item_details") or parent.get("invoice_item_details") or {}


def is_proration(line: Json) -> bool:
    """Whether a line settles part of a period, after a change within it."""
    return bool(line.get("proration") or _details(line).get("proration"))


def is_recurring(line: Json) -> bool:
    """Whether a line bills a subscription item for a period."""
    kind = (line.get("parent") or {}).get("type") or line.get("type")
    return kind in ("subscription", "subscription_item_details")


def line_subscription(line: Json) -> str | None:
    """The subscription a line bills, if any."""
    return id_of(line.get("subscription")) or id_of(_details(line).get("subscription"))


def line_item(line: Json) -> str | None:
    """The subscription item a line bills, if any."""
    return id_of(line.get("subscription_item")) or id_of(_details(line).get("subscription_item"))


def line_price(line: Json) -> str | None:
    """The price id of a line."""
    details = (line.get("pricing") or {}).get("price_details") or {}
    return id_of(details.get("price")) or id_of(line.get("price")) or id_of(line.get("plan"))


def line_product(line: Json) -> str | None:
    """The product id of a line."""
    details = (line.get("pricing") or {}).get("price_details") or {}
    return id_of(details.get("product")) or id_of((line.get("price") or line.get("plan") or {}).get("product"))


def line_share(line: Json, known: Mapping[str, Fraction]) -> Fraction:
    """How much of a line's amount falls on one month: from its price, a `known` price of that id, or else its period."""
    for holder in (line.get("price"), line.get("plan")):
        share = price_share(holder) if isinstance(holder, Mapping) else None
        if share is not None:
            return share
    price = line_price(line)
    if price is not None and price in known:
        return known[price]
    period = line.get("period") or {}
    return period_share(period.get("start") or 0, period.get("end") or 0)


def period_share(start: int, end: int) -> Fraction:
    """How much of a period's price falls on a month, where only its bounds are known: today's lines don't name the interval."""
    a, b = datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC)
    months = (b.year - a.year) * 12 + b.month - a.month
    # The 31st renews on the 30th or 28th, and comes back to the 31st.
    if months > 0 and (a.day == b.day or (a.day > b.day and _last_of_month(b)) or (a.day < b.day and _last_of_month(a))):
        return Fraction(1, months)
    days = round((b - a) / timedelta(days=1))
    if days <= 0:
        return Fraction(1)
    if days % 7 == 0:
        return Fraction(52 * 7, 12 * days)
    return Fraction(1) if 28 < days <= 31 else Fraction(365, 12 * days)


def _last_of_month(at: datetime) -> bool:
    return (at + timedelta(days=1)).day == 1
