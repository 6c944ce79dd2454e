"""How large lists are that no argument cuts and no code bounds: read from the models in the store, whenever they change."""

from __future__ import annotations

import anyio
import anyio.to_thread

from accountpulse.core.scoring.adjust import ORDER
from accountpulse.core.store.largest import Largest, look
from accountpulse.graphql.answers.present import Present
from accountpulse.graphql.hub import Hub
from accountpulse.graphql.limits.cost import Costs


def sizes_of(largest: Largest) -> dict[str, int]:
    """By type and field: of each in `OF_MODELS`."""
    bands = len(largest.band_names) + 1  # and `unknown`
    # At most one for each metric that is unknown, and one of each other kind.
    adjustments = largest.metrics + len(ORDER)
    return {
        "Model.bands": largest.bands,
        "Model.groups": largest.groups,
        "Model.segments": largest.segments,
        "ModelGroup.metrics": largest.group_metrics,
        "PortfolioMovement.transitions": (bands + 1) ** 2,  # and who was, or is, no customer
        "Query.segments": largest.segments,
        "Score.adjustments": adjustments,
        "Score.components": largest.metrics,
        "Score.matchedSegments": largest.segments,
        # Late data, peers and behaviour by metric; the segment, the model; the adjustments of both days.
        "ScoreMove.parts": 3 * largest.metrics + 2 + 2 * (adjustments + largest.caps),
        "ScorePoint.components": largest.metrics,
        "Segment.bands": bands,
        "ToReachBand.alone": largest.metrics,
        "ToReachBand.mustEnd": largest.caps,
        "ToReachBand.together": largest.metrics,
    }


class Sizes:
    """Tells `costs` how large lists are. `threads` bounds how many reads run at once."""

    def __init__(self, hub: Hub, costs: Costs, threads: anyio.CapacityLimiter) -> None:
        self._hub, self._costs, self._threads = hub, costs, threads
        self._largest = Largest()
        self._revision: int | None = None

    async def renew(self, present: Present | None = None) -> None:
        """Look again where models have changed. present: what holds; without it, it is looked whether they have."""
        revision = None if present is None else dict(present.revisions).get("models", 0)
        if revision is not None and revision == self._revision:
            return
        found = await anyio.to_thread.run_sync(self._look, limiter=self._threads)
        self._largest, self._revision = found, revision
        self._costs.look_up(sizes_of(found))

    def _look(self) -> Largest:
        with self._hub.store.read() as connection:
            return look(connection, self._largest)
