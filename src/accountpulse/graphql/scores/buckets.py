"""A score's history in even steps, in GraphQL."""

from __future__ import annotations

from datetime import date, timedelta
from enum import Enum
from typing import Annotated

import strawberry

from accountpulse.core.clock import day_of
from accountpulse.core.scoring import buckets as core
from accountpulse.core.scoring.buckets import Step
from accountpulse.core.store.scores_read import HistoryRequest
from accountpulse.graphql.context import Context
from accountpulse.graphql.errors import BadInput
from accountpulse.graphql.fields import choice
from accountpulse.graphql.scores.queries import BASES, check_days
from accountpulse.graphql.scores.types import HistoryBasis, band_named

MOST_BUCKETS = 500
MOST_DAYS = 1_830
DEFAULT_DAYS = 90


@strawberry.enum(description="How long a step of a history is.")
class HistoryStep(Enum):
    DAY = choice("day", "A calendar day in the store's time zone.")
    WEEK = choice("week", "A week from Monday on.")
    MONTH = choice("month", "A calendar month.")


@strawberry.type(description="What a score was within a day, week or month.")
class ScoreBucket:
    start: date = strawberry.field(description="The first day of the step, even where the history asked for begins later.")
    first_day: date = strawberry.field(description="The first of its days that had a score.")
    last_day: date = strawberry.field(description="The last of its days that had a score.")
    days: int = strawberry.field(description="How many of its days had a score: none before the first, or while no customer.")
    open: float = strawberry.field(description="The score on the first of these days, 0 to 100.")
    close: float = strawberry.field(description="The score on the last of these days, 0 to 100.")
    low: float = strawberry.field(description="The lowest score of these days, 0 to 100.")
    high: float = strawberry.field(description="The highest score of these days, 0 to 100.")
    mean: float = strawberry.field(description="The mean of these days' scores, 0 to 100.")
    band: str = strawberry.field(description="The band on the last of these days; `unknown` where too little was measured.")
    segment: str = strawberry.field(description="The segment on the last of these days.")


_COLUMNS = frozenset({"basis", "model_id", "score_centi", "band", "segment"})
_STEPS: dict[HistoryStep, Step] = {HistoryStep.DAY: "day", HistoryStep.WEEK: "week", HistoryStep.MONTH: "month"}
StepArg = Annotated[HistoryStep, strawberry.argument(description="How long a step is. Default: WEEK.")]
StartArg = Annotated[
    date | None,
    strawberry.argument(name="from", description="The first day, in the store's time zone. Default: 90 days up to the last."),
]


def check_steps(every: HistoryStep = HistoryStep.WEEK, from_: date | None = None, to: date | None = None) -> None:
    """Raises BadInput for days in the wrong order, or too many steps."""
    check_days(from_, to)
    if from_ is None or to is None:
        return
    days = (to - from_).days + 1
    most = MOST_BUCKETS if every is HistoryStep.DAY else MOST_DAYS
    if days > most:
        step = _STEPS[every]
        raise BadInput(f"from {from_.isoformat()} to {to.isoformat()} are {days} days; by {step} at most {most} are allowed")


async def score_buckets(
    context: Context, account_id: int, start: date | None, end: date | None, every: HistoryStep, basis: HistoryBasis
) -> list[ScoreBucket]:
    """The steps of one account. Raises BadInput for days in the wrong order, or too many steps."""
    end = end or day_of(context.hub.clock.now(), context.hub.zone)
    start = start or end - timedelta(days=DEFAULT_DAYS - 1)
    check_steps(every, start, end)
    step = _STEPS[every]
    request = HistoryRequest(start=start, end=end, basis=BASES[basis], first=(end - start).days + 2, columns=_COLUMNS)
    page = await context.loaders.history.load((account_id, request))
    away = await context.loaders.absences.load(account_id)
    found = []
    for bucket in core.buckets(page.rows, away, start, end, step):
        closing = bucket.closing
        model = await context.loaders.model.load(closing.model_id)
        found.append(
            ScoreBucket(
                start=bucket.start,
                first_day=bucket.first,
                last_day=bucket.last,
                days=bucket.days,
                open=bucket.opening.score_centi / 100,
                close=closing.score_centi / 100,
                low=bucket.low / 100,
                high=bucket.high / 100,
                mean=bucket.mean,
                band=band_named(model, closing.band),
                segment=closing.segment,
            )
        )
    return found
