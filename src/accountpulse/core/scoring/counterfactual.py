"""What it would take to reach a band: the smallest changes of an account's own metrics that do, all else as it is.

This is arithmetic of the model, not a promise: it does not say that changing a number changes the customer. Everything is found
by evaluating the account with other values, so caps, the worst-of rule, children and any scorer are respected; what is said is
reached, and a little less does not reach it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import comb
from typing import Literal

import numpy as np

from accountpulse.core.scoring.adjust import Children
from accountpulse.core.scoring.conditions import Columns
from accountpulse.core.scoring.evaluate import Evaluation, concluded, evaluate
from accountpulse.core.scoring.model import Cap, ScoringModel
from accountpulse.core.scoring.paths import Path, path_of
from accountpulse.core.scoring.peers import Peers, States
from accountpulse.core.scoring.scorer import Floats, Scorer

Changed = Mapping[int, float]
"""Values by column of the model, in place of the account's own."""

CountState = Literal["already_there", "reachable", "out_of_reach"]

DIGITS = 9
"""As a band's edge: a score within 1e-9 of what is needed has reached it."""
_GRID = 33
_ENOUGH = 1e-12
_SETS = 5_000
"""At most so many sets of metrics of one size; of more, those that can do least are left out."""
_FEW = 3
_TRIED = 10
"""How many sets of metrics are worked out, of those that may move least."""


@dataclass(frozen=True)
class Case:
    """One account in its model: values, states and usual values (k,), its peers, and what caps read, a column (1,) each.

    children: what its children say, (1,), None where nobody asks. whole: by column, whether the metric counts whole things.
    """

    model: ScoringModel
    scorer: Scorer
    values: Floats
    states: States
    usual: Floats
    peers: Peers
    columns: Columns
    children: Children | None
    whole: Sequence[bool]

    def evaluate(self, values: Floats) -> Evaluation:
        """The account with other values, (n, k): n of it at once."""
        n = len(values)
        columns = {name: np.repeat(column, n) for name, column in self.columns.items()}
        for i, name in enumerate(self.model.metrics):
            if name in columns:
                columns[name] = values[:, i]
        found = evaluate(
            self.model,
            self.scorer,
            values,
            np.repeat(self.states[None, :], n, axis=0),
            self.peers,
            columns=columns,
            usual=np.repeat(self.usual[None, :], n, axis=0),
        )
        if self.children is None:
            return found
        said = self.children
        return concluded(
            found, Children(np.repeat(said.score, n, axis=1), np.repeat(said.coverage, n), np.repeat(said.number, n))
        )

    def changed(self, changes: Sequence[Changed]) -> Evaluation:
        """The account with each of these changes."""
        values = np.repeat(self.values[None, :], len(changes), axis=0)
        for row, change in enumerate(changes):
            for i, value in change.items():
                values[row, i] = value
        return self.evaluate(values)

    def scores(self, changes: Sequence[Changed]) -> Floats:
        """The score of each."""
        return np.round(self.changed(changes).raw_score, DIGITS)

    def holding(self, change: Changed) -> list[int]:
        """The caps, by their places, that hold with a change."""
        columns = dict(self.columns)
        for i, value in change.items():
            if self.model.metrics[i] in columns:
                columns[self.model.metrics[i]] = np.array([value])
        return [n for n, cap in enumerate(self.model.caps) if cap.condition.outcome(columns, 1)[0][0]]

    def without(self, caps: Sequence[int]) -> Case:
        """The same account if these caps did not hold."""
        kept = tuple(cap for n, cap in enumerate(self.model.caps) if n not in caps)
        return replace(self, model=replace(self.model, caps=kept))


@dataclass(frozen=True, slots=True)
class Needed:
    """One metric's part in reaching a band: column of the model, its value and the value needed, as components too."""

    column: int
    value: float
    needed: float
    component: float
    needed_component: float

    @property
    def movement(self) -> float:
        """How far the component moves."""
        return abs(self.needed_component - self.component)


@dataclass(frozen=True, slots=True)
class Alone:
    """What one metric can do alone.

    value: its own; best: its best, with which the score is `reaches`. needed: None where even that leaves the score below.
    """

    column: int
    value: float
    needed: Needed | None
    best: float
    reaches: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What it takes. alone: every metric that is measured and could be better. together: the smallest change that does.

    score: what the model gives now. reaches: with every measured metric at its best. must_end: caps, with why they hold, that
    no metric of the model can end and that have to end first; `alone` and `together` are what it takes besides.
    """

    state: CountState
    score: float
    target: float
    reaches: float
    alone: tuple[Alone, ...] = ()
    together: tuple[Needed, ...] = ()
    must_end: tuple[tuple[Cap, str], ...] = ()


def what_it_takes(case: Case, target: float) -> Answer:
    """The smallest changes with which the account scores at least `target`, 0..100.

    Smallest: of the fewest metrics; of those, such that components move least in all, where all but one of them go all the way
    before that one does. Only metrics that are measured can change, and only for the better.
    """
    target = round(target, DIGITS)
    now = float(case.scores([{}])[0])
    start = case.changed([{}])
    paths = {
        i: path
        for i, line in enumerate(case.model.lines)
        if not start.unknown[0, i]
        and (path := path_of(line.normaliser, case.values[i], case.usual[i], _curve(case.peers, i), case.whole[i])) is not None
    }
    best: Changed = {i: path.best for i, path in paths.items()}
    if now >= target:
        return Answer("already_there", now, target, now)
    must_end: list[tuple[Cap, str]] = []
    reaches = float(case.scores([best])[0])
    if reaches < target:
        holding = [n for n in case.holding(best) if case.model.caps[n].at < target]
        must_end = [(case.model.caps[n], case.model.caps[n].condition.why(case.columns, 0)) for n in holding]
        case = case.without(holding)
        reaches = float(case.scores([best])[0])
    if reaches < target:
        return Answer("out_of_reach", now, target, reaches, must_end=tuple(must_end))
    search = _Search(case, target, paths)
    alone = search.alone()
    if case.scores([{}])[0] >= target:
        return Answer("reachable", now, target, reaches, must_end=tuple(must_end))
    together = search.together([each for each in alone if each.needed is not None])
    return Answer("reachable", now, target, reaches, tuple(alone), together, tuple(must_end))


def _curve(peers: Peers, i: int) -> tuple[tuple[float, float], ...]:
    peer = peers[i]
    return peer.curve if peer is not None else ()


class _Search:
    def __init__(self, case: Case, target: float, paths: Mapping[int, Path]) -> None:
        self.case, self.target, self.paths = case, target, paths
        self._gap, self._gain, self._room = 0.0, dict[int, float](), dict[int, float]()

    def alone(self) -> list[Alone]:
        """Each metric for itself."""
        reached = self.case.scores([{i: path.best} for i, path in self.paths.items()])
        found = []
        for (i, path), score in zip(self.paths.items(), reached, strict=True):
            value = self._least(i, {}) if score >= self.target else None
            needed = self._needed({i: value})[0] if value is not None else None
            found.append(Alone(i, path.value, needed, path.best, float(score)))
        return found

    def together(self, alone: Sequence[Alone]) -> tuple[Needed, ...]:
        """The smallest set of metrics, changed as little as they can."""
        if alone:
            return (min((a.needed for a in alone if a.needed), key=lambda needed: needed.movement),)
        self._slopes()
        pool = sorted(self.paths, key=lambda i: -self._gain[i])
        for number in range(2, len(pool) + 1):
            most = next(n for n in range(len(pool), number - 1, -1) if comb(n, number) <= _SETS)
            sets = list(combinations(pool[:most], number))
            scores = self.case.scores([{i: self.paths[i].best for i in each} for each in sets])
            reaching = [each for each, score in zip(sets, scores, strict=True) if score >= self.target]
            if reaching:
                reaching.sort(key=self._expected)
                found = [self._needed(self._smallest(each)) for each in reaching[:_TRIED]]
                return min(found, key=lambda all_: sum(needed.movement for needed in all_))
        raise AssertionError("with all metrics at their best the band is reached")  # pragma: no cover

    def _slopes(self) -> None:
        """What the score gains from each metric at its best, and how far its component moves; caps and worst parts aside."""
        plain = replace(self.case, model=replace(self.case.model, caps=(), worst_of=None))
        found = plain.changed([{}, *({i: path.best} for i, path in self.paths.items())])
        self._gap = self.target - float(found.own[0, 0])
        self._gain = {i: float(found.own[0, n] - found.own[0, 0]) for n, i in enumerate(self.paths, 1)}
        self._room = {i: float(found.components[n, i] - found.components[0, i]) for n, i in enumerate(self.paths, 1)}

    def _expected(self, columns: Sequence[int]) -> float:
        """About how far the components of a set would have to move: the steepest first, until it is enough."""
        missing, moved = self._gap, 0.0
        for i in sorted(columns, key=lambda i: -self._gain[i] / self._room[i]):
            share = max(missing, 0.0) / self._gain[i] if self._gain[i] > max(missing, 0.0) else 1.0
            moved += share * self._room[i]
            missing -= share * self._gain[i]
        return moved

    def _smallest(self, columns: Sequence[int]) -> Changed:
        """All at their best but one, which goes only as far as it must; then each of the others back as far as it can."""
        options = []
        flattest = sorted(columns, key=lambda i: self._gain[i] / self._room[i])
        # That the flattest one stays behind is the least where nothing jumps; a few can be tried in every order.
        for last in flattest if len(columns) <= _FEW else flattest[:1]:
            change = {i: self.paths[i].best for i in columns}
            for i in (last, *(i for i in flattest if i != last)):
                least = self._least(i, {j: value for j, value in change.items() if j != i})
                assert least is not None
                change[i] = least
            options.append(change)
        moved = [sum(needed.movement for needed in self._needed(change)) for change in options]
        return options[int(np.argmin(moved))]

    def _least(self, i: int, others: Changed) -> float | None:
        """The value nearest to the account's own with which metric `i` reaches the target, the others being as given."""
        path = self.paths[i]
        if path.stops is not None:
            reached = self._reached(i, path.stops, others)
            return path.stops[int(reached.argmax())] if reached.any() else None
        near, far = float(self.case.values[i]), path.best
        if not self._reached(i, [far], others)[0]:
            return None
        while True:
            grid = np.linspace(near, far, _GRID)
            grid[-1] = far
            first = int(self._reached(i, grid.tolist(), others).argmax())
            if first == 0:
                break
            before, after = float(grid[first - 1]), float(grid[first])
            if (before, after) == (near, far) or abs(after - before) <= _ENOUGH * max(1.0, abs(after)):
                far = after
                break
            near, far = before, after
        return path.rounded(far)

    def _reached(self, i: int, values: Sequence[float], others: Changed) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        return self.case.scores([{**others, i: value} for value in values]) >= self.target

    def _needed(self, change: Changed) -> tuple[Needed, ...]:
        both = self.case.changed([{}, change]).components
        return tuple(
            Needed(i, float(self.case.values[i]), value, float(both[0, i]), float(both[1, i])) for i, value in change.items()
        )
