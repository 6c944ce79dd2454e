"""The root fields that explain a score. Each evaluates an account anew, so one of them is answered at a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Annotated, TypeVar

import anyio.to_thread
import strawberry

from accountpulse.core.clock import day_of
from accountpulse.core.store.scope import RowScope
from accountpulse.graphql.accounts.inputs import AccountBy
from accountpulse.graphql.accounts.queries import ByArg, check_account, find_account
from accountpulse.graphql.context import Info
from accountpulse.graphql.errors import BadInput, Missing
from accountpulse.graphql.explaining.types import ScoreMove, ToReachBand
from accountpulse.graphql.fields import resolver
from accountpulse.graphql.hub import Hub
from accountpulse.graphql.scores.queries import check_days

T = TypeVar("T")

DAYS = 28
FirstDayArg = Annotated[
    date | None,
    strawberry.argument(name="from", description="The first day, in the store's time zone. Default: 28 days before the last."),
]
LastDayArg = Annotated[date | None, strawberry.argument(description="The last day. Default: the last one that was scored.")]
BandArg = Annotated[str | None, strawberry.argument(description="The band. Default: the next better one.")]


def _check_change(by: AccountBy, from_: date | None = None, to: date | None = None) -> None:
    check_account(by)
    check_days(from_, to)


@strawberry.type
class ExplainingQueries:
    @resolver(
        "Why an account's score moved between two days, split exactly: late data, segment, model, peers, behaviour and "
        "adjustments. It evaluates the account on both days: one such question a request.",
        check=_check_change,
    )
    async def explain_change(self, info: Info, by: ByArg, from_: FirstDayArg = None, to: LastDayArg = None) -> ScoreMove:
        hub = info.context.hub
        from_ = from_ or (to or day_of(hub.clock.now(), hub.zone)) - timedelta(days=DAYS)
        check_days(from_, to)
        return ScoreMove.of(
            *await _evaluated(info, by, lambda hub, account, scope: hub.explain_change(account, from_, to, scope=scope))
        )

    @resolver(
        "What it would take for an account to reach a band: the smallest change that does it, and what each metric can do "
        "alone. It evaluates the account many times over: one such question a request.",
        check=check_account,
    )
    async def to_reach_band(self, info: Info, by: ByArg, band: BandArg = None) -> ToReachBand:
        _, found = await _evaluated(info, by, lambda hub, account, scope: hub.counterfactual(account, band, scope=scope))
        return ToReachBand.of(found, info)


async def _evaluated(info: Info, by: AccountBy, work: Callable[[Hub, str, RowScope], T]) -> T:
    context = info.context
    if context.previewed:
        raise BadInput("one explanation or preview can be asked for at a time; send another request for another")
    context.previewed = True
    id = await find_account(context, by)
    if id is None:
        raise Missing("there is no such account")
    return await anyio.to_thread.run_sync(work, context.hub, str(id), context.scope, limiter=context.previews)
