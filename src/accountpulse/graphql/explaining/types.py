"""The move of a score, and what it takes to reach a band, in GraphQL."""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum
from typing import Any

import strawberry

from accountpulse.core.scoring import change as core
from accountpulse.core.scoring.change_words import opening
from accountpulse.core.scoring.next_band import CAVEAT, NextBand
from accountpulse.graphql.accounts.types import Account, account_of
from accountpulse.graphql.context import Info
from accountpulse.graphql.fields import choice, resolver
from accountpulse.graphql.models.types import Metric


@strawberry.enum(description="What kind of cause moved a score, in the order in which causes are told apart.")
class MovePartKind(Enum):
    LATE_DATA = choice("late_data", "Facts of the first day that were not known on it.")
    SEGMENT = choice("segment", "The account is scored in another segment.")
    MODEL = choice("model", "The segment is scored with another model.")
    PEERS = choice("peers", "Something else is typical of the segment.")
    BEHAVIOUR = choice("behaviour", "What the account did.")
    ADJUSTMENT = choice("adjustment", "Points for other causes, such as a cap or an override.")
    NOT_REPRODUCIBLE = choice("not_reproducible", "What was said then can't be evaluated again; it stands alone.")


@strawberry.type(description="One part of a move.")
class MovePart:
    kind: MovePartKind = strawberry.field(description="What kind of cause it is.")
    code: str = strawberry.field(
        description="For programs: the metric, the segment or the model's version moved to, or the adjustment's code."
    )
    label: str = strawberry.field(description="The cause, in words.")
    points: float = strawberry.field(description="Signed points. Those of all parts add up to the move's.")
    reason: str = strawberry.field(description="Why, in words.")


@strawberry.type(description="What was said of an account on one day.")
class ToldScore:
    day: date = strawberry.field(description="The day.")
    said_at: datetime | None = strawberry.field(description="When it was said; null where that is not known.")
    restated: bool = strawberry.field(description="Whether the day was evaluated later, with what was known later.")
    segment: str = strawberry.field(description="The segment that the account was scored in.")
    model: str = strawberry.field(description="The name of the model.")
    model_version: str = strawberry.field(description="The model's version.")
    score: float = strawberry.field(description="The score, 0 to 100.")
    band: str = strawberry.field(description="The band; `unknown` where too little was measured.")

    @staticmethod
    def of(told: core.Told) -> ToldScore:
        """From what the core says."""
        return ToldScore(
            day=told.day,
            said_at=told.said_at,
            restated=told.restated,
            segment=told.segment,
            model=told.model,
            model_version=told.model_version,
            score=told.score,
            band=told.band,
        )


@strawberry.type(description="Why an account's score moved between two days: the parts add up to the whole move.")
class ScoreMove:
    summary: str = strawberry.field(description="The move in one sentence.")
    explained: bool = strawberry.field(
        description="Whether it could be split. False where what was said then can't be evaluated again: one part says why."
    )
    points: float = strawberry.field(description="The whole move, in points.")
    start: ToldScore = strawberry.field(name="from", description="What was said on the first day.")
    end: ToldScore = strawberry.field(name="to", description="What was said on the last day.")
    parts: list[MovePart] = strawberry.field(description="What it is made of: kind by kind, of one kind the largest first.")
    notes: list[str] = strawberry.field(description="What one should know to read it.")
    row_id: strawberry.Private[int]

    @resolver("The account.")
    async def account(self, info: Info) -> Account | None:
        return await account_of(info, self.row_id)

    @staticmethod
    def of(name: str, move: core.ScoreMove) -> ScoreMove:
        """From what the core says of an account of this name."""
        return ScoreMove(
            summary=opening(name, move.start, move.end, move.parts),
            explained=move.state == "explained",
            points=move.points,
            start=ToldScore.of(move.start),
            end=ToldScore.of(move.end),
            parts=[
                MovePart(kind=MovePartKind(part.kind), code=part.code, label=part.label, points=part.points, reason=part.reason)
                for part in move.parts
            ],
            notes=list(move.notes),
            row_id=move.account_id,
        )


@strawberry.type(description="How far one metric must go.")
class NeededValue:
    metric: Metric = strawberry.field(description="The metric.")
    value: float = strawberry.field(description="Its value now, in its unit.")
    needed: float = strawberry.field(description="The value that is needed.")
    component: float = strawberry.field(description="Its component now, 0 to 100.")
    needed_component: float = strawberry.field(description="The component that is needed, 0 to 100.")


@strawberry.type(description="What one metric can do alone.")
class MetricAlone:
    metric: Metric = strawberry.field(description="The metric.")
    value: float = strawberry.field(description="Its value now, in its unit.")
    needed: float | None = strawberry.field(description="The value with which the band is reached; null where none does it.")
    best: float = strawberry.field(description="Its best value.")
    reaches: float = strawberry.field(description="The score with that best value, 0 to 100.")


@strawberry.type(description="Something that keeps a score down, and that no metric of the model can end.")
class CapInTheWay:
    at: float = strawberry.field(description="The highest score that it allows, 0 to 100.")
    because: str = strawberry.field(description="What the model calls it.")
    why: str = strawberry.field(description="Why it holds, in words.")


@strawberry.type(description="What it would take for an account to reach a band, with everything else as it is.")
class ToReachBand:
    day: date = strawberry.field(description="The day that it starts from: the last one that was scored.")
    band: str = strawberry.field(description="The account's band now, held steady, before anybody's override.")
    target: str | None = strawberry.field(description="The band asked about; null where there is no better one.")
    state: str = strawberry.field(
        description="For programs: reachable, out_of_reach, already_there or unknown (too little is measured)."
    )
    score: float | None = strawberry.field(description="What the model gives now, 0 to 100.")
    target_score: float | None = strawberry.field(description="The score that is needed, 0 to 100.")
    reaches: float | None = strawberry.field(description="The score with every measured metric at its best, 0 to 100.")
    together: list[NeededValue] = strawberry.field(description="The smallest change that does it; empty where none does.")
    alone: list[MetricAlone] = strawberry.field(description="What each metric that could be better can do alone.")
    must_end: list[CapInTheWay] = strawberry.field(description="What has to end first.")
    notes: list[str] = strawberry.field(description="When the band would follow, and what else is in the way.")
    caveat: str = strawberry.field(description="How to take it.")
    row_id: strawberry.Private[int]

    @resolver("The account.")
    async def account(self, info: Info) -> Account | None:
        return await account_of(info, self.row_id)

    @staticmethod
    def of(found: NextBand, info: Info) -> ToReachBand:
        """From what the core says."""
        answer = found.answer
        metrics = info.context.hub.metrics

        def metric(column: int) -> Metric:
            return Metric.of(found.metrics[column].name, metrics, found.metrics[column].title)

        said: dict[str, Any] = found.to_json()
        return ToReachBand(
            day=found.day,
            band=found.band,
            target=found.target,
            state=said["state"],
            score=None if answer is None else answer.score,
            target_score=None if answer is None else answer.target,
            reaches=None if answer is None else answer.reaches,
            together=[
                NeededValue(
                    metric=metric(each.column),
                    value=each.value,
                    needed=each.needed,
                    component=each.component,
                    needed_component=each.needed_component,
                )
                for each in (answer.together if answer else ())
            ],
            alone=[
                MetricAlone(
                    metric=metric(each.column),
                    value=each.value,
                    needed=each.needed.needed if each.needed else None,
                    best=each.best,
                    reaches=each.reaches,
                )
                for each in (answer.alone if answer else ())
            ],
            must_end=[CapInTheWay(at=cap.at, because=cap.because, why=why) for cap, why in (answer.must_end if answer else ())],
            notes=list(found.notes),
            caveat=CAVEAT,
            row_id=found.account_id,
        )
