"""Segments, models and metrics in GraphQL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any, cast

import sqlalchemy as sa
import strawberry
from strawberry.scalars import JSON

from accountpulse.core.metrics.declare import Metric as DeclaredMetric
from accountpulse.graphql.context import Info
from accountpulse.graphql.fields import choice, resolver
from accountpulse.graphql.relay import Node, global_id
from accountpulse.graphql.scalars import BigInt, Money


@strawberry.enum(description="Which direction of a metric is good.")
class Better(Enum):
    HIGHER = choice("higher", "The higher the better.")
    LOWER = choice("lower", "The lower the better.")


@strawberry.enum(description="The part of the customer relationship that a metric is about.")
class MetricGroup(Enum):
    USAGE = choice("usage", "Use of the product.")
    SUPPORT = choice("support", "Tickets at the support desk.")
    BILLING = choice("billing", "Contracts, invoices and payments.")
    FEEDBACK = choice("feedback", "Surveys.")
    RELATIONSHIP = choice("relationship", "Meetings, tenure, renewals, and people's judgement.")


@strawberry.type(description="A number computed for every account from the facts of its sources.")
class Metric(Node):
    name: str = strawberry.field(description="The name that model files use, such as tickets_30d.")
    title: str = strawberry.field(description="The name for people.")
    description: str | None = strawberry.field(
        description="What it measures, in words. Null for a metric that an older model used and nobody declares any more."
    )
    unit: str | None = strawberry.field(description="The unit of its value: count, share, hours, minor currency units ...")
    group: MetricGroup | None = strawberry.field(description="The part of the relationship it is about.")
    better: Better | None = strawberry.field(description="Which direction is good; null where neither is by itself.")
    money: bool = strawberry.field(description="Whether its value is money, in minor units of the reporting currency.")
    records: list[str] = strawberry.field(description="The record types it reads, such as ticket or invoice.")

    @staticmethod
    def of(name: str, metrics: Mapping[str, DeclaredMetric], title: str | None = None) -> Metric:
        """The metric of a name, with what is known of it."""
        declared = metrics.get(name)
        id = global_id("Metric", name)
        if declared is None:
            return Metric(
                id=id,
                name=name,
                title=title or name,
                description=None,
                unit=None,
                group=None,
                better=None,
                money=False,
                records=[],
            )
        return Metric(
            id=id,
            name=name,
            title=declared.title,
            description=declared.description,
            unit=declared.unit,
            group=MetricGroup(declared.group),
            better=None if declared.better is None else Better(declared.better),
            money=declared.money,
            records=sorted(declared.sources),
        )


@strawberry.type(description="A named range of scores.")
class Band:
    name: str = strawberry.field(description="What the model calls it, such as green or at-risk.")
    start: float = strawberry.field(description="The lowest score in it, 0 to 100.")
    end: float = strawberry.field(description="The score at which it ends: not part of it, but 100 is part of the last band.")


@strawberry.type(description="One metric in a model.")
class ModelMetric:
    metric: Metric = strawberry.field(description="The metric.")
    weight: float = strawberry.field(description="Its weight within its group; only proportions count.")
    typical: float = strawberry.field(description="The component, 0 to 100, that is assumed where no peer is measured.")
    missing: str = strawberry.field(description="What happens when it is unknown: typical, exclude, neutral or worst.")
    normaliser: JSON = strawberry.field(description="How its value becomes a component of 0 to 100, as the model file says it.")


@strawberry.type(description="A group of metrics in a model.")
class ModelGroup:
    name: str = strawberry.field(description="The group's name in the model.")
    weight: float = strawberry.field(description="Its weight in the score; only proportions count.")
    metrics: list[ModelMetric] = strawberry.field(description="Its metrics, in the order of the file.")


@strawberry.type(description="A scoring model of one version. A model never changes: changing the file makes another version.")
class Model(Node):
    name: str = strawberry.field(description="The model's name.")
    version: str = strawberry.field(description="The hash of what it says: equal versions score equally.")
    created_at: datetime = strawberry.field(description="When AccountPulse first saw this version.")
    goal: str = strawberry.field(description="What the score is to tell: churn, renewal or growth.")
    scorer: str = strawberry.field(description="The scorer that turns components into a score, such as weighted.")
    coverage_floor: float = strawberry.field(
        description="Share of the weight, 0 to 1, that must be measured; below it the band is `unknown`."
    )
    bands: list[Band] = strawberry.field(description="Its bands, from the lowest up.")
    content: JSON = strawberry.field(description="The whole model, as a model file says it.")
    row_id: strawberry.Private[int]

    @resolver("Its metrics in groups, with weights.")
    def groups(self, info: Info) -> list[ModelGroup]:
        metrics = info.context.hub.metrics
        content = cast("dict[str, Any]", self.content)
        return [
            ModelGroup(
                name=group["name"],
                weight=group["weight"],
                metrics=[
                    ModelMetric(
                        metric=Metric.of(line["metric"], metrics),
                        weight=line["weight"],
                        typical=line["typical"],
                        missing=line["missing"],
                        normaliser=line["normalise"],
                    )
                    for line in group["metrics"]
                ],
            )
            for group in content.get("groups", [])
        ]

    @resolver("The segments that are scored with it now; empty for a draft or a former model.")
    async def segments(self, info: Info) -> list[Segment]:
        found = await info.context.loaders.segments()
        return [Segment.of(row) for row in found if row.model_id == self.row_id]

    @staticmethod
    def of(row: sa.Row[Any]) -> Model:
        """From a row of `scoring_model`."""
        content = row.content
        return Model(
            id=global_id("Model", row.id),
            row_id=row.id,
            name=row.name,
            version=row.version,
            created_at=row.created_at,
            goal=content.get("goal", ""),
            scorer=content.get("scorer", ""),
            coverage_floor=content.get("coverage_floor", 0.0),
            bands=[Band(name=b["name"], start=b["from"], end=b["to"]) for b in content.get("bands", [])],
            content=content,
        )


@strawberry.type(description="How many accounts of a segment are in one band now.")
class BandCount:
    band: str = strawberry.field(description="The band's name; `unknown` where too little is measured.")
    accounts: int = strawberry.field(description="How many accounts.")
    mrr: Money = strawberry.field(description="Their monthly recurring revenue together.")


@strawberry.type(
    description="A part of the customers that is scored with one model. Rules are tried in order; the first match wins."
)
class Segment(Node):
    name: str = strawberry.field(description="The segment's name.")
    position: int = strawberry.field(description="The place of its rule in the order in which rules are tried, from 0.")
    rule: JSON = strawberry.field(description="Its rule, as the model file says it.")
    since: datetime = strawberry.field(description="Since when it has had this rule and model.")
    row_id: strawberry.Private[int]
    model_id: strawberry.Private[int]

    @resolver("The model that its accounts are scored with.")
    async def model(self, info: Info) -> Model | None:
        row = await info.context.loaders.model.load(self.model_id)
        return None if row is None else Model.of(row)

    @resolver("How many accounts it holds now.")
    async def accounts(self, info: Info) -> int:
        return sum(int(row.accounts) for row in await info.context.loaders.band_counts.load(self.row_id))

    @resolver(
        "How many accounts more match its rule, but were taken by an earlier one, when they were last scored; null where that "
        "was before it was published, and for a viewer limited to some accounts. A "
        "score's `matchedSegments` says for an account which rules matched it, and why."
    )
    async def also_matching(self, info: Info) -> int | None:
        return await info.context.loaders.taken.load(self.row_id)

    @resolver("How many of its accounts are in each band now, from the lowest band up.")
    async def bands(self, info: Info) -> list[BandCount]:
        currency = info.context.hub.currency
        return [
            BandCount(band=row.band, accounts=row.accounts, mrr=Money(amount=BigInt(row.mrr), currency=currency))
            for row in await info.context.loaders.band_counts.load(self.row_id)
        ]

    @staticmethod
    def of(row: sa.Row[Any]) -> Segment:
        """From a row of `scores_read.segments`."""
        return Segment(
            id=global_id("Segment", row.id),
            row_id=row.id,
            model_id=row.model_id,
            name=row.name,
            position=row.position,
            rule=row.rule,
            since=row.known_from,
        )
