"""How an invoice was paid: on time or late, at the first attempt or after retries, or never."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from accountpulse.testing.vendors.world.companies import Company

Json = dict[str, Any]
DAY = 86_400
TERMS_DAYS = 30
_RETRY_DAYS = (3.0, 8.0, 15.0)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at the card, in Unix seconds. `failure` is the decline code."""

    at: int
    failure: str | None


def settle(invoice: Json, company: Company, age: float, invoiced: bool, now: int, rng: Random) -> list[Attempt]:
    """Fill in how the invoice was settled by `now`, and return the attempts on the card."""
    trouble = 1 - company.health_at(age)
    finalized = min(now, invoice["created"] + 3600)
    invoice["status_transitions"]["finalized_at"] = finalized
    invoice["effective_at"] = finalized
    if invoice["amount_due"] == 0:
        _paid(invoice, finalized, attempts=0)
        return []
    if invoiced:
        _settle_sent(invoice, company, trouble, finalized, now, rng)
        return []
    return _settle_card(invoice, trouble, finalized, now, rng)


def _settle_sent(invoice: Json, company: Company, trouble: float, finalized: int, now: int, rng: Random) -> None:
    invoice["collection_method"] = "send_invoice"
    invoice["due_date"] = finalized + TERMS_DAYS * DAY
    delay = rng.uniform(4, 55) if company.archetype == "late-paying" else rng.gauss(-13 + 32 * trouble**1.4, 7)
    paid_at = max(finalized + DAY, invoice["due_date"] + int(delay * DAY))
    gone = company.ended is not None and rng.random() < 0.2
    if gone and invoice["due_date"] + 60 * DAY < now:
        _uncollectible(invoice, invoice["due_date"] + 60 * DAY)
    elif not gone and paid_at <= now:
        _paid(invoice, paid_at, attempts=0)


def _settle_card(invoice: Json, trouble: float, finalized: int, now: int, rng: Random) -> list[Attempt]:
    fails = 0.02 + 0.30 * trouble**2
    at = finalized
    attempts: list[Attempt] = []
    for retry in (*_RETRY_DAYS, None):
        if at > now:
            break
        declined = rng.random() < (fails if not attempts else 0.45)
        attempts.append(Attempt(at, rng.choice(("card_declined", "insufficient_funds", "expired_card")) if declined else None))
        if not declined:
            _paid(invoice, at, attempts=len(attempts))
            return attempts
        if retry is None:
            if at + 10 * DAY < now:
                _uncollectible(invoice, at + 10 * DAY)
            invoice |= {"attempt_count": len(attempts), "attempted": True, "next_payment_attempt": None}
            return attempts
        at = finalized + int(retry * DAY)
    invoice |= {"attempt_count": len(attempts), "attempted": bool(attempts), "next_payment_attempt": at}
    return attempts


def _paid(invoice: Json, at: int, attempts: int) -> None:
    invoice |= {
        "status": "paid",
        "amount_paid": invoice["amount_due"],
        "amount_remaining": 0,
        "attempt_count": attempts,
        "attempted": True,
        "next_payment_attempt": None,
    }
    invoice["status_transitions"]["paid_at"] = at


def _uncollectible(invoice: Json, at: int) -> None:
    invoice["status"] = "uncollectible"
    invoice["auto_advance"] = False
    invoice["status_transitions"]["marked_uncollectible_at"] = at
