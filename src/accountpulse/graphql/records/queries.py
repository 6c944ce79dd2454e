"""The root field about what accounts use."""

from __future__ import annotations

import strawberry

from accountpulse.graphql.accounts.inputs import AccountFilter, FilterArg
from accountpulse.graphql.context import Info
from accountpulse.graphql.fields import resolver
from accountpulse.graphql.filters import condition_of
from accountpulse.graphql.records.features import (
    WINDOW,
    Adoption,
    DaysArg,
    FeatureOrder,
    FeatureOrderArg,
    FeaturesArg,
    adoption,
    check_window,
)


def _check(filter: AccountFilter | None, days: int, first: int) -> None:
    condition_of(filter)
    check_window(days, first)


@strawberry.type
class RecordQueries:
    @resolver(
        "Which features accounts use most or least: all accounts, or those of a filter, such as a segment's.",
        check=_check,
    )
    async def feature_adoption(
        self,
        info: Info,
        filter: FilterArg = None,
        days: DaysArg = WINDOW,
        order: FeatureOrderArg = FeatureOrder.MOST_USED,
        first: FeaturesArg = 20,
    ) -> Adoption:
        return await adoption(info.context, condition_of(filter), days, order, first)
