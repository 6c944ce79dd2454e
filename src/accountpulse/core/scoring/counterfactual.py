"""What it would take to reach a band: the smallest changes of an account's own metrics that do, all else as it is.

This is arithmetic of the model, not a promise: it does not say that changing a number changes the customer. Everything is found
by evaluating the account with other values, so caps, the worst-of rule, children and any scorer are respected; what is said is
reached, and a little less does not reach it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from math import ceil, floor
from typing import Literal

import numpy as np

from accountpulse.core.scoring.adjust import Children
from accountpulse.core.scoring.conditions import Columns
from accountpulse.core.scoring.evaluate import Evaluation, concluded, evaluate
from accountpulse.core.scoring.levels import Levels, choices
from accountpulse.core.scoring.model import Cap, ScoringModel
from accountpulse.core.scoring.paths import Path, path_of
from accountpulse.core.scoring.peers import Peers, States
from accountpulse.core.scoring.scorer import Floats, Scorer
from accountpulse.core.scoring.sets import Chosen, Sets

Changed = Mapping[int, float]
"""Values by column of the model, in place of the account's own."""

CountState = Literal["already_there", "reachable", "out_of_reach"]

DIGITS = 9
"""As a band's edge: a score within 1e-9 of what is needed has reached it."""
_GRID = 33
_ENOUGH = 1e-12
_AT_ONCE = 64
"""So many sets of metrics are evaluated together."""
_SLACK = 1e-9
_TRIED = 40
"""At most so many sets of metrics are worked out, of those that may move least; and as many choices of values for a set."""
_MOST_LEVELS = 200
"""So many whole values short of the best are looked at; who has more is as good as smooth."""


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

    Smallest: of the fewest metrics; of those, such that components move least in all. Proven so for scorers whose components
    add up, as the built-in ones do, unless very many sets are as good, or several metrics make up a worst part. Else what is
    said is enough, and a little less of any of it is not. Only metrics that are measured can change, and only for the better.
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


def _batched(items: Iterator[Chosen]) -> Iterator[list[Chosen]]:
    while batch := list(islice(items, _AT_ONCE)):
        yield batch


class _Search:
    def __init__(self, case: Case, target: float, paths: Mapping[int, Path]) -> None:
        self.case, self.target, self.paths = case, target, paths

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
        for number in range(max(2, self._sets.fewest), len(self.paths) + 1):
            found = self._of_size(number)
            if found:
                return found
        # Of a scorer whose components don't add up the bounds say too little.
        return self._needed(self._smallest(tuple(self.paths)))

    def _of_size(self, number: int) -> tuple[Needed, ...]:
        """The set of so many metrics that moves least; empty where none of that size reaches the target."""
        least: tuple[Needed, ...] = ()
        moved, worked_out = np.inf, 0
        for some in _batched(self._sets.of_size(number)):
            scores = self.case.scores([{i: self.paths[i].best for i in each.columns} for each in some])
            for each, score in zip(some, scores.tolist(), strict=True):
                if each.least >= moved - _ENOUGH or worked_out == _TRIED:
                    return least
                if score >= self.target:
                    found = self._needed(self._smallest(each.columns))
                    movement = sum(needed.movement for needed in found)
                    worked_out += 1
                    if movement < moved:
                        least, moved = found, movement
        return least

    @cached_property
    def _sets(self) -> Sets:
        """What the score gains from each metric at its best, and how far its component moves; caps and worst parts aside."""
        plain = replace(self.case, model=replace(self.case.model, caps=(), worst_of=None))
        found = plain.changed([{}, *({i: path.best} for i, path in self.paths.items())])
        own = found.own[0]
        best = {i: path.best for i, path in self.paths.items()}
        without = self.case.scores([{j: value for j, value in best.items() if j != i} for i in best])
        return Sets(
            columns=tuple(self.paths),
            gain=np.maximum(own[1:] - own[0], 0.0),
            room=np.array([found.components[n, i] - found.components[0, i] for n, i in enumerate(self.paths, 1)]),
            gap=self._own_needed() - float(own[0]),
            required=frozenset(i for i, score in zip(best, without.tolist(), strict=True) if score < self.target),
        )

    def _own_needed(self) -> float:
        """What the account itself must score, whatever its children do."""
        said, rule = self.case.children, self.case.model.roll_up
        if said is None or rule is None or not said.number[0]:
            return self.target
        return (self.target - rule.share * float(said.score[0, 0])) / (1 - rule.share)

    def _smallest(self, columns: Sequence[int]) -> Changed:
        """The set of metrics, changed so that their components move least."""
        least = self._gone_back({i: self.paths[i].best for i in columns}, columns)
        jumping = [i for i in columns if self.paths[i].stops is not None or self.paths[i].whole]
        smooth = [i for i in columns if i not in jumping]
        spare = sum(self._sets.gain_of(i) for i in columns) - self._sets.gap
        levels = [self._levels(i, spare) for i in jumping]
        ways = [(self._sets.room_of(i), self._sets.gain_of(i)) for i in smooth]
        whole_way = sum(self._sets.room_of(i) for i in columns)
        moved = self._movement(least)
        for choice in islice(choices(levels, ways, spare), _TRIED if jumping else 0):
            if choice.saves <= whole_way - moved + _ENOUGH:
                break
            change = dict(zip(jumping, choice.values, strict=True)) | {i: self.paths[i].best for i in smooth}
            if self.case.scores([change])[0] >= self.target:
                change = dict(self._gone_back(change, smooth))
                movement = self._movement(change)
                if movement < moved:
                    least, moved = change, movement
        return least

    def _gone_back(self, change: Changed, columns: Sequence[int]) -> Changed:
        """A change that is enough with some of its metrics as far back as they can: one after another, those that save most."""
        found = dict(change)
        for i in sorted(columns, key=self._sets.steepness):
            if self._can_go_back(i, found):
                least = self._least(i, {j: value for j, value in found.items() if j != i})
                assert least is not None
                found[i] = least
        return found

    def _movement(self, change: Changed) -> float:
        return sum(needed.movement for needed in self._needed(change))

    def _levels(self, i: int, spare: float) -> Levels:
        """The values of a metric that jumps or is whole: as far as going back to them costs no more than there is to spare."""
        path = self.paths[i]
        if path.stops is not None:
            values = [*reversed(path.stops)]
        else:
            up = path.best > path.value
            way = range(ceil(path.best) - 1, floor(path.value), -1) if up else range(floor(path.best) + 1, ceil(path.value))
            values = [path.best, *(float(value) for value in way[:_MOST_LEVELS])]
        components = self.case.changed([{i: value} for value in values]).components[:, i]
        saves = components[0] - components
        costs = saves * self._sets.steepness(i)
        kept = [n for n, cost in enumerate(costs.tolist()) if cost <= spare + _SLACK]
        return Levels(*(tuple(column[n] for n in kept) for column in (values, saves.tolist(), costs.tolist())))

    def _can_go_back(self, i: int, change: Changed) -> bool:
        """Whether the target is reached with metric `i` a little nearer to the account's own value."""
        path = self.paths[i]
        if path.stops is not None:
            before = path.stops[-2:-1] or (path.value,)
        elif path.whole:
            before = (float(ceil(change[i]) - 1) if path.best > path.value else float(floor(change[i]) + 1),)
        else:
            before = (change[i] - _ENOUGH * max(1.0, abs(change[i])) * float(np.sign(change[i] - path.value)),)
        return bool(self._reached(i, before, change)[0])

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
