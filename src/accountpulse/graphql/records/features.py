"""How far features are adopted: by an account, a segment, or everybody."""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Annotated

import sqlalchemy as sa
import strawberry

from accountpulse.core.clock import day_of
from accountpulse.core.metrics.features import configured_key_features
from accountpulse.core.store import feature_use
from accountpulse.core.store.feature_use import FeatureUse
from accountpulse.core.store.scope import RowScope
from accountpulse.core.store.selection import Condition
from accountpulse.graphql.context import Context
from accountpulse.graphql.fields import choice
from accountpulse.graphql.relay import between
from accountpulse.graphql.scalars import BigInt

WINDOW = 30
MOST_DAYS = 365
MOST_FEATURES = 500


@strawberry.enum(description="Which features come first.")
class FeatureOrder(Enum):
    MOST_USED = choice("most", "Those that most accounts use.")
    LEAST_USED = choice("least", "Those that fewest accounts use: the key features that nobody does above all.")


@strawberry.type(description="How an account uses a feature.")
class AccountFeature:
    feature: str = strawberry.field(description="The feature, as the product names it.")
    users: int = strawberry.field(description="How many of its users used it in the window.")
    uses: BigInt = strawberry.field(description="How many times they did.")
    seconds: BigInt = strawberry.field(description="How long, in seconds; 0 where that is not known.")
    last_used_on: date = strawberry.field(description="The last day on which it was used, in the store's time zone.")


@strawberry.type(description="How many accounts use a feature.")
class FeatureAdoption:
    feature: str = strawberry.field(description="The feature, as the product names it.")
    key: bool = strawberry.field(
        description="Whether it counts as one to adopt: it is on the configuration's list, or, without one, any customer used "
        "it in 90 days."
    )
    accounts: int = strawberry.field(description="How many accounts used it in the window.")
    share: float = strawberry.field(description="Their share of the accounts looked at, 0 to 1.")
    accounts_before: int = strawberry.field(description="How many used it in a window of the same length before that.")
    users: int = strawberry.field(description="How many people used it in the window.")
    uses: BigInt = strawberry.field(description="How many times they did.")
    seconds: BigInt = strawberry.field(description="How long, in seconds; 0 where that is not known.")
    last_used_on: date | None = strawberry.field(
        description="The last day on which it was used, in the store's time zone; null where that is long ago, or never."
    )


@strawberry.type(description="Which features accounts use.")
class Adoption:
    accounts: int = strawberry.field(description="How many accounts were looked at: those that have a score.")
    from_day: date = strawberry.field(name="from", description="The first day of the window, in the store's time zone.")
    to: date = strawberry.field(description="The last day of the window: today.")
    features: list[FeatureAdoption] = strawberry.field(description="The features in the order asked for.")


DaysArg = Annotated[int, strawberry.argument(description="How many days up to today the window has: 1 to 365.")]
FeaturesArg = Annotated[int, strawberry.argument(description="How many features at most: 1 to 500.")]
FeatureOrderArg = Annotated[FeatureOrder, strawberry.argument(description="Which come first. Default: MOST_USED.")]


async def features_of(context: Context, account_id: int, days: int, first: int) -> list[AccountFeature]:
    """What an account used, and what it used in the 90 days up to today, or twice the window."""
    until = _checked(context, days, first)
    found = await context.loaders.features_of.load((account_id, (until, days)))
    found = sorted(found, key=lambda use: (-use.uses, use.feature))
    return [
        AccountFeature(
            feature=use.feature, users=use.users, uses=BigInt(use.uses), seconds=BigInt(use.seconds), last_used_on=use.last_day
        )
        for use in found[:first]
        if use.last_day is not None
    ]


async def adoption(context: Context, condition: Condition | None, days: int, order: FeatureOrder, first: int) -> Adoption:
    """How far accounts adopted each feature."""
    until = _checked(context, days, first)
    accounts, found, keys = await context.read(_read, condition, until, days, context.scope)
    known = {use.feature for use in found}
    never = [FeatureUse(name, 0, 0, 0, 0, 0, None) for name in keys or () if name not in known]
    most = order is FeatureOrder.MOST_USED

    def place(use: FeatureUse) -> tuple[float, float, str]:
        sign = -1 if most else 1
        return sign * use.accounts, sign * use.uses, use.feature

    return Adoption(
        accounts=accounts,
        from_day=feature_use.first_day(until, days),
        to=until,
        features=[
            FeatureAdoption(
                feature=use.feature,
                key=keys is None or use.feature in keys,
                accounts=use.accounts,
                share=use.accounts / accounts if accounts else 0.0,
                accounts_before=use.before,
                users=use.users,
                uses=BigInt(use.uses),
                seconds=BigInt(use.seconds),
                last_used_on=use.last_day,
            )
            for use in sorted([*found, *never], key=place)[:first]
        ],
    )


def _read(
    connection: sa.Connection, condition: Condition | None, until: date, days: int, scope: RowScope
) -> tuple[int, list[FeatureUse], frozenset[str] | None]:
    configured = configured_key_features(connection)
    keys = None if configured is None else frozenset(configured.names)
    used = feature_use.of_all(connection, condition, until, days, scope=scope)
    return feature_use.customers(connection, condition, scope=scope), used, keys


def check_window(days: int, first: int) -> None:
    """Raises BadInput for what is too much."""
    between("days", days, MOST_DAYS)
    between("first", first, MOST_FEATURES)


def _checked(context: Context, days: int, first: int) -> date:
    """Today. Raises BadInput for what is too much."""
    check_window(days, first)
    return day_of(context.hub.clock.now(), context.hub.zone)
