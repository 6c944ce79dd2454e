"""Monthly recurring revenue of a Stripe subscription: what it is now, and how it moved. Pure; amounts in minor units.

What counts, decided once: `active` and `past_due` count; trialing, paused (also a paused collection), unpaid, incomplete and
canceled are 0. A period's price is spread over its months (a year has 12 months, 52 weeks and 365 days). Percent discounts
come off first, then amounts; a coupon with duration `once` is not recurring and is left out. Metered and tiered items have
no price of their own, so the last invoiced amount stands for them. Tax is not looked at. Amounts
come out in the minor units of ISO 4217, where Stripe's are others (see `money`).

History comes from the invoices only, and each invoice once final stays as it is, so that a later reading finds the same
movements again and adds to them. The one exception, a change not yet on an invoice, is `Revenue.now`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Literal, NamedTuple

from accountpulse.connectors.stripe import shapes
from accountpulse.connectors.stripe.money import rounded, scale
from accountpulse.connectors.stripe.shapes import Json

MOVING_STATUSES = frozenset({"active", "past_due"})
FINAL_STATUSES = frozenset({"open", "paid", "uncollectible"})
MovementKind = Literal["new", "expansion", "contraction", "churn", "reactivation"]


@dataclass(frozen=True, slots=True)
class Point:
    """From `at` (unix seconds) on, the subscription brought `mrr` a month."""

    at: int
    mrr: int


@dataclass(frozen=True, slots=True)
class Revenue:
    """now: the MRR now. points: what invoices show, oldest first. turned_at: best date for a change not yet on an invoice."""

    now: int
    points: tuple[Point, ...]
    turned_at: int


class _Held(NamedTuple):
    """An item's monthly amount, and until when it is paid for."""

    amount: Fraction
    until: int


class _Part(NamedTuple):
    """An item's monthly amount; share 0 means that discounts are already in it."""

    product: str | None
    amount: Fraction
    share: Fraction


def revenue(subscription: Json, invoices: Iterable[Json], at: datetime, prices: Iterable[Json] = ()) -> Revenue:
    """What a subscription brings at `at` and brought before, from itself (all items) and its invoices (all lines).

    prices: those that today's lines name and the subscription no longer has; without one a line's period stands for it.
    """
    end = shapes.ended_at(subscription)
    units = scale(shapes.currency_of(subscription))
    known = _known_shares([*prices, *map(shapes.price_of, shapes.items_of(subscription))])
    points: list[Point] = []
    held: dict[str, _Held] = {}
    turned = billed = 0
    for invoice in sorted(invoices, key=lambda i: (i["created"], i["id"])):
        issued: int = invoice["created"]
        if invoice.get("status") not in FINAL_STATUSES or (end is not None and issued >= end):
            continue
        starts, credited = _prorations(subscription, invoice)
        turned = max([turned, *(start for start in starts if start <= issued)])
        regular = _regular(subscription, invoice, known)
        if not regular:
            continue
        # A yearly item is not on the monthly invoices between: it counts until its paid period ends or a credit takes it back.
        held = {k: h for k, h in held.items() if h.until > issued and k not in credited} | regular
        mrr = max(0, rounded(units * sum((h.amount for h in held.values()), Fraction(0))))
        # Prorations begin when the price changed; the regular line shows the new price only at the next renewal.
        moved = turned if billed and turned > billed else issued
        if points and points[-1].at >= moved:
            points[-1] = Point(points[-1].at, mrr)
        elif not points or points[-1].mrr != mrr:
            points.append(Point(moved, mrr))
        billed = issued
    now = max(0, rounded(units * _current(subscription, at, held)))
    if points and now and shapes.discounts_of(subscription) and abs(now - points[-1].mrr) <= len(shapes.items_of(subscription)):
        now = points[-1].mrr  # Stripe rounds discounts line by line: a cent of rounding is not a movement.
    since = billed or shapes.started_at(subscription)
    return Revenue(now, tuple(points), max([turned, since, *_turns(subscription, int(at.timestamp()))]))


def steps(points: Iterable[Point]) -> Iterator[tuple[Point, int, MovementKind]]:
    """Each movement between points as (point, delta, kind); points that move nothing are left out."""
    level, paid_before = 0, False
    kind: MovementKind
    for point in points:
        delta = point.mrr - level
        if delta == 0:
            continue
        if level == 0:
            kind = "reactivation" if paid_before else "new"
        elif point.mrr == 0:
            kind = "churn"
        else:
            kind = "expansion" if delta > 0 else "contraction"
        yield point, delta, kind
        level, paid_before = point.mrr, True


# --- now ----------------------------------------------------------------------------------------------------------------


def _current(subscription: Json, at: datetime, invoiced: Mapping[str, _Held]) -> Fraction:
    if subscription.get("status") not in MOVING_STATUSES or subscription.get("pause_collection"):
        return Fraction(0)
    moment, currency = int(at.timestamp()), shapes.currency_of(subscription)
    parts: list[_Part] = []
    for item in shapes.items_of(subscription):
        price = shapes.price_of(item)
        share, unit = shapes.price_share(price), shapes.unit_amount(price)
        if share is None:
            continue
        if unit is None:
            last = invoiced.get(item.get("id") or "") or invoiced.get(shapes.id_of(price) or "")
            parts.append(_Part(None, last.amount if last else Fraction(0), Fraction(0)))
            continue
        part = _Part(shapes.id_of(price.get("product")), unit * shapes.quantity_of(item) * share, share)
        parts += _discounted([part], _coupons(item, moment), currency)
    parts = _discounted(parts, _coupons(subscription, moment), currency)
    return sum((part.amount for part in parts), Fraction(0))


def _turns(subscription: Json, moment: int) -> Iterator[int]:
    """When the trial and discounts ended: more was due from then on, though no invoice says so yet."""
    ends = [subscription.get("trial_end")]
    for thing in (subscription, *shapes.items_of(subscription)):
        ends += [discount.get("end") for discount in shapes.discounts_of(thing)]
    return (end for end in ends if end and end <= moment)


def _coupons(thing: Json, moment: int) -> list[Json]:
    """The recurring coupons in force, percentages first."""
    running = [d for d in shapes.discounts_of(thing) if not (d.get("end") and d["end"] <= moment)]
    coupons = [c for c in map(shapes.coupon_of, running) if c and c.get("duration") != "once"]
    return sorted(coupons, key=lambda c: c.get("percent_off") is None)


def _discounted(parts: list[_Part], coupons: list[Json], currency: str) -> list[_Part]:
    for coupon in coupons:
        products = (coupon.get("applies_to") or {}).get("products")
        fits = [i for i, part in enumerate(parts) if part.share and (not products or part.product in products)]
        if not fits:
            continue
        if coupon.get("percent_off") is not None:
            keep = 1 - Fraction(str(coupon["percent_off"])) / 100
        else:
            total = sum((parts[i].amount for i in fits), Fraction(0))
            # An amount comes off every bill, so the shortest billing period says how often.
            off = _amount_off(coupon, currency) * max(parts[i].share for i in fits)
            keep = max(Fraction(0), 1 - off / total) if total else Fraction(1)
        parts = [part._replace(amount=part.amount * keep) if i in fits else part for i, part in enumerate(parts)]
    return parts


def _amount_off(coupon: Json, currency: str) -> Fraction:
    if (coupon.get("currency") or currency).upper() == currency:
        return Fraction(coupon.get("amount_off") or 0)
    other = (coupon.get("currency_options") or {}).get(currency.lower()) or {}
    return Fraction(other.get("amount_off") or 0)


# --- before -------------------------------------------------------------------------------------------------------------


def _regular(subscription: Json, invoice: Json, known: Mapping[str, Fraction]) -> dict[str, _Held]:
    """What each item brings a month by an invoice's regular lines."""
    once = {d.get("id") for d in shapes.discounts_of(invoice) if shapes.coupon_of(d).get("duration") == "once"}
    found: dict[str, _Held] = {}
    for line in shapes.lines_of(invoice):
        if not shapes.is_recurring(line) or shapes.is_proration(line) or not _of(line, subscription):
            continue
        off = sum(d["amount"] for d in line.get("discount_amounts") or () if shapes.id_of(d.get("discount")) not in once)
        amount = Fraction(line["amount"] - off) * shapes.line_share(line, known)
        before = found.get(_key(line), _Held(Fraction(0), 0))
        until = (line.get("period") or {}).get("end") or 0
        found[_key(line)] = _Held(before.amount + amount, max(before.until, until))
    return found


def _prorations(subscription: Json, invoice: Json) -> tuple[list[int], set[str]]:
    """When the prices on an invoice changed, and the items it gives money back for."""
    lines = [line for line in shapes.lines_of(invoice) if shapes.is_proration(line) and _of(line, subscription)]
    starts = [line["period"]["start"] for line in lines if line.get("period")]
    return starts, {_key(line) for line in lines if line["amount"] < 0}


def _of(line: Json, subscription: Json) -> bool:
    return shapes.line_subscription(line) in (None, subscription["id"])


def _key(line: Json) -> str:
    return shapes.line_item(line) or shapes.line_price(line) or ""


def _known_shares(prices: Iterable[Json]) -> dict[str, Fraction]:
    shares: dict[str, Fraction] = {}
    for price in prices:
        share, name = shapes.price_share(price), shapes.id_of(price)
        if share is not None and name:
            shares[name] = share
    return shares
