"""The base as Stripe holds it: customers, subscriptions, invoices with their lines, charges, refunds, credit notes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from accountpulse.testing.vendors.world import stripe_objects as shape
from accountpulse.testing.vendors.world.billing_events import recent_events
from accountpulse.testing.vendors.world.catalog import Catalog
from accountpulse.testing.vendors.world.companies import RESELLER_DOMAIN, RESOLD, WINDOW_DAYS, Company
from accountpulse.testing.vendors.world.contracts import Change, Contract, Terms, contract_of
from accountpulse.testing.vendors.world.payments import settle
from accountpulse.testing.vendors.world.wire import stripe_id, unix

Json = dict[str, Any]
_FEEDBACK = ("too_expensive", "missing_features", "switched_service", "unused", "customer_service", "other")


class BillingBook:
    """Collects Stripe objects by kind while the companies are billed."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.catalog = Catalog(now)
        self.objects: dict[str, list[Json]] = {
            name: [] for name in ("customer", "subscription", "subscription_item", "invoice", "line_item", "discount",
                                  "charge", "refund", "credit_note", "event")
        }  # fmt: skip
        self.plan_changes: list[tuple[int, str, Json]] = []

    def at(self, age: float) -> int:
        """The Unix time `age` days before now."""
        return unix(self.now - timedelta(days=age))


def build_billing(companies: Sequence[Company], now: datetime, seed: int) -> dict[str, list[Json]]:
    """Stripe objects by kind, unsorted. `line_item` and `subscription_item` are complete; the embedded lists are capped."""
    book = BillingBook(now)
    billed = [company for company in companies if company.in_billing]
    biggest = next(c.index for c in billed if c.plan == "enterprise" and c.ended is None and c.archetype == "steady")
    for company in billed:
        _bill(book, company, contract_of(company, seed, company.index == biggest), seed)
    book.objects |= {
        "product": book.catalog.products,
        "price": list(book.catalog.prices.values()),
        "coupon": book.catalog.coupons,
        "event": recent_events(book.objects, book.plan_changes, unix(now)),
    }
    return book.objects


def _bill(book: BillingBook, company: Company, contract: Contract, seed: int) -> None:
    rng = company.random(seed, "billing")
    customer = _customer(book, company, contract)
    subscription_id = stripe_id("sub", seed, company.index)
    discount = _discount(book, contract, customer["id"], subscription_id, company)
    trialing = company.archetype == "new" and company.started < 30 and company.index % 2 == 0
    invoices = [] if trialing else _invoices(book, company, contract, customer, subscription_id, discount, rng)
    subscription = _subscription(book, company, contract, customer, subscription_id, trialing, rng)
    if discount is not None:
        subscription["discounts"] = [discount]
    if invoices:
        subscription["latest_invoice"] = invoices[-1]["id"]
        _mark_overdue(subscription, customer, invoices[-1])
    for change in contract.changes:
        if change.age < 30:
            _remember_change(book, contract, subscription, change)
    book.objects["subscription"].append(subscription)


def _customer(book: BillingBook, company: Company, contract: Contract) -> Json:
    identifier = stripe_id("cus", company.index)
    known: Json = {"currency": contract.currency, "address": {"country": company.country, "city": None, "line1": None}}
    if company.index in RESOLD:
        identifier = stripe_id("cus", "reseller")
        known |= {"name": "Channelworks Partners", "email": f"accounts@{RESELLER_DOMAIN}", "metadata": {"partner": "yes"}}
        existing = next((each for each in book.objects["customer"] if each["id"] == identifier), None)
        if existing is not None:
            return existing
    else:
        linked = {"salesforce_account_id": company.account_id} if company.billing_linked else {}
        known |= {"name": company.name, "email": company.billing_email, "metadata": linked}
    created = shape.customer(identifier, book.at(company.started + 0.02), **known)
    book.objects["customer"].append(created)
    return created


def _discount(book: BillingBook, contract: Contract, customer_id: str, subscription_id: str, company: Company) -> str | None:
    if not contract.percent_off:
        return None
    identifier = stripe_id("di", subscription_id)
    book.objects["discount"].append(
        {
            "id": identifier,
            "object": "discount",
            "checkout_session": None,
            "customer": customer_id,
            "end": None,
            "invoice": None,
            "invoice_item": None,
            "promotion_code": None,
            "source": {"type": "coupon", "coupon": f"partner{contract.percent_off}"},
            "start": book.at(company.started),
            "subscription": subscription_id,
            "subscription_item": None,
        }
    )
    return identifier


def _items(
    book: BillingBook, contract: Contract, terms: Terms, subscription_id: str, created: int, period: tuple[int, int]
) -> list[Json]:
    wanted = [(terms.plan, terms.seats), *((addon, 1) for addon in contract.addons)]
    return [
        shape.subscription_item(
            stripe_id("si", subscription_id, "seats" if position == 0 else name),
            subscription_id,
            book.catalog.price(name, contract.currency, contract.interval),
            quantity,
            created,
            period,
        )
        for position, (name, quantity) in enumerate(wanted)
    ]  # fmt: skip


def _subscription(
    book: BillingBook, company: Company, contract: Contract, customer: Json, identifier: str, trialing: bool, rng: Random
) -> Json:
    created = book.at(company.started)
    begun = company.started - contract.period * int((company.started - company.last_day) / contract.period)
    period = (book.at(begun), book.at(begun - contract.period))
    items = _items(book, contract, contract.final, identifier, created, period)
    known: Json = {"collection_method": "send_invoice" if contract.invoiced else "charge_automatically"}
    if contract.invoiced:
        known["days_until_due"] = 30
    if company.index in RESOLD:
        known |= {"metadata": {"salesforce_account_id": company.account_id}, "description": company.name}
    if trialing:
        known |= {"status": "trialing", "trial_start": created, "trial_end": created + 30 * 86_400}
    leaving = {"comment": None, "feedback": rng.choice(_FEEDBACK), "reason": "cancellation_requested"}
    if company.ended is not None:
        asked = min(company.started - 1, company.ended + rng.uniform(0, 28))
        known |= {
            "status": "canceled",
            "canceled_at": book.at(asked),
            "ended_at": book.at(company.ended),
            "cancellation_details": leaving,
        }
    elif company.archetype == "churning" and company.index % 2 == 0:
        known |= {
            "cancel_at_period_end": True,
            "cancel_at": period[1],
            "canceled_at": book.at(rng.uniform(1, 25)),
            "cancellation_details": leaving,
        }
    book.objects["subscription_item"] += [] if company.ended is not None else items
    return shape.subscription(identifier, customer["id"], items, created, **known)


def _mark_overdue(subscription: Json, customer: Json, latest: Json) -> None:
    late = latest["status"] == "open" and latest["attempt_count"] > 0 and latest["collection_method"] != "send_invoice"
    if late and subscription["status"] == "active":
        subscription["status"] = "past_due"
        customer["delinquent"] = True


def _remember_change(book: BillingBook, contract: Contract, subscription: Json, change: Change) -> None:
    first = subscription["items"]["data"][0]
    rest = subscription["items"]["data"][1:]
    old = {
        **first,
        "price": book.catalog.price(change.before.plan, contract.currency, contract.interval),
        "quantity": change.before.seats,
    }
    previous = {"items": {**subscription["items"], "data": [old, *rest]}}
    book.plan_changes.append((book.at(change.age), subscription["id"], previous))


def _invoices(
    book: BillingBook,
    company: Company,
    contract: Contract,
    customer: Json,
    subscription_id: str,
    discount: str | None,
    rng: Random,
) -> list[Json]:
    made: list[Json] = []
    starts: list[float] = []
    age = company.started
    while age > company.last_day + 0.5:
        if age - contract.period < WINDOW_DAYS:
            starts.append(age)
        age -= contract.period
    for start in starts:
        number = len(made)
        reason = "subscription_create" if start == company.started else "subscription_cycle"
        earlier = (
            [c for c in contract.changes if start < c.age <= start + contract.period] if contract.interval == "month" else []
        )
        made.append(
            _invoice(book, company, contract, customer, subscription_id, discount, start, earlier, True, reason, number)
        )
        _settle(book, company, contract, made[-1], start, rng)
        if contract.interval == "year":
            for change in contract.changes:
                if start - contract.period < change.age <= start:
                    update = _invoice(
                        book,
                        company,
                        contract,
                        customer,
                        subscription_id,
                        None,
                        change.age,
                        [change],
                        False,
                        "subscription_update",
                        len(made),
                    )
                    made.append(update)
                    _settle(book, company, contract, update, change.age, rng)
    if company.started < WINDOW_DAYS and contract.onboarding_paid:
        _one_off(book, company, contract, customer, "onboarding", company.started - 0.1, rng)
    if rng.random() < 0.12 and company.ended is None and company.started > 60:
        _one_off(book, company, contract, customer, "training", rng.uniform(5, min(company.started - 30, 500)), rng)
    return made


def _invoice(
    book: BillingBook,
    company: Company,
    contract: Contract,
    customer: Json,
    subscription_id: str,
    discount: str | None,
    age: float,
    prorated: list[Change],
    cycle: bool,
    reason: str,
    number: int,
) -> Json:
    """One invoice: prorations for changes since the last one, then (if `cycle`) the coming period in advance."""
    identifier = stripe_id("in", subscription_id, number)
    seats_item = stripe_id("si", subscription_id, "seats")
    lines: list[Json] = []

    def add(price: Json, quantity: int, amount: int, span: tuple[int, int], item_id: str, proration: bool, text: str) -> None:
        off = (discount, round(amount * contract.percent_off / 100)) if discount and not proration else None
        lines.append(
            shape.line_item(
                stripe_id("il", identifier, len(lines)), identifier, price, quantity, amount, span,
                subscription_id=subscription_id, item_id=item_id, proration=proration, description=text, discount=off,
            )
        )  # fmt: skip

    for change in prorated:
        elapsed = (company.started - change.age) % contract.period
        share = 1 - elapsed / contract.period
        span = (book.at(change.age), book.at(change.age - contract.period * share))
        for sign, terms, text in ((-1, change.before, "Unused time on"), (1, change.after, "Remaining time on")):
            price = book.catalog.price(terms.plan, contract.currency, contract.interval)
            amount = sign * round(price["unit_amount"] * terms.seats * share)
            add(price, terms.seats, amount, span, seats_item, True, f"{text} {terms.seats} x Pulse {terms.plan.title()}")
    if cycle:
        terms = contract.terms_at(age)
        span = (book.at(age), book.at(age - contract.period))
        for name, quantity in [(terms.plan, terms.seats), *((addon, 1) for addon in contract.addons)]:
            price = book.catalog.price(name, contract.currency, contract.interval)
            item_id = seats_item if name == terms.plan else stripe_id("si", subscription_id, name)
            add(price, quantity, price["unit_amount"] * quantity, span, item_id, False, f"{quantity} x {name.title()}")
    made = shape.invoice(
        identifier,
        customer["id"],
        lines,
        book.at(age),
        billing_reason=reason,
        customer_email=customer["email"],
        customer_name=customer["name"],
        period_start=book.at(age + contract.period) if reason == "subscription_cycle" else book.at(age),
        period_end=book.at(age),
    )
    book.objects["line_item"] += lines
    return made


def _one_off(
    book: BillingBook, company: Company, contract: Contract, customer: Json, name: str, age: float, rng: Random
) -> None:
    identifier = stripe_id("in", customer["id"], name, company.index)
    price = book.catalog.price(name, contract.currency, None)
    moment = book.at(age)
    line = shape.line_item(
        stripe_id("il", identifier), identifier, price, 1, price["unit_amount"], (moment, moment), description=name
    )
    made = shape.invoice(
        identifier, customer["id"], [line], moment, customer_email=customer["email"], customer_name=customer["name"]
    )
    book.objects["line_item"].append(line)
    _settle(book, company, contract, made, age, rng)


def _settle(book: BillingBook, company: Company, contract: Contract, invoice: Json, age: float, rng: Random) -> None:
    attempts = settle(invoice, company, age, contract.invoiced, unix(book.now), rng)
    book.objects["invoice"].append(invoice)
    for number, attempt in enumerate(attempts):
        if age < 75 or (attempt.failure and age < 200):
            book.objects["charge"].append(
                shape.charge(stripe_id("ch", invoice["id"], number), invoice, attempt.at, attempt.failure)
            )
    if invoice["status"] == "paid" and invoice["amount_due"] > 0 and age < 300 and rng.random() < 0.012:
        _credit(book, invoice, rng)


def _credit(book: BillingBook, invoice: Json, rng: Random) -> None:
    """A goodwill credit on a paid invoice, refunded to the card when there is a charge to refund."""
    amount = max(100, int(invoice["amount_due"] * rng.choice((0.1, 0.2, 0.5))))
    created = min(unix(book.now) - 300, invoice["status_transitions"]["paid_at"] + rng.randint(1, 8) * 86_400)
    taken = next((c for c in book.objects["charge"] if c["description"].endswith(invoice["number"]) and c["paid"]), None)
    refund_id = None
    if taken is not None:
        refund_id = stripe_id("re", invoice["id"])
        taken["amount_refunded"] = amount
        book.objects["refund"].append(
            shape.refund(
                refund_id,
                amount,
                created,
                charge=taken["id"],
                currency=invoice["currency"],
                payment_intent=taken["payment_intent"],
            )
        )
    invoice["post_payment_credit_notes_amount"] = amount
    book.objects["credit_note"].append(
        shape.credit_note(
            stripe_id("cn", invoice["id"]),
            invoice["id"],
            invoice["customer"],
            amount,
            created,
            currency=invoice["currency"],
            number=f"{invoice['number']}-CN-01",
            refunds=[{"amount_refunded": amount, "refund": refund_id, "type": "refund"}] if refund_id else [],
        )
    )
