"""How the history of an account's score is asked for."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from accountpulse.core.clock import day_of
from accountpulse.core.names import UNKNOWN_NAME
from accountpulse.core.store.history_rows import HistoryRow
from accountpulse.core.store.scores import LIVE, raw_centi
from accountpulse.core.store.scores_read import Basis, HistoryRequest
from accountpulse.graphql.context import Context
from accountpulse.graphql.errors import BadInput
from accountpulse.graphql.relay import between
from accountpulse.graphql.scores.types import HistoryBasis, ScoreHistory, ScorePoint

MAX_POINTS = 500
BASES: dict[HistoryBasis, Basis] = {HistoryBasis.LIVE: "live", HistoryBasis.RESTATED: "restated", HistoryBasis.BEST: "best"}


def check_days(from_: date | None = None, to: date | None = None) -> None:
    """Raises BadInput for days in the wrong order."""
    if from_ is not None and to is not None and from_ > to:
        raise BadInput(f"from is {from_.isoformat()}, after to, which is {to.isoformat()}")


def check_points(from_: date, to: date | None = None, first: int = MAX_POINTS) -> None:
    """Raises BadInput for days in the wrong order, or too many points."""
    check_days(from_, to)
    between("first", first, MAX_POINTS)


async def score_history(
    context: Context, account_id: int, start: date, end: date | None, basis: HistoryBasis, first: int
) -> ScoreHistory:
    """The points of one account. Raises BadInput for days in the wrong order, or too many points."""
    end = end or day_of(context.hub.clock.now(), context.hub.zone)
    check_points(start, end, first)
    request = HistoryRequest(start=start, end=end, basis=BASES[basis], first=first)
    page = await context.loaders.history.load((account_id, request))
    points = []
    for row in page.rows:
        model = await context.loaders.model.load(row.model_id)
        points.append(_point(row, model, start))
    return ScoreHistory(points=points, has_more=page.more)


def band_named(model: sa.Row[tuple[object, ...]] | None, band: int) -> str:
    """The name of a band by its place in the model's bands."""
    bands = [] if model is None else model.content["bands"]
    return bands[band]["name"] if 0 <= band < len(bands) else UNKNOWN_NAME


def _point(row: HistoryRow, model: sa.Row[tuple[object, ...]] | None, start: date) -> ScorePoint:
    raw_band = row.band if row.raw_band is None else row.raw_band
    return ScorePoint(
        day=max(row.day, start),
        since=row.day,
        score=row.score_centi / 100,
        band=band_named(model, row.band),
        raw_score=raw_centi(row) / 100,
        raw_band=band_named(model, raw_band),
        coverage=row.coverage_percent / 100,
        segment=row.segment,
        basis=HistoryBasis.LIVE if row.basis == LIVE else HistoryBasis.RESTATED,
        inputs_as_of=row.inputs_as_of,
        model_id=row.model_id,
        packed=row.components,
    )
