"""Scores in GraphQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from enum import Enum
from functools import reduce
from math import isfinite
from typing import Annotated, Any

import sqlalchemy as sa
import strawberry

from accountpulse.core.metrics.behind import read_by
from accountpulse.core.metrics.states import ComponentState as State
from accountpulse.core.names import UNKNOWN_NAME
from accountpulse.core.scoring.backdrop import Backdrop, Columns, Part
from accountpulse.core.scoring.packing import unpack
from accountpulse.core.scoring.stored import columns_read, parts_read
from accountpulse.core.scoring.types import Adjustment as CoreAdjustment
from accountpulse.core.store.freshness import stalest
from accountpulse.core.store.history_rows import HistoryRow
from accountpulse.core.store.scores import LIVE, raw_centi
from accountpulse.graphql.context import Context, Info
from accountpulse.graphql.errors import BadInput
from accountpulse.graphql.execution.marks import NOT_READY
from accountpulse.graphql.fields import choice, column, read_as, resolver
from accountpulse.graphql.models.types import Metric, Model
from accountpulse.graphql.records.paging import check_any, no_records, page_behind
from accountpulse.graphql.records.types import RECORDS, SourceRecord
from accountpulse.graphql.relay import AfterArg, Connection


@strawberry.enum(description="What is known of a component: it was measured, or there is a reason why not.")
class ComponentState(Enum):
    MEASURED = choice("measured", "There is a value. Zero is a value.")
    NO_DATA = choice("no_data", "The source is connected and answered, but has nothing to go by.")
    NOT_CONNECTED = choice("not_connected", "No connection provides what the metric reads.")
    NEVER_SYNCED = choice("never_synced", "A connection does, but its first load is not finished.")
    STALE = choice("stale", "The source has not answered for too long.")
    NOT_APPLICABLE = choice("not_applicable", "The metric makes no sense for this account.")
    FAILED = choice("failed", "It could not be computed; the reason says why.")


@strawberry.enum(description="Where the points of a history come from.")
class HistoryBasis(Enum):
    LIVE = choice("live", "Scored on the day itself, with what was known then.")
    RESTATED = choice("restated", "Computed later for that day, with the model published when it was computed.")
    BEST = choice("best", "Live from the account's first live day on; restated before it. What a chart wants.")


@strawberry.type(description="The lowest and the highest score that the unknown parts allow.")
class Bounds:
    low: float = strawberry.field(description="The score if every unknown component were at its worst, 0 to 100.")
    high: float = strawberry.field(description="The score if every unknown component were at its best, 0 to 100.")


RecordArg = Annotated[
    str | None, strawberry.argument(description="The record type, one of `sources`. Default: the first that it reads.")
]
RecordsFirstArg = Annotated[int | None, strawberry.argument(description="How many, at most 100. Default: 50.")]


@strawberry.type(description="One metric's part in a score.")
class Component:
    """Reads a `core.scoring.backdrop.Part`."""

    group: str = read_as("part.line.group", "The group it is in, in the model.", "group")
    value: float | None = read_as("part.value", "The metric's value in its unit; null unless measured.", "value")
    typical_value: float | None = read_as(
        "part.line.typical_value",
        "The median value of the segment's accounts that day; null where there is nobody to compare with.",
        "typical_value",
    )
    component: float | None = read_as(
        "part.component", "The value normalised to 0 (bad) to 100 (good); null unless measured.", "component"
    )
    typical_component: float = read_as(
        "part.line.typical_component", "What the component is compared with, 0 to 100.", "typical_component"
    )
    weight: float = read_as("part.line.weight", "The share of the score it can move; all weights sum to 1.", "weight")
    contribution: float = read_as(
        "part.delta",
        "The points it adds to the score, or takes, against its typical self; 0 where it is unknown. "
        "The score's reference, all contributions and all adjustments add up to the score.",
        "delta",
    )
    reason: str = read_as("part.reason", "What it did to the score, in one sentence.", "reason")
    part: strawberry.Private[Part]
    row: strawberry.Private[Any]
    context: strawberry.Private[Context]

    @resolver("The metric.", as_="metric")
    def metric(self) -> Metric:
        return Metric.of(self.part.line.name, self.context.hub.metrics, self.part.line.title)

    @resolver("Whether it was measured, or why not.", as_="state")
    def state(self) -> ComponentState:
        return _STATES[self.part.code]

    @resolver("The record types it rests on, such as ticket or invoice.", as_="sources")
    def sources(self) -> list[str]:
        return list(self.part.line.sources)

    @resolver(
        "As of when its sources were last read, by the one that lags most; null where one never was, or where it is only "
        "ever pushed to us."
    )
    async def fresh_at(self, info: Info) -> datetime | None:
        found = await info.context.loaders.fresh_at.load_many(self.part.line.sources)
        return reduce(stalest, found) if found else None

    @resolver(
        "The records behind the value, of one type, the newest first: those that the metric reads as of the score's day, as "
        "they are known now. Empty for what is read off the account itself, and for a metric that is no longer installed.",
        check=check_any,
    )
    async def records(
        self, info: Info, of: RecordArg = None, first: RecordsFirstArg = None, after: AfterArg = None
    ) -> Connection[SourceRecord]:
        metric = info.context.hub.metrics.get(self.part.line.name)
        read = [] if metric is None else [name for name in read_by(metric) if name in RECORDS]
        if not read:
            return no_records()
        if of is not None and of not in read:
            raise BadInput(f"{self.part.line.name} reads no records of the type {of[:40]!r}; it reads {', '.join(read)}")
        return await page_behind(
            info.context, of or read[0], self.row.account_id, self.part.line.name, self.row.day, first, after
        )


_STATES = {int(state): ComponentState(state.label) for state in State}
_STATE_NAMES = {code: state.name for code, state in _STATES.items()}


@strawberry.type(description="Points added to a score, or taken, for a named cause that is not a component.")
class Adjustment:
    code: str = strawberry.field(description="The cause, for programs, such as cap or override.")
    label: str = strawberry.field(description="The cause, in words.")
    points: float = strawberry.field(description="Signed points.")

    @staticmethod
    def of(part: CoreAdjustment) -> Adjustment:
        """From what scoring returned."""
        return Adjustment(code=part.code, label=part.label, points=part.points)


@strawberry.type(description="A segment whose rule matches an account.")
class SegmentMatch:
    segment: str = strawberry.field(description="The segment's name.")
    why: str = strawberry.field(description="Why its rule matches, in a short phrase.")


@strawberry.type(description="Which model a score was computed with.")
class ModelVersion:
    name: str = strawberry.field(description="The model's name.")
    version: str = strawberry.field(description="The hash of what the model says.")
    model_id: strawberry.Private[int]

    @resolver("The whole model.")
    async def model(self, info: Info) -> Model | None:
        row = await info.context.loaders.model.load(self.model_id)
        return None if row is None else Model.of(row)


def _components(score: Score) -> Any:
    """What a score is made of; NOT_READY where what it is set against has not been read with it."""
    digest = score.row.backdrop
    if digest is None:
        return []
    backdrop = score.context.backdrops.get(digest)
    return NOT_READY if backdrop is None else _components_of(score, backdrop)


def _components_of(score: Score, backdrop: Backdrop) -> list[Component]:
    row, context = score.row, score.context
    return [Component(part=part, row=row, context=context) for part in parts_read(backdrop, row)]


def _columns(score: Score, names: tuple[str, ...]) -> Any:
    """What a score is made of, as columns of these names.

    NOT_READY where what it is set against has not been read with it, and where something is not what it should be.
    """
    digest = score.row.backdrop
    if digest is None:
        return [()] * len(names)
    backdrop = score.context.backdrops.get(digest)
    if backdrop is None:
        return NOT_READY
    found = columns_read(backdrop, score.row)
    columns = [_COLUMNS[name](found, score.context) for name in names]
    return NOT_READY if NOT_READY in columns else columns


def _of_lines(name: str) -> Callable[[Columns, Context], Any]:
    return lambda found, _: found.backdrop.columns[name]


def _delta(found: Columns, _: Context) -> Any:
    delta = found.delta
    return delta if isfinite(sum(delta)) else NOT_READY


def _reason(found: Columns, _: Context) -> Any:
    reasons = found.reason
    return reasons if {*map(type, reasons)} <= _TEXT else NOT_READY


_TEXT = {str}
_COLUMNS: dict[str, Callable[[Columns, Context], Any]] = {
    **{name: _of_lines(name) for name in ("group", "typical_value", "typical_component", "weight")},
    "value": lambda found, _: found.value,
    "component": lambda found, _: found.component,
    "delta": _delta,
    "reason": _reason,
    "state": lambda found, _: [_STATE_NAMES[code] for code in found.codes],
    "sources": lambda found, _: [list(line.sources) for line in found.backdrop.lines],
    "metric": lambda found, context: [Metric.of(line.name, context.hub.metrics, line.title) for line in found.backdrop.lines],
}


@strawberry.type(
    description="The score of an account now: the value, why, since when, and how sure. "
    "The reference, all contributions and all adjustments add up to the value."
)
class Score:
    """Reads a row of `core.store.accounts`."""

    value: float = column("score", "The score, 0 (about to leave) to 100 (thriving).")
    reference: float = column("reference", "What a typical account of the segment scores, 0 to 100.")
    band: str = column("band", "The band's name in the model; `unknown` where too little is measured.")
    band_since: date = column("band_since", "Since which day the account has been in this band.")
    raw_score: float = column(
        "raw_score", "The value before steadiness and overrides: what the account's figures of the day come to."
    )
    raw_band: str = column("raw_band", "The band that the raw score lies in; `unknown` where too little is measured.")
    coverage: float = column("coverage", "The share of the weight that is measured, 0 to 1.")
    trend_28d: float | None = column(
        "trend_28d", "Points per 28 days, the robust slope of the last 28 days; null with too little history.", named="trend28d"
    )
    trend_90d: float | None = column(
        "trend_90d", "Points per 90 days, the robust slope of the last 90 days; null with too little history.", named="trend90d"
    )
    segment: str = column("segment", "The segment that the account is scored in.")
    day: date = column("day", "The scoring day, in the store's time zone.")
    scored_at: datetime = column("scored_at", "When it was computed.")
    row: strawberry.Private[Any]
    context: strawberry.Private[Context]

    @resolver("How low or high the score could be, given what is unknown.", needs=("low", "high"))
    def bounds(self) -> Bounds:
        return Bounds(low=self.row.low, high=self.row.high)

    @resolver("The model it was computed with.", needs=("model_id", "model_name", "model_version"))
    def model(self) -> ModelVersion:
        return ModelVersion(name=self.row.model_name, version=self.row.model_version, model_id=self.row.model_id)

    @resolver(
        "What the score is made of, in the model's order.",
        needs=("day", "backdrop", "numbers", "told"),
        ready=_components,
        columns=_columns,
    )
    async def components(self, info: Info) -> list[Component]:
        found: list[Component] = _components(self)
        if found is not NOT_READY:
            return found
        backdrop = await info.context.loaders.backdrop.load(self.row.backdrop)
        return _components_of(self, backdrop)

    @resolver("Points added or taken for other causes, in the order in which they were applied.", needs=("adjustments",))
    def adjustments(self) -> list[Adjustment]:
        return [Adjustment.of(CoreAdjustment.from_json(each)) for each in self.row.adjustments or ()]

    @resolver(
        "Why the value or the band is not the raw one, in words, such as what a rise waits for; null where it is.",
        needs=("steadiness",),
    )
    def steadiness(self) -> str | None:
        said: str | None = self.row.steadiness
        return said

    @resolver("Every segment whose rule matches the account; the first one is in force.", needs=("matched",))
    def matched_segments(self) -> list[SegmentMatch]:
        return [SegmentMatch(segment=each["segment"], why=each["why"]) for each in self.row.matched or ()]


# --- history ------------------------------------------------------------------------------------------------------------


@strawberry.type(description="One metric's part in a past score.")
class PastComponent:
    metric: Metric = strawberry.field(description="The metric.")
    component: float | None = strawberry.field(
        description="The normalised value, 0 to 100, to within 0.21 points; null unless measured."
    )
    state: ComponentState = strawberry.field(description="Whether it was measured that day, or why not.")


def band_named(model: sa.Row[Any] | None, band: int) -> str:
    """The name of a band by its place in the model's bands."""
    bands = [] if model is None else model.content["bands"]
    return bands[band]["name"] if 0 <= band < len(bands) else UNKNOWN_NAME


@strawberry.type(description="The score that was in force from a day on.")
class ScorePoint:
    """Reads a `HistoryRow` with the columns that are selected. start: the first day asked for. model_row: its model's."""

    row: strawberry.Private[HistoryRow]
    start: strawberry.Private[date]
    model_row: strawberry.Private[Any]
    context: strawberry.Private[Context]

    @resolver("From this day on it was in force: its own day, or the first day asked for, if it began before that.", needs=())
    def day(self) -> date:
        own: date = self.row.day
        return max(own, self.start)

    since: date = column("day", "The day on which it was written.")

    @resolver("The score, 0 to 100, to a hundredth. A move below one point writes no new row.", needs=("score_centi",))
    def score(self) -> float:
        return self.row.score_centi / 100  # type: ignore[no-any-return]  # a row's columns are of any type

    @resolver("The band's name in the model; `unknown` where too little was measured.", needs=("band", "model_id"))
    def band(self) -> str:
        return band_named(self.model_row, self.row.band)

    @resolver("The score before steadiness and overrides, 0 to 100.", needs=("score_centi", "packed"))
    def raw_score(self) -> float:
        return raw_centi(self.row) / 100

    @resolver("The band before steadiness and overrides.", needs=("band", "packed", "model_id"))
    def raw_band(self) -> str:
        raw = self.row.raw_band
        return band_named(self.model_row, self.row.band if raw is None else raw)

    @resolver("The share of the weight that was measured, 0 to 1.", needs=("packed",))
    def coverage(self) -> float:
        return self.row.coverage_percent / 100  # type: ignore[no-any-return]  # as above

    segment: str = column("segment", "The segment that the account was scored in.")

    @resolver("LIVE or RESTATED.", needs=("basis",))
    def basis(self) -> HistoryBasis:
        return HistoryBasis.LIVE if self.row.basis == LIVE else HistoryBasis.RESTATED

    inputs_as_of: datetime | None = column("inputs_as_of", "What was known at this time went into it.")

    @resolver("The model it was computed with.", needs=("model_id",))
    def model(self) -> ModelVersion | None:
        row = self.model_row
        return None if row is None else ModelVersion(name=row.name, version=row.version, model_id=row.id)

    @resolver("What the score was made of, in the model's order. The raw values are not kept.", needs=("packed", "model_id"))
    def components(self) -> list[PastComponent]:
        row = self.model_row
        if row is None:
            return []
        names = [line["metric"] for group in row.content.get("groups", []) for line in group["metrics"]]
        return past_components(names, self.row.components, self.context)


@strawberry.type(description="How a score went. Between two points the score stayed within a point of the earlier one.")
class ScoreHistory:
    points: list[ScorePoint] = strawberry.field(
        description="Oldest first. The first point is the score in force on the first day asked for, if there was one by then."
    )
    has_more: bool = strawberry.field(
        description="There are later points; ask again with `from` at the day after the last point."
    )


FromArg = Annotated[date, strawberry.argument(name="from", description="The first day, in the store's time zone.")]
ToArg = Annotated[date | None, strawberry.argument(description="The last day, included. Default: today.")]
BasisArg = Annotated[HistoryBasis, strawberry.argument(description="Which points. Default: BEST.")]
PointsArg = Annotated[int, strawberry.argument(description="How many points at most, from the first day on: 1 to 500.")]


def past_components(names: list[str], packed: bytes, context: Context) -> list[PastComponent]:
    """A history row's packed components with their metrics' names."""
    values, states = unpack([packed])
    return [
        PastComponent(
            metric=Metric.of(name, context.hub.metrics),
            component=float(value) if state == State.MEASURED else None,
            state=ComponentState(State(int(state)).label),
        )
        for name, value, state in zip(names, values[0], states[0], strict=True)
    ]
