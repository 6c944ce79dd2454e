"""The root field about what accounts use."""

from __future__ import annotations

import strawberry

from accountpulse.graphql.accounts.inputs import FilterArg
from accountpulse.graphql.context import Info
from accountpulse.graphql.fields import resolver
from accountpulse.graphql.filters import to_condition
from accountpulse.graphql.records.features import (
    WINDOW,
    Adoption,
    DaysArg,
    FeatureOrder,
    FeatureOrderArg,
    FeaturesArg,
    adoption,
)


@strawberry.type
class RecordQueries:
    @resolver("Which features accounts use most or least: all accounts, or those of a filter, such as a segment's.")
    async def feature_adoption(
        self,
        info: Info,
        filter: FilterArg = None,
        days: DaysArg = WINDOW,
        order: FeatureOrderArg = FeatureOrder.MOST_USED,
        first: FeaturesArg = 20,
    ) -> Adoption:
        return await adoption(info.context, None if filter is None else to_condition(filter), days, order, first)
