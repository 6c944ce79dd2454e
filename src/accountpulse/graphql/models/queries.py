"""The root fields about segments, models and metrics."""

from __future__ import annotations

import strawberry

from accountpulse.core.store import scores_read
from accountpulse.graphql.context import Info
from accountpulse.graphql.fields import resolver
from accountpulse.graphql.models.preview import (
    ListedArg,
    ModelPreviewAnswer,
    ModelTextsArg,
    SegmentsTextArg,
    check_preview,
    preview_of,
)
from accountpulse.graphql.models.types import Metric, Model, Segment
from accountpulse.graphql.relay import LISTED, MOST_LISTED, Node, listed, row_number
from accountpulse.graphql.relay import ListedArg as LengthArg


@strawberry.type
class ModelQueries:
    @resolver("The segments in force, in the order in which their rules are tried.")
    async def segments(self, info: Info) -> list[Segment]:
        return [Segment.of(row) for row in await info.context.loaders.segments()]

    @resolver("The versions of all models that were ever used, newest first.", check=listed)
    async def models(self, info: Info, first: LengthArg = LISTED) -> list[Model]:
        return [Model.of(row) for row in await info.context.read(scores_read.newest_models, listed(first))]

    @resolver(
        "What would happen under other models or segments: who changes band, and why, of the accounts that the viewer may "
        "see. Nothing is stored, so the scope `read` is enough. It takes as long as scoring today, and one is answered at a "
        "time. Without texts, the draft is the server's configuration.",
        rests_on_more=True,
        check=check_preview,
    )
    async def model_preview(
        self, info: Info, models: ModelTextsArg = None, segments: SegmentsTextArg = None, first: ListedArg = 20
    ) -> ModelPreviewAnswer:
        return await preview_of(info.context, models or [], segments, first)

    @resolver("The metrics that models may use, by name.", check=listed)
    async def metrics(self, info: Info, first: LengthArg = MOST_LISTED) -> list[Metric]:
        metrics = info.context.hub.metrics
        return [Metric.of(name, metrics) for name in sorted(metrics)[: listed(first)]]


async def model_node(info: Info, id: str, key: str) -> Node | None:
    """A model by its key."""
    row = await info.context.loaders.model.load(row_number(id, key))
    return None if row is None else Model.of(row)


async def segment_node(info: Info, id: str, key: str) -> Node | None:
    """A published segment by its key."""
    number = row_number(id, key)
    return next((Segment.of(row) for row in await info.context.loaders.segments() if row.id == number), None)


async def metric_node(info: Info, _: str, key: str) -> Node | None:
    """A declared metric by its name."""
    return Metric.of(key, info.context.hub.metrics) if key in info.context.hub.metrics else None
