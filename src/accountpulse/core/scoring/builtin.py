"""The built-in scorers' plugin: registered through the same door as anyone's."""

from __future__ import annotations

import pluggy

from accountpulse.core.scoring.points import PointsScorer
from accountpulse.core.scoring.scorer import Scorer
from accountpulse.core.scoring.weighted import WeightedScorer

# Not imported from accountpulse.plugins: core knows none of the other packages.
hookimpl = pluggy.HookimplMarker("accountpulse")


@hookimpl
def register_scorers() -> list[type[Scorer]]:
    """The scorers that come with AccountPulse."""
    return [WeightedScorer, PointsScorer]
