"""The root field about the portfolio."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import strawberry

from accountpulse.graphql.accounts.inputs import AccountFilter
from accountpulse.graphql.context import Info
from accountpulse.graphql.fields import resolver
from accountpulse.graphql.filters import condition_of
from accountpulse.graphql.portfolio.reading import check_dimensions, read
from accountpulse.graphql.portfolio.types import Portfolio, PortfolioDimension

PortfolioFilterArg = Annotated[
    AccountFilter | None,
    strawberry.argument(
        description="Which accounts. Default: all. Of a past day, `band`, `segment` and `score` are those of the day, and "
        "everything else is as it is known now. An empty filter is a filter."
    ),
]
GroupByArg = Annotated[
    list[PortfolioDimension] | None,
    strawberry.argument(description="What to count by, up to 3 things. Default: by band. An empty list: everything in one."),
]
AsOfArg = Annotated[
    date | None,
    strawberry.argument(description="The day, in the store's time zone; its scores as they were published. Default: today."),
]


def _check(filter: AccountFilter | None = None, group_by: list[PortfolioDimension] | None = None) -> None:
    condition_of(filter)
    check_dimensions([by.value for by in group_by or ()])


@strawberry.type
class PortfolioQueries:
    @resolver(
        "How many accounts there are in each band, segment or whatever else they have in common, what they pay and how they "
        "score; now, or on a past day.",
        check=_check,
    )
    async def portfolio(
        self, info: Info, filter: PortfolioFilterArg = None, group_by: GroupByArg = None, as_of: AsOfArg = None
    ) -> Portfolio:
        condition = condition_of(filter)
        dimensions = [PortfolioDimension.BAND] if group_by is None else group_by
        reading = await read(info.context, condition, [by.value for by in dimensions], as_of)
        return Portfolio.empty() if reading is None else Portfolio.of(reading, dimensions, info.context.hub.currency)
