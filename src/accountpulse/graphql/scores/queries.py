"""How the history of an account's score is asked for."""

from __future__ import annotations

from datetime import date

from accountpulse.core.clock import day_of
from accountpulse.core.store.scores_read import HISTORY, Basis, HistoryRequest
from accountpulse.graphql.context import Info
from accountpulse.graphql.errors import BadInput
from accountpulse.graphql.execution.projection import columns
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
    info: Info, account_id: int, start: date, end: date | None, basis: HistoryBasis, first: int
) -> ScoreHistory:
    """The points of one account, read as far as they are selected. Raises BadInput for days in the wrong order, or too many."""
    context = info.context
    end = end or day_of(context.hub.clock.now(), context.hub.zone)
    check_points(start, end, first)
    names = columns(info, "ScorePoint", ("points",), everything=HISTORY)
    request = HistoryRequest(start=start, end=end, basis=BASES[basis], first=first, columns=names)
    page = await context.loaders.history.load((account_id, request))
    ids = {row.model_id for row in page.rows} if "model_id" in names else ()
    models = {id: await context.loaders.model.load(id) for id in ids}
    points = [
        ScorePoint(row=row, start=start, model_row=models.get(row.model_id) if models else None, context=context)
        for row in page.rows
    ]
    return ScoreHistory(points=points, has_more=page.more)
