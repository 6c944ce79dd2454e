"""What the deals of the base hold, and how they moved on their way: product lines and field history."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

from accountpulse.testing.vendors.world.wire import day_text, salesforce_id, salesforce_time

Json = dict[str, Any]
PRODUCTS = (("Fernwood seats", "Licences"), ("Consulting days", "Professional Services"), ("Admin training", "Training"))
_PER_DEAL = 10


def products(now: datetime) -> list[Json]:
    """What is sold."""
    made = salesforce_time(now - timedelta(days=1500))
    return [
        {
            "Id": salesforce_id("01t", number),
            "Name": name,
            "Family": family,
            "IsActive": True,
            "IsDeleted": False,
            **_stamps(made),
        }
        for number, (name, family) in enumerate(PRODUCTS, 1)
    ]


def line_of(deal: Json, number: int, rng: Random) -> Json:
    """The one line of a deal; services are consulting or training."""
    product = rng.choice((2, 3)) if deal["Type"] == "Services" else 1
    return {
        "Id": salesforce_id("00k", number),
        "OpportunityId": deal["Id"],
        "Product2Id": salesforce_id("01t", product),
        "Quantity": 1.0,
        "UnitPrice": deal["Amount"],
        "TotalPrice": deal["Amount"],
        "IsDeleted": False,
        **_stamps(deal["CreatedDate"]),
    }


def history_of(deal: Json, number: int, health: float, rng: Random) -> list[Json]:
    """How a deal moved: its stage at the end, and the days it was put off, more of them where the customer fares badly."""
    opened, moved = (datetime.fromisoformat(deal[name]) for name in ("CreatedDate", "SystemModstamp"))
    found: list[Json] = []

    def add(at: datetime, field: str, old: str, new: str) -> None:
        found.append(
            {
                "Id": salesforce_id("017", number * _PER_DEAL + len(found) + 1),
                "IsDeleted": False,
                "OpportunityId": deal["Id"],
                "CreatedById": deal["OwnerId"],
                "CreatedDate": salesforce_time(at),
                "Field": field,
                "OldValue": old,
                "NewValue": new,
            }
        )

    slips = sum(rng.random() < 0.5 * (1.1 - health) for _ in range(3))
    planned = [date.fromisoformat(deal["CloseDate"]) - timedelta(days=14 * n) for n in range(slips, -1, -1)]
    for n, (old, new) in enumerate(pairwise(planned)):
        add(opened + (moved - opened) * (n + 1) / (slips + 1), "CloseDate", day_text(old), day_text(new))
    add(moved, "StageName", "Qualification", deal["StageName"])
    return found


def _stamps(at: str) -> Json:
    return {"CreatedDate": at, "LastModifiedDate": at, "SystemModstamp": at}
