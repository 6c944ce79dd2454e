"""What scoring does with every component of every account: a block of rows at a time, so that the work stays in the cache.

Matrices are kept as k columns (k, n), each contiguous, because everything here is done column by column; outside they are
seen as (n, k).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from accountpulse.core.errors import ModelError
from accountpulse.core.scoring.adjust import HIGH, LOW, SCORE
from accountpulse.core.scoring.model import MissingPolicy, ScoringModel
from accountpulse.core.scoring.normalise import Points
from accountpulse.core.scoring.peers import MEASURED, NOT_APPLICABLE, States, component_of, only_measured
from accountpulse.core.scoring.scorer import Floats, Mask, Scorer

TOLERANCE = 1e-9
ROWS = 8192
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
    """Score all accounts; `usual` is what baselines compare with. Raises ModelError when a scorer breaks its contract."""
    n, k = values.shape
    parts = Parts(
        components=np.empty((k, n)).T,
        states=np.array(states.T, dtype=np.int8, order="C").T,
        deltas=np.empty((k, n)).T,
        own=np.empty((3, n)),
        coverage=np.empty(n),
        stood_in={i: np.zeros(n) for i in setup.stand_ins},
        excluded=np.zeros(n),
    )
    touched: set[int] = set()
    broken = 0
    for start in range(0, n, ROWS):
        at = slice(start, start + ROWS)
        block = _Block(setup, parts, at)
        block.normalise(values[at], None if usual is None else usual[at])
        broken += block.compare()
        touched.update(i for i in setup.stand_ins if block.stand_in(i))
        block.conclude()
    if broken:
        raise ModelError(
            f"scorer {setup.scorer.id!r} breaks its contract: reference + deltas is not its score for {broken} of "
            f"{n} accounts; test it with accountpulse.testing.scorers.ScorerSuite"
        )
    return replace(parts, stood_in={i: points for i, points in parts.stood_in.items() if i in touched})


class _Block:
    """Some rows on their way from values to scores. What is a view of `parts` is written there at once."""

    def __init__(self, setup: Setup, parts: Parts, at: slice) -> None:
        self.setup = setup
        self.parts = parts
        self.at = at
        self.components = parts.components.T[:, at]
        self.states = parts.states.T[:, at]
        self.rows = self.states.shape[1]
        self.everything = np.ones(self.states.shape, dtype=bool)

    def normalise(self, values: Floats, usual: Floats | None) -> None:
        """Turn values (rows, k) into components, and put the states right."""
        columns = only_measured(np.array(values.T, order="C"), self.states)
        for i, line in enumerate(self.setup.model.lines):
            baseline = None if usual is None else usual[:, i]
            self.components[i] = component_of(line, columns[i], self.states[i], self.setup.curves[i], baseline)
        self.unknown = self.states != MEASURED
        self.applies = self.states != NOT_APPLICABLE

    def compare(self) -> int:
        """Compare the accounts with the typical one; returns for how many the scorer's parts don't add up to its score."""
        self.assumed = np.where(self.unknown, self.setup.typical[:, None], self.components)
        self.running = np.array(score(self.setup.scorer, self.assumed.T, self.everything.T))  # a copy: it is written to
        deltas = self.parts.deltas.T[:, self.at]
        found = np.asarray(self.setup.scorer.deltas(self.assumed.T, self.setup.typical))
        np.multiply(found.T, ~self.unknown, out=deltas)
        deltas += 0.0  # -0.0, where a scorer gave an unknown component less than 0, would be told as such
        missing = self.setup.reference - self.running
        for column in deltas:
            missing += column
        return int(np.count_nonzero(~(np.abs(missing, out=missing) <= TOLERANCE)))

    def stand_in(self, i: int) -> bool:
        """Count an unknown component as its stand-in; returns whether there is one."""
        rows = np.flatnonzero(self.unknown[i] & self.applies[i])
        if not len(rows):
            return False
        self.assumed[i, rows] = self.setup.stand_ins[i]
        # The other accounts' scores stay: none matters to another.
        after = score(self.setup.scorer, self.assumed.take(rows, axis=1).T, self.everything[:, : len(rows)].T)
        self.parts.stood_in[i][self.at][rows] = after - self.running[rows]
        self.running[rows] = after
        return True

    def conclude(self) -> None:
        """Leave out what is excluded, and find the bounds."""
        own = self.parts.own[:, self.at]
        included = self.applies.copy()
        for i, line in enumerate(self.setup.model.lines):
            if line.missing == "exclude":
                included[i] = ~self.unknown[i]
        own[SCORE] = self.running
        if not included.all():
            own[SCORE] = score(self.setup.scorer, self.assumed.T, included.T)
            np.subtract(own[SCORE], self.running, out=self.parts.excluded[self.at])
        # What is unknown is NaN, which gives way to any number; what is known lies between the two.
        for track, giving_way_to, extreme in ((LOW, np.fmax, 0.0), (HIGH, np.fmin, 100.0)):
            giving_way_to(self.components, extreme, out=self.assumed)
            own[track] = score(self.setup.scorer, self.assumed.T, self.applies.T)
        self.parts.coverage[self.at] = self._coverage()

    def _coverage(self) -> Floats:
        """The measured share of the weight that applies, summed column by column so that it doesn't depend on the batch."""
        measured, whole = _weighed(~self.unknown, self.setup.weights), _weighed(self.applies, self.setup.weights)
        return np.clip(measured / np.where(whole > 0, whole, 1.0), 0.0, 1.0)


def _weighed(counted: Mask, weights: Floats) -> Floats:
    """The weights (k,) of the components that are counted, (k, n), added up for each account."""
    if counted.all():
        counted = counted[:, :1]
    total = np.zeros(counted.shape[1])
    for column, weight in zip(counted, weights, strict=True):
        total += column * weight
    return total


def score(scorer: Scorer, values: Floats, included: Mask) -> Floats:
    """The scorer's scores (n,) of components (n, k). Raises ModelError unless they are n finite numbers."""
    scores = np.asarray(scorer.evaluate(values, included), dtype=np.float64)
    if scores.shape != (len(values),) or not np.isfinite(scores).all():
        raise ModelError(
            f"scorer {scorer.id!r} breaks its contract: evaluate must return one finite number for each account; "
            f"got shape {scores.shape} for {len(values)} accounts"
        )
    return scores
