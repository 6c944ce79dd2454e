"""The portfolio in GraphQL."""

from __future__ import annotations

from datetime import date, timedelta
from enum import Enum
from typing import Annotated

import strawberry

from accountpulse.core.store import portfolio as core
from accountpulse.graphql.accounts.types import Account, account_of
from accountpulse.graphql.context import Info
from accountpulse.graphql.errors import BadInput
from accountpulse.graphql.fields import choice, resolver
from accountpulse.graphql.portfolio.reading import MOST_GROUPS, MOST_MOVERS, Counted, Reading, standing
from accountpulse.graphql.relay import first_of
from accountpulse.graphql.scalars import BigInt, Money


@strawberry.enum(description="What accounts are counted by.")
class PortfolioDimension(Enum):
    BAND = choice("band", "The band of their score.")
    SEGMENT = choice("segment", "The segment that they are scored in.")
    OWNER = choice("owner", "The person responsible in our company.")
    PLAN = choice("plan", "The plan they are on, as it is known now.")
    INDUSTRY = choice("industry", "Their industry, as it is known now.")
    REGION = choice("region", "Their region, as it is known now.")
    LIFECYCLE_STAGE = choice("lifecycle_stage", "Their lifecycle stage, as it is known now.")


@strawberry.type(description="What the accounts of a group have in common, in one respect.")
class PortfolioKey:
    by: PortfolioDimension = strawberry.field(description="The respect.")
    value: str | None = strawberry.field(description="The value they share; null where it is missing.")


_ARR = (
    "Their yearly recurring revenue together. Null for a past day under a filter by anything but band and segment, or by "
    "anything but band, segment and owner: what each account paid then is not kept. `arrUnknown` says which."
)
_MEAN = "The mean score of those that have a band, 0 to 100. Null where none has, and for the owners of a past day."
_TENTHS = "How many of those that have a band score 0 to 10, 10 to 20 and so on up to 100."


@strawberry.type(description="Accounts that have something in common.")
class PortfolioGroup:
    keys: list[PortfolioKey] = strawberry.field(description="What they have in common, in the order of `groupBy`.")
    accounts: int = strawberry.field(description="How many accounts.")
    share: float = strawberry.field(description="Their share of all accounts of the portfolio, 0 to 1.")
    arr: Money | None = strawberry.field(description=_ARR)
    mean_score: float | None = strawberry.field(description=_MEAN)
    tenths: list[int] | None = strawberry.field(description=_TENTHS + " Null for the owners of a past day.")


@strawberry.type(description="How many accounts went from one band to another, or stayed in theirs.")
class PortfolioTransition:
    before: str | None = strawberry.field(
        description="The band on the earlier day, `unknown` where too little was measured; null for who was no customer then."
    )
    after: str | None = strawberry.field(
        description="The band on the later day, `unknown` where too little was measured; null for who was no customer any more."
    )
    accounts: int = strawberry.field(description="How many accounts.")
    arr_now: Money = strawberry.field(description="Their yearly recurring revenue together, as it is now.")


@strawberry.type(description="An account whose score moved between the two days.")
class PortfolioMover:
    score_before: float = strawberry.field(description="Its score on the earlier day, 0 to 100.")
    score_after: float = strawberry.field(description="Its score on the later day, 0 to 100.")
    change: float = strawberry.field(description="By how many points it moved.")
    band_before: str = strawberry.field(description="Its band on the earlier day.")
    band_after: str = strawberry.field(description="Its band on the later day.")
    row_id: strawberry.Private[int]

    @resolver("The account.")
    async def account(self, info: Info) -> Account | None:
        return await account_of(info, self.row_id)


BandArg = Annotated[str | None, strawberry.argument(description="Only those in this band then. Default: any.")]
_movers = first_of(MOST_MOVERS)
MoversArg = Annotated[int, strawberry.argument(description="How many: 1 to 100.")]


@strawberry.type(description="What became of the portfolio between two days.")
class PortfolioMovement:
    from_day: date = strawberry.field(
        name="from", description="The scored day that answers for the earlier one: that day, or the last one scored before it."
    )
    to: date = strawberry.field(description="The scored day of the portfolio.")
    accounts_before: int = strawberry.field(description="How many accounts there were on the earlier day.")
    accounts_after: int = strawberry.field(description="How many there were on the later day.")
    entered: int = strawberry.field(description="How many were no customers on the earlier day.")
    left: int = strawberry.field(description="How many were no customers any more on the later day.")
    changed_band: int = strawberry.field(description="How many of those there on both days changed band.")
    rose: int = strawberry.field(description="How many of those there on both days rose by a point or more.")
    fell: int = strawberry.field(description="How many of those there on both days fell by a point or more.")
    mean_change: float | None = strawberry.field(
        description="In points, over those there on both days; null where there are none."
    )
    transitions: list[PortfolioTransition] = strawberry.field(
        description="The transition matrix: from which band to which, those that stayed in theirs included. Cells without an "
        "account are left out."
    )
    reading: strawberry.Private[Reading]
    since: strawberry.Private[core.Standing]

    @resolver("The accounts whose score moved most, up or down: the largest moves first.", check=_movers)
    async def movers(
        self, info: Info, before: BandArg = None, after: BandArg = None, first: MoversArg = 20
    ) -> list[PortfolioMover]:
        _movers(first)
        return [
            PortfolioMover(
                row_id=row.account_id,
                score_before=row.score_before,
                score_after=row.score_after,
                change=row.score_after - row.score_before,
                band_before=row.band_before,
                band_after=row.band_after,
            )
            for row in await info.context.read(self.reading.portfolio.movers, self.since, before, after, first)
        ]


MOVEMENT_DAYS = 28
SinceArg = Annotated[
    date | None,
    strawberry.argument(description="The earlier day, in the store's time zone. Default: 28 days before the portfolio's."),
]


@strawberry.type(description="All accounts, or those of a filter, counted by what they have in common on a day.")
class Portfolio:
    day: date | None = strawberry.field(
        description="The scored day that answers: the day asked for, or the last one scored before it. Null where nothing had "
        "been scored by then."
    )
    accounts: int = strawberry.field(description="How many accounts there are.")
    arr: Money | None = strawberry.field(description=_ARR)
    mean_score: float | None = strawberry.field(description="The mean score of those that have a band, 0 to 100.")
    tenths: list[int] = strawberry.field(description=_TENTHS)
    groups: list[PortfolioGroup] = strawberry.field(
        description="The accounts by what they have in common. Bands come from the lowest score up, everything else by name, "
        f"missing values last. At most {MOST_GROUPS:,}: those with the most accounts."
    )
    other_groups: PortfolioGroup | None = strawberry.field(
        description="The groups beyond these together, with no keys; null where there are none."
    )
    arr_unknown: str | None = strawberry.field(
        description="Why the revenue of a past day, or of its groups, is not known, in words; null where it is."
    )
    reading: strawberry.Private[Reading | None]

    @resolver(
        "What became of it since an earlier day. A filter's band, segment and score are those of the later day. Null where "
        "nothing had been scored by the earlier day."
    )
    async def movement(self, info: Info, since: SinceArg = None) -> PortfolioMovement | None:
        reading = self.reading
        if reading is None:
            return None
        to = reading.portfolio.standing.day
        since = since or to - timedelta(days=MOVEMENT_DAYS)
        if since > to:
            raise BadInput(f"since is {since.isoformat()}, after the portfolio's day, which is {to.isoformat()}")
        before = await standing(info.context, since)
        if before is None:
            return None
        found = await info.context.read(reading.portfolio.transitions, before)
        both = [t for t in found if t.before is not None and t.after is not None]
        stayed = sum(t.accounts for t in both)
        currency = info.context.hub.currency
        return PortfolioMovement(
            from_day=before.day,
            to=to,
            accounts_before=sum(t.accounts for t in found if t.before is not None),
            accounts_after=sum(t.accounts for t in found if t.after is not None),
            entered=sum(t.accounts for t in found if t.before is None),
            left=sum(t.accounts for t in found if t.after is None),
            changed_band=sum(t.accounts for t in both if t.before != t.after),
            rose=sum(t.rose for t in both),
            fell=sum(t.fell for t in both),
            mean_change=sum(t.change_sum for t in both) / stayed if stayed else None,
            transitions=[
                PortfolioTransition(
                    before=t.before,
                    after=t.after,
                    accounts=t.accounts,
                    arr_now=Money(amount=BigInt(12 * t.mrr), currency=currency),
                )
                for t in reading.in_order(found)
            ],
            reading=reading,
            since=before,
        )

    @staticmethod
    def of(reading: Reading, dimensions: list[PortfolioDimension], currency: str) -> Portfolio:
        """From what was counted."""
        whole = reading.whole
        return Portfolio(
            day=reading.portfolio.standing.day,
            accounts=whole.accounts,
            arr=_money(whole.arr, currency),
            mean_score=whole.mean,
            tenths=list(whole.tenths or ()),
            groups=[_group(each, dimensions, whole.accounts, currency) for each in reading.groups],
            other_groups=None if reading.rest is None else _group(reading.rest, [], whole.accounts, currency),
            arr_unknown=reading.arr_unknown,
            reading=reading,
        )

    @staticmethod
    def empty() -> Portfolio:
        """Where nothing had been scored."""
        return Portfolio(
            day=None,
            accounts=0,
            arr=None,
            mean_score=None,
            tenths=[0] * core.TENTHS,
            groups=[],
            other_groups=None,
            arr_unknown=None,
            reading=None,
        )


def _group(counted: Counted, dimensions: list[PortfolioDimension], accounts: int, currency: str) -> PortfolioGroup:
    return PortfolioGroup(
        keys=[PortfolioKey(by=by, value=value) for by, value in zip(dimensions, counted.keys, strict=True)],
        accounts=counted.accounts,
        share=counted.accounts / accounts if accounts else 0.0,
        arr=_money(counted.arr, currency),
        mean_score=counted.mean,
        tenths=None if counted.tenths is None else list(counted.tenths),
    )


def _money(amount: int | None, currency: str) -> Money | None:
    return None if amount is None else Money(amount=BigInt(amount), currency=currency)
