"""Parents rolled up from their children: a pure function over all segments' evaluations, after they are evaluated.

Children come before their parents, so a grandparent takes its children as they were rolled up themselves. A child whose band is
unknown has nothing to say; with no child that has, a parent keeps its own score. Accounts that are each other's parents, in a
circle, are no children of one another; what hangs on them from outside still counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from accountpulse.core.scoring.adjust import SCORE, Children
from accountpulse.core.scoring.bands import UNKNOWN
from accountpulse.core.scoring.evaluate import Evaluation, concluded, settle
from accountpulse.core.scoring.scorer import Floats

Rows = NDArray[np.int64]
NOBODY = -1


@dataclass(frozen=True, slots=True)
class Part:
    """One segment: `rows` are its accounts' places among all."""

    rows: Rows
    evaluation: Evaluation


def rolled_up(parts: Sequence[Part], parents: Rows, revenue: Floats) -> list[Evaluation]:
    """The evaluations with every parent rolled up as its own model says, in the order of `parts`.

    parents: (N,) the place of each account's parent among all, -1 for none. revenue: (N,) what the mean is weighted by; what
    is unknown or below zero weighs nothing, and where no child weighs anything, all weigh the same.
    """
    said = what_children_say(parts, parents, revenue)
    return [
        part.evaluation if children is None else concluded(part.evaluation, children)
        for part, children in zip(parts, said, strict=True)
    ]


def what_children_say(parts: Sequence[Part], parents: Rows, revenue: Floats) -> list[Children | None]:
    """What the children of each part's accounts say; None of a part whose model asks none. See `rolled_up`."""
    if not any(part.evaluation.model.roll_up for part in parts) or not (parents != NOBODY).any():
        return [None] * len(parts)
    family = _Family(parts, parents, revenue)
    levels, circle = _levels(parents)
    for level in levels:
        family.settle(level)
    if len(circle):
        family.leave_out(circle)
        family.settle(circle)
    return [family.children(part.rows, part.evaluation) if part.evaluation.model.roll_up else None for part in parts]


def _levels(parents: Rows) -> tuple[list[Rows], Rows]:
    """The accounts level by level, children before parents, and those that are in a circle."""
    waiting = np.bincount(parents[parents != NOBODY], minlength=len(parents))
    circle = np.ones(len(parents), dtype=bool)
    levels: list[Rows] = []
    level = np.flatnonzero(waiting == 0)
    while len(level):
        levels.append(level)
        circle[level] = False
        above = parents[level]
        above = above[above != NOBODY]
        np.subtract.at(waiting, above, 1)
        level = np.unique(above[waiting[above] == 0])
    return levels, np.flatnonzero(circle)


class _Family:
    """Everybody's scores as far as they are settled."""

    def __init__(self, parts: Sequence[Part], parents: Rows, revenue: Floats) -> None:
        n = len(parents)
        self._parts = parts
        self._part_of = np.full(n, NOBODY)
        self._place = np.zeros(n, dtype=np.int64)
        self._score, self._coverage = np.zeros((3, n)), np.zeros(n)
        self._known = np.zeros(n, dtype=bool)
        for number, part in enumerate(parts):
            found = part.evaluation
            self._part_of[part.rows] = number
            self._place[part.rows] = np.arange(len(part.rows))
            self._score[:, part.rows] = found.score, found.low, found.high
            self._coverage[part.rows] = found.coverage
            self._known[part.rows] = found.band != UNKNOWN
        self._weight = np.where(np.isfinite(revenue) & (revenue > 0), revenue, 0.0)
        self._sort(parents)

    def _sort(self, parents: Rows) -> None:
        self._parents = parents
        self._by_parent = np.argsort(parents, kind="stable")
        self._sorted = parents[self._by_parent]

    def leave_out(self, circle: Rows) -> None:
        """Accounts of a circle are nobody's children."""
        parents = self._parents.copy()
        parents[circle] = NOBODY
        self._sort(parents)

    def settle(self, level: Rows) -> None:
        """Roll up the accounts of one level, whose children are all settled."""
        for number, part in enumerate(self._parts):
            found = part.evaluation
            rows = level[self._part_of[level] == number]
            if found.model.roll_up is None or not len(rows):
                continue
            at = self._place[rows]
            children = self.children(rows, found)
            settled = settle(found.model, found.own[:, at], found.own_coverage[at], found.caps.at[:, at], children)
            self._score[:, rows] = settled.final
            self._coverage[rows] = settled.coverage
            self._known[rows] = settled.band != UNKNOWN

    def children(self, rows: Rows, evaluation: Evaluation) -> Children:
        """What the children of these accounts say."""
        starts = np.searchsorted(self._sorted, rows, "left")
        counts = np.searchsorted(self._sorted, rows, "right") - starts
        parent = np.repeat(np.arange(len(rows)), counts)
        first = np.repeat(starts - (np.cumsum(counts) - counts), counts)
        child = self._by_parent[first + np.arange(len(first))]
        parent, child = parent[self._known[child]], child[self._known[child]]
        number = np.bincount(parent, minlength=len(rows))
        rule = evaluation.model.roll_up
        if rule is not None and rule.how == "worst":
            return self._worst(parent, child, number)
        return self._mean(parent, child, number)

    def _mean(self, parent: Rows, child: Rows, number: Rows) -> Children:
        n = len(number)
        # Shares of the heaviest child: revenue in small units must not overflow when it is added up.
        heaviest = np.zeros(n)
        np.maximum.at(heaviest, parent, self._weight[child])
        weight = np.where(heaviest[parent] > 0, self._weight[child] / np.where(heaviest > 0, heaviest, 1.0)[parent], 1.0)
        whole = np.bincount(parent, weight, minlength=n)
        share = weight / whole[parent]
        score = np.array([np.bincount(parent, share * track[child], minlength=n) for track in self._score])
        coverage = np.bincount(parent, share * self._coverage[child], minlength=n)
        return Children(np.clip(score, 0, 100), np.clip(coverage, 0, 1), number)

    def _worst(self, parent: Rows, child: Rows, number: Rows) -> Children:
        n = len(number)
        score, coverage = np.full((3, n), 100.0), np.ones(n)
        for track, found in zip(score, self._score, strict=True):
            np.minimum.at(track, parent, found[child])
        lowest = self._score[SCORE, child] == score[SCORE, parent]
        np.minimum.at(coverage, parent[lowest], self._coverage[child[lowest]])
        return Children(score, coverage, number)
