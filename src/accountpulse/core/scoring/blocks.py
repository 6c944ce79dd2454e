"""What scoring does with every component of every account: a block of rows at a time, so that the work stays in the cache.

Inside a block a matrix is kept as k columns (k, rows), each contiguous; what comes out has a row an account again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from accountpulse.core.errors import ModelError
from accountpulse.core.metrics.states import ComponentState
from accountpulse.core.scoring.adjust import HIGH, LOW, SCORE
from accountpulse.core.scoring.model import MissingPolicy, ScoringModel
from accountpulse.core.scoring.normalise import Points
from accountpulse.core.scoring.peers import States, component_of
from accountpulse.core.scoring.scorer import Floats, Mask, Scorer

TOLERANCE = 1e-9
ROWS = 4096
"""How many accounts a block has. Fewer cost more calls, more leave the cache."""

STAND_INS: tuple[MissingPolicy, ...] = ("neutral", "worst")
"""The missing policies that put a value in place of an unknown one, in the order in which they are applied."""


@dataclass(frozen=True, slots=True)
class Parts:
    """n accounts, k components. components, deltas: (n, k) as in an `Evaluation`; states: (n, k), put right.

    own: (3, n) the score and its bounds after the missing policies. coverage: (n,). stood_in: by column, the points (n,) that
    the stand-in of an unknown component adds, where there was one; excluded: those that leaving components out adds.
    """

    components: Floats
    states: States
    deltas: Floats
    own: Floats
    coverage: Floats
    stood_in: Mapping[int, Floats]
    excluded: Floats


@dataclass(frozen=True, slots=True)
class Setup:
    """What is the same for all blocks. typical: (k,), reference: the score there. stand_ins: by column. curves: one a line."""

    model: ScoringModel
    scorer: Scorer
    typical: Floats
    reference: float
    weights: Floats
    stand_ins: Mapping[int, float]
    curves: Sequence[Points]


def score_parts(setup: Setup, values: Floats, states: NDArray[np.integer], usual: Floats | None) -> Parts:
    """Score all accounts; `usual` is read where a baseline needs it. Raises ModelError for a scorer that breaks its contract."""
    n, k = values.shape
    parts = Parts(
        components=np.empty((n, k)),
        states=np.empty((n, k), dtype=np.int8),
        deltas=np.empty((n, k)),
        own=np.empty((3, n)),
        coverage=np.empty(n),
        stood_in={i: np.zeros(n) for i in setup.stand_ins},
        excluded=np.zeros(n),
    )
    touched: set[int] = set()
    broken = 0
    for start in range(0, n, ROWS):
        at = slice(start, start + ROWS)
        block = _Block(setup, values[at], states[at], None if usual is None else usual[at])
        broken += block.broken()
        touched |= block.write(parts, at)
    if broken:
        raise ModelError(
            f"scorer {setup.scorer.id!r} breaks its contract: reference + deltas is not its score for {broken} of "
            f"{n} accounts; test it with accountpulse.testing.scorers.ScorerSuite"
        )
    for i in set(setup.stand_ins) - touched:
        del parts.stood_in[i]
    return parts


class _Block:
    """Some rows on their way from values to scores."""

    def __init__(self, setup: Setup, values: Floats, states: NDArray[np.integer], usual: Floats | None) -> None:
        self.setup = setup
        self.rows = len(values)
        self.states = np.array(states.T, dtype=np.int8, order="C")
        columns = np.ascontiguousarray(values.T)
        self.components = np.empty_like(columns)
        for i, line in enumerate(setup.model.lines):
            baseline = None if usual is None else usual[:, i]
            self.components[i] = component_of(line, columns[i], self.states[i], setup.curves[i], baseline)
        self.unknown = self.states != ComponentState.MEASURED
        self.applies = self.states != ComponentState.NOT_APPLICABLE
        self.everything = np.ones(self.states.shape, dtype=bool)
        self.assumed = np.where(self.unknown, setup.typical[:, None], self.components)
        self.running = score(setup.scorer, self.assumed.T, self.everything.T)
        self.deltas = np.where(self.unknown.T, 0.0, setup.scorer.deltas(self.assumed.T, setup.typical))

    def broken(self) -> int:
        """For how many accounts the scorer's parts do not add up to its score."""
        total = np.full(self.rows, self.setup.reference)
        for i in range(len(self.states)):
            total += self.deltas[:, i]
        return int(np.count_nonzero(~(np.abs(total - self.running) <= TOLERANCE)))

    def write(self, parts: Parts, at: slice) -> set[int]:
        """Write what the rows come to; returns the columns in which something stood in."""
        touched = {i for i in self.setup.stand_ins if self._stand_in(i, parts.stood_in[i][at])}
        parts.components[at], parts.states[at], parts.deltas[at] = self.components.T, self.states.T, self.deltas
        parts.own[SCORE, at] = self._without_excluded(parts.excluded[at])
        for track, extreme in ((LOW, 0.0), (HIGH, 100.0)):
            bound = np.where(self.unknown, extreme, self.components)
            parts.own[track, at] = score(self.setup.scorer, bound.T, self.applies.T)
        parts.coverage[at] = self._coverage()
        return touched

    def _stand_in(self, i: int, points: Floats) -> bool:
        """Count an unknown component as its stand-in."""
        rows = self.unknown[i] & self.applies[i]
        if not rows.any():
            return False
        self.assumed[i][rows] = self.setup.stand_ins[i]
        after = score(self.setup.scorer, self.assumed.T, self.everything.T)
        np.subtract(after, self.running, out=points)
        self.running = after
        return True

    def _without_excluded(self, points: Floats) -> Floats:
        included = self.applies.copy()
        for i, line in enumerate(self.setup.model.lines):
            if line.missing == "exclude":
                included[i] = ~self.unknown[i]
        if included.all():
            return self.running
        after = score(self.setup.scorer, self.assumed.T, included.T)
        np.subtract(after, self.running, out=points)
        return after

    def _coverage(self) -> Floats:
        """The measured share of the weight that applies, summed column by column so that it doesn't depend on the batch."""
        measured, whole = np.zeros(self.rows), np.zeros(self.rows)
        for weight, unknown, applies in zip(self.setup.weights, self.unknown, self.applies, strict=True):
            measured += ~unknown * weight
            whole += applies * weight
        return np.clip(measured / np.where(whole > 0, whole, 1.0), 0.0, 1.0)


def score(scorer: Scorer, values: Floats, included: Mask) -> Floats:
    """The scorer's scores (n,) of components (n, k). Raises ModelError unless they are n finite numbers."""
    scores = np.asarray(scorer.evaluate(values, included), dtype=np.float64)
    if scores.shape != (len(values),) or not np.isfinite(scores).all():
        raise ModelError(
            f"scorer {scorer.id!r} breaks its contract: evaluate must return one finite number for each account; "
            f"got shape {scores.shape} for {len(values)} accounts"
        )
    return scores
