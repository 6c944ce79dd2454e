"""Two ways to score the same accounts on the same day, side by side: what moves an account from the one score to the other.

For every account, to 1e-9: the sum of the parts' points == its score the second way - its score the first way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from accountpulse.core.metrics.declare import Metric
from accountpulse.core.scoring.adjust import AdjustmentColumn
from accountpulse.core.scoring.bands import UNKNOWN, Band, band_name
from accountpulse.core.scoring.day import DayScores, SegmentDay
from accountpulse.core.scoring.explain import NEGLIGIBLE
from accountpulse.core.scoring.scorer import Floats
from accountpulse.core.scoring.words import points

REASONS = 3
"""How many parts of a move are told."""


@dataclass(frozen=True)
class Scored:
    """A day's scores laid out by account. ids: (n,) sorted. score: (n,). band: (n,) names. known: (n,) the band is not unknown.

    segment, place: (n,) which of the day's segments an account is in, and its row in that segment's evaluation.
    """

    scores: DayScores
    ids: NDArray[np.int64]
    score: Floats
    band: NDArray[np.object_]
    known: NDArray[np.bool_]
    segment: NDArray[np.int64]
    place: NDArray[np.int64]

    @classmethod
    def of(cls, scores: DayScores) -> Scored:
        """Lay out a day's scores: raw, before the days before and people have their say."""
        n = len(scores.frame.account_ids)
        score, band, known = np.zeros(n), np.empty(n, dtype=object), np.zeros(n, dtype=bool)
        segment, place = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
        for number, part in enumerate(scores.segments):
            evaluation, bands = part.evaluation, part.model.bands
            names = np.array([*(each.name for each in bands), band_name(bands, UNKNOWN)], dtype=object)
            score[part.rows] = evaluation.raw_score
            band[part.rows] = names[evaluation.raw_band]  # -1, unknown, is the last
            known[part.rows] = evaluation.raw_band != UNKNOWN
            segment[part.rows], place[part.rows] = number, np.arange(len(part.rows))
        order = np.argsort(scores.frame.account_ids, kind="stable")
        ids = np.asarray(scores.frame.account_ids, dtype=np.int64)[order]
        return cls(scores, ids, score[order], band[order], known[order], segment[order], place[order])

    def among(self, ids: NDArray[np.int64]) -> Scored:
        """Only these accounts."""
        chosen = np.isin(self.ids, ids)
        return replace(
            self,
            ids=self.ids[chosen],
            score=self.score[chosen],
            band=self.band[chosen],
            known=self.known[chosen],
            segment=self.segment[chosen],
            place=self.place[chosen],
        )

    def at(self, i: int) -> tuple[SegmentDay, int]:
        """The segment of the account at `i`, and its row there."""
        return self.scores.segments[int(self.segment[i])], int(self.place[i])

    @property
    def segments(self) -> list[str]:
        """The names of the day's segments, in the order of their rules."""
        return [part.rule.name for part in self.scores.segments]

    @property
    def bands(self) -> list[Band]:
        """The bands of all models in use, each name once, from the lowest up."""
        found: dict[str, Band] = {}
        for part in self.scores.segments:
            for band in part.model.bands:
                found.setdefault(band.name, band)
        return sorted(found.values(), key=lambda band: band.start)


@dataclass(frozen=True, slots=True)
class Part:
    """What one thing does to a move from one score to the other. words: that, for people, with the points."""

    key: str
    points: float
    words: str


def parts(before: tuple[SegmentDay, int], after: tuple[SegmentDay, int], metrics: Mapping[str, Metric]) -> list[Part]:
    """What moves an account from its one score to its other, largest first: what is typical, each metric, each adjustment."""
    found = [_reference(before[0], after[0])]
    old, new = _components(*before), _components(*after)
    for name in dict.fromkeys((*old, *new)):
        title = metrics[name].title if name in metrics else name
        found.append(
            Part(name, new.get(name, _ABSENT)[0] - old.get(name, _ABSENT)[0], _metric(title, old.get(name), new.get(name)))
        )
    was, now = _adjustments(before, metrics), _adjustments(after, metrics)
    for code in dict.fromkeys((*was, *now)):
        found.append(
            Part(code, now.get(code, _NOTHING)[0] - was.get(code, _NOTHING)[0], _adjustment(was.get(code), now.get(code)))
        )
    return sorted(found, key=lambda part: -abs(part.points))


def reasons(before: tuple[SegmentDay, int], after: tuple[SegmentDay, int], metrics: Mapping[str, Metric]) -> list[str]:
    """Why an account's two scores differ, in words: another segment first, then the parts that move it most."""
    told = []
    if before[0].rule.name != after[0].rule.name:
        told.append(f"counts as {after[0].rule.name}, no longer as {before[0].rule.name}")
    return told + [part.words for part in parts(before, after, metrics)[:REASONS] if round(part.points, 1)]


_ABSENT = (0.0, 0.0)
_NOTHING = (0.0, "")


def _reference(before: SegmentDay, after: SegmentDay) -> Part:
    was, now = before.evaluation.reference, after.evaluation.reference
    if before.rule.name == after.rule.name:
        words = f"a typical {after.rule.name} account scores {now:.1f} instead of {was:.1f}"
    else:
        words = f"a typical {after.rule.name} account scores {now:.1f}, a typical {before.rule.name} account {was:.1f}"
    return Part("reference", now - was, words)


def _components(segment: SegmentDay, row: int) -> dict[str, tuple[float, float]]:
    """The delta and the weight of each metric."""
    evaluation = segment.evaluation
    return {
        name: (float(delta), float(weight))
        for name, delta, weight in zip(segment.model.metrics, evaluation.deltas[row], evaluation.weights, strict=True)
    }


def _metric(title: str, before: tuple[float, float] | None, after: tuple[float, float] | None) -> str:
    if before is None or after is None:
        return (
            f"{title} is new in the model: {points(after[0])}"
            if after
            else f"{title} no longer counts: {points(-_delta(before))}"
        )
    weight = f" (weight {before[1]:.0%} -> {after[1]:.0%})" if f"{after[1]:.0%}" != f"{before[1]:.0%}" else ""
    return f"{title}: {points(after[0])} instead of {before[0]:+.1f}{weight}"


def _delta(part: tuple[float, float] | None) -> float:
    return part[0] if part is not None else 0.0


def _adjustments(at: tuple[SegmentDay, int], metrics: Mapping[str, Metric]) -> dict[str, tuple[float, str]]:
    """The points and the label of each adjustment that applies, by code."""
    segment, row = at
    return {
        column.code: (float(column.points[row]), _label(column, row, metrics))
        for column in segment.evaluation.adjustments
        if abs(float(column.points[row])) > NEGLIGIBLE
    }


def _label(column: AdjustmentColumn, row: int, metrics: Mapping[str, Metric]) -> str:
    metric = metrics.get(column.code.partition(":")[2])
    label = column.label.replace(metric.name, metric.title) if metric else column.label
    detail = column.detail(row) if column.detail else ""
    return f"{label} ({detail})" if detail else label


def _adjustment(before: tuple[float, str] | None, after: tuple[float, str] | None) -> str:
    if after is None:
        assert before is not None
        return f"{before[1]}: no longer, {points(-before[0])}"
    if before is None:
        return f"{after[1]}: {points(after[0])}"
    return f"{after[1]}: {points(after[0])} instead of {before[0]:+.1f}"
