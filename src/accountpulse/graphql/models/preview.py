"""What-if in GraphQL: a draft scored beside what is published. It stores nothing, and takes as long as scoring a day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Annotated

import anyio.to_thread
import strawberry

from accountpulse.core.scoring import diff
from accountpulse.core.scoring import preview as core
from accountpulse.graphql.accounts.types import Account, account_of
from accountpulse.graphql.context import Context, Info
from accountpulse.graphql.errors import BadInput
from accountpulse.graphql.fields import resolver
from accountpulse.graphql.relay import LISTED, between, listed
from accountpulse.graphql.relay import ListedArg as LengthArg

MOST_LISTED = 100
MOST_MODELS = 20

ModelTextsArg = Annotated[
    list[str] | None,
    strawberry.argument(
        description="Model files as text, YAML or JSON. Each takes the place of the configured model of its name."
    ),
]
SegmentsTextArg = Annotated[
    str | None,
    strawberry.argument(
        description="Segments as text, YAML or JSON: a list of rules as in the configuration, but with the names of models "
        "instead of files. Default: those of the configuration."
    ),
]
ListedArg = Annotated[int, strawberry.argument(description="How many accounts each list names at most: 0 to 100.")]


@strawberry.type(description="A mistake in the text of a draft.")
class DraftProblem:
    place: str = strawberry.field(description="Which text, line and key, such as `models[0], line 4: groups[0].weight`.")
    message: str = strawberry.field(description="What was found there, and what is allowed.")


@strawberry.type(description="One difference in meaning, in the words of the files.")
class ModelDifference:
    place: str = strawberry.field(description="The key, with the group, metric or segment it is in.")
    before: str = strawberry.field(description="What is published; `-` for nothing.")
    after: str = strawberry.field(description="What the draft says; `-` for nothing.")

    @staticmethod
    def of(change: diff.Change) -> ModelDifference:
        return ModelDifference(place=change.place, before=change.before, after=change.after)


@strawberry.type(description="How much of a score a metric can move.")
class WeightDifference:
    metric: str = strawberry.field(description="The metric's name.")
    before: float | None = strawberry.field(description="Its share of the published score, 0 to 1; null where it is not in it.")
    after: float | None = strawberry.field(description="Its share of the draft's score, 0 to 1; null where it is not in it.")


@strawberry.type(description="A model that differs from the published one of its name.")
class ChangedModel:
    name: str = strawberry.field(description="The model's name.")
    before: str | None = strawberry.field(description="The published version; null where no published segment uses it.")
    after: str | None = strawberry.field(description="The draft's version; null where no segment of the draft uses it.")
    found: strawberry.Private[diff.ModelChange]

    @resolver("What differs, where there are both.", check=listed)
    def changes(self, first: LengthArg = LISTED) -> list[ModelDifference]:
        return list(map(ModelDifference.of, self.found.changes[: listed(first)]))

    @resolver("The metrics whose share of the score differs.", check=listed)
    def weights(self, first: LengthArg = LISTED) -> list[WeightDifference]:
        shares = self.found.weights[: listed(first)]
        return [WeightDifference(metric=each.metric, before=each.before, after=each.after) for each in shares]


@strawberry.type(description="How many accounts a band or a segment holds.")
class AccountShift:
    name: str = strawberry.field(description="The band's or the segment's name.")
    before: int | None = strawberry.field(description="How many now; null where nothing is published to compare with.")
    after: int = strawberry.field(description="How many under the draft.")

    @staticmethod
    def of(shift: core.Shift) -> AccountShift:
        return AccountShift(name=shift.name, before=shift.before, after=shift.after)


@strawberry.type(description="How many accounts go from one band to another, or stay in theirs.")
class BandMove:
    before: str = strawberry.field(description="The band now.")
    after: str = strawberry.field(description="The band under the draft.")
    accounts: int = strawberry.field(description="How many accounts.")


@strawberry.type(description="An account that the draft would score otherwise.")
class PreviewedAccount:
    name: str = strawberry.field(description="What the account is called.")
    segment_before: str = strawberry.field(description="Its segment now.")
    segment_after: str = strawberry.field(description="Its segment under the draft.")
    score_before: float = strawberry.field(description="Its raw score now, 0 to 100.")
    score_after: float = strawberry.field(description="Its raw score under the draft, 0 to 100.")
    band_before: str = strawberry.field(description="Its raw band now.")
    band_after: str = strawberry.field(description="Its raw band under the draft.")
    reasons: list[str] = strawberry.field(description="Why the two differ, in words: what moves it most comes first.")
    row_id: strawberry.Private[int]

    @resolver("The account.")
    async def account(self, info: Info) -> Account | None:
        return await account_of(info, self.row_id)

    @staticmethod
    def of(mover: core.Mover) -> PreviewedAccount:
        return PreviewedAccount(
            name=mover.name,
            segment_before=mover.segment_before,
            segment_after=mover.segment_after,
            score_before=mover.score_before,
            score_after=mover.score_after,
            band_before=mover.band_before,
            band_after=mover.band_after,
            reasons=list(mover.reasons),
            row_id=mover.account_id,
        )


@strawberry.type(description="A draft against what is published, for today's accounts, both before steadiness and overrides.")
class ModelPreview:
    day: date = strawberry.field(description="The scoring day: today.")
    accounts: int = strawberry.field(description="How many accounts were scored.")
    compared: bool = strawberry.field(description="Whether there was something published to compare with.")
    why_not_compared: str | None = strawberry.field(description="Why there was nothing to compare with, in words.")
    tenths_before: list[int] | None = strawberry.field(
        description="How many accounts with a band score 0 to 10, 10 to 20 and so on now; null where nothing is published."
    )
    tenths_after: list[int] = strawberry.field(description="The same under the draft.")
    mean_change: float | None = strawberry.field(description="In points, over accounts that have a band both ways.")
    changed_band: int = strawberry.field(description="How many would go from one band to another.")
    became_unknown: int = strawberry.field(description="How many would lose their band, as too little is measured.")
    became_known: int = strawberry.field(description="How many would get a band that have none now.")
    band_changes: list[PreviewedAccount] = strawberry.field(description="Who would change band, the largest moves first.")
    newly_unknown: list[PreviewedAccount] = strawberry.field(description="Who would lose their band.")
    movers: list[PreviewedAccount] = strawberry.field(description="Whose score would move most, whether or not the band does.")
    found: strawberry.Private[core.Preview]

    @resolver("The models that differ.", check=listed)
    def models(self, first: LengthArg = 20) -> list[ChangedModel]:
        return [
            ChangedModel(name=each.model, before=each.before, after=each.after, found=each)
            for each in self.found.models[: listed(first)]
        ]

    @resolver("How the segments' rules differ.", check=listed)
    def rules(self, first: LengthArg = LISTED) -> list[ModelDifference]:
        return list(map(ModelDifference.of, self.found.rules[: listed(first)]))

    @resolver("How many accounts are in each band, from the lowest up.", check=listed)
    def bands(self, first: LengthArg = LISTED) -> list[AccountShift]:
        return list(map(AccountShift.of, self.found.bands[: listed(first)]))

    @resolver("From which band to which, those that stay in theirs included.", check=listed)
    def moves(self, first: LengthArg = LISTED) -> list[BandMove]:
        cells = self.found.matrix[: listed(first)]
        return [BandMove(before=cell.before, after=cell.after, accounts=cell.accounts) for cell in cells]

    @resolver("How many accounts are in each segment.", check=listed)
    def segments(self, first: LengthArg = LISTED) -> list[AccountShift]:
        return list(map(AccountShift.of, self.found.segments[: listed(first)]))

    @staticmethod
    def of(found: core.Preview) -> ModelPreview:
        return ModelPreview(
            day=found.day,
            accounts=found.accounts,
            compared=found.compared,
            why_not_compared=found.why_not,
            found=found,
            tenths_before=None if found.tenths_before is None else list(found.tenths_before),
            tenths_after=list(found.tenths_after),
            mean_change=found.mean_change,
            changed_band=found.changed_band,
            became_unknown=found.became_unknown,
            became_known=found.became_known,
            band_changes=list(map(PreviewedAccount.of, found.band_changes)),
            newly_unknown=list(map(PreviewedAccount.of, found.newly_unknown)),
            movers=list(map(PreviewedAccount.of, found.movers)),
        )


@strawberry.type(description="What became of a draft: either it was scored, or there are problems with it.")
class ModelPreviewAnswer:
    preview: ModelPreview | None = strawberry.field(description="What would happen; null where there are problems.")
    found: strawberry.Private[Sequence[core.DraftProblem]] = ()

    @resolver("What is wrong with the texts; empty where nothing is.", check=listed)
    def problems(self, first: LengthArg = LISTED) -> list[DraftProblem]:
        return [DraftProblem(place=each.place, message=each.message) for each in self.found[: listed(first)]]


def check_preview(models: list[str] | None = None, first: int = 0) -> None:
    """Raises BadInput for too much at once."""
    between("first", first, MOST_LISTED, least=0)
    if models is not None and len(models) > MOST_MODELS:
        raise BadInput(f"{len(models)} models were sent; at most {MOST_MODELS} can be tried at once")


async def preview_of(context: Context, models: list[str], segments: str | None, first: int) -> ModelPreviewAnswer:
    """Score a draft in a worker thread. Raises BadInput for too much at once."""
    check_preview(models, first)
    if context.previewed:
        raise BadInput("one preview can be asked for at a time; send another request for another")
    context.previewed = True
    # One at a time, beside the limit of ordinary reads: previews that wait for each other keep nobody else waiting.
    work = partial(context.hub.preview, models, segments, first, scope=context.scope)
    found = await anyio.to_thread.run_sync(work, limiter=context.previews)
    if isinstance(found, core.Preview):
        return ModelPreviewAnswer(preview=ModelPreview.of(found))
    return ModelPreviewAnswer(preview=None, found=found)
