"""How accounts are looked up, filtered and ordered."""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum
from typing import Annotated

import strawberry

from accountpulse.graphql.errors import BadInput
from accountpulse.graphql.fields import choice
from accountpulse.graphql.filters import MoneyFilter, NumberFilter, TextFilter, TimeFilter
from accountpulse.graphql.relay import Cursors

MAX_ORDERS = 4


@strawberry.input(description="An account as one source names it.")
class SourceKey:
    connection: str = strawberry.field(description="The connection's name in the configuration.")
    key: str = strawberry.field(description="The source's own key of the account, such as a Salesforce id.")


@strawberry.input(one_of=True, description="Which account: exactly one of these.")
class AccountBy:
    id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="Its id, from an earlier answer.")
    domain: str | None = strawberry.field(default=strawberry.UNSET, description="Its web domain, ignoring case.")
    name: str | None = strawberry.field(default=strawberry.UNSET, description="Its whole name, ignoring case.")
    source: SourceKey | None = strawberry.field(default=strawberry.UNSET, description="What a source calls it.")


@strawberry.input(description="Which accounts. Everything given must hold.")
class AccountFilter:
    name: TextFilter | None = strawberry.field(default=strawberry.UNSET, description="By name.")
    domain: TextFilter | None = strawberry.field(default=strawberry.UNSET, description="By web domain.")
    owner: TextFilter | None = strawberry.field(default=strawberry.UNSET, description="By the person responsible.")
    plan: TextFilter | None = strawberry.field(default=strawberry.UNSET, description="By plan.")
    region: TextFilter | None = strawberry.field(default=strawberry.UNSET, description="By region.")
    industry: TextFilter | None = strawberry.field(default=strawberry.UNSET, description="By industry.")
    lifecycle_stage: TextFilter | None = strawberry.field(default=strawberry.UNSET, description="By lifecycle stage.")
    employees: NumberFilter | None = strawberry.field(default=strawberry.UNSET, description="By head count.")
    segment: TextFilter | None = strawberry.field(
        default=strawberry.UNSET, description="By the segment it is scored in; missing for an account not yet scored."
    )
    band: TextFilter | None = strawberry.field(
        default=strawberry.UNSET, description="By its band's name; missing for an account not yet scored."
    )
    score: NumberFilter | None = strawberry.field(default=strawberry.UNSET, description="By score, 0 to 100.")
    coverage: NumberFilter | None = strawberry.field(default=strawberry.UNSET, description="By the measured share, 0 to 1.")
    trend_28d: NumberFilter | None = strawberry.field(
        name="trend28d", default=strawberry.UNSET, description="By the trend of the last 28 days, in points."
    )
    mrr: MoneyFilter | None = strawberry.field(default=strawberry.UNSET, description="By monthly recurring revenue.")
    customer_since: TimeFilter | None = strawberry.field(default=strawberry.UNSET, description="By first day as a customer.")
    renewal_at: TimeFilter | None = strawberry.field(default=strawberry.UNSET, description="By next renewal.")
    churned_at: TimeFilter | None = strawberry.field(
        default=strawberry.UNSET, description="By when it left; `null: true` for today's customers."
    )
    and_: list[AccountFilter] | None = strawberry.field(
        name="and", default=strawberry.UNSET, description="All of these hold too."
    )
    or_: list[AccountFilter] | None = strawberry.field(
        name="or", default=strawberry.UNSET, description="At least one of these holds too. An empty list matches nothing."
    )
    not_: AccountFilter | None = strawberry.field(
        name="not", default=strawberry.UNSET, description="This does not hold. It keeps accounts whose value is missing."
    )


@strawberry.enum(description="What accounts are ordered by. Missing values come last in either direction.")
class AccountOrderField(Enum):
    NAME = choice("name", "Name, by code point or as the database sorts text.")
    SCORE = choice("score", "Score.")
    BAND_SINCE = choice("band_since", "The day on which it came into its band.")
    COVERAGE = choice("coverage", "Measured share of the weight.")
    TREND_28D = choice("trend_28d", "Trend of the last 28 days.")
    MRR = choice("mrr", "Monthly recurring revenue.")
    RENEWAL_AT = choice("renewal_at", "Next renewal.")
    CUSTOMER_SINCE = choice("customer_since", "First day as a paying customer.")


@strawberry.enum(description="Which way a list is ordered.")
class Direction(Enum):
    ASC = choice("asc", "The smallest or earliest first.")
    DESC = choice("desc", "The largest or latest first.")


@strawberry.input(description="One thing to order accounts by.")
class AccountOrder:
    field: AccountOrderField = strawberry.field(description="What to order by.")
    direction: Direction = strawberry.field(default=Direction.ASC, description="Which way. Default: ASC.")


FilterArg = Annotated[AccountFilter | None, strawberry.argument(description="Which accounts. Default: all.")]
OrderByArg = Annotated[
    list[AccountOrder] | None,
    strawberry.argument(description="The order, up to 4 things; equals are ordered by id. Default: by name."),
]

_KINDS: dict[str, type] = {
    "name": str,
    "score": float,
    "band_since": date,
    "coverage": float,
    "trend_28d": float,
    "mrr": int,
    "renewal_at": datetime,
    "customer_since": datetime,
}


def ordering(order_by: list[AccountOrder] | None) -> tuple[list[tuple[str, bool]], Cursors]:
    """The columns to order by, whether descending, and the cursors of that order. Raises BadInput for too many."""
    if order_by is not None and len(order_by) > MAX_ORDERS:
        raise BadInput(f"orderBy lists {len(order_by)} things; at most {MAX_ORDERS} are allowed")
    given = order_by or [AccountOrder(field=AccountOrderField.NAME)]
    orders = [(order.field.value, order.direction is Direction.DESC) for order in given]
    name = ",".join(f"{field}{'-' if descending else ''}" for field, descending in orders)
    return orders, Cursors(name, [*(_KINDS[field] for field, _ in orders), int])
