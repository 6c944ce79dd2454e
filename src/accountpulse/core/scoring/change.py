"""Why a score moved between two days: the exact difference between two evaluations, part by part.

From what was said on the first day to what was said on the second, one thing changes at a time, in this order: facts that
arrived late, the segment, the model, the peers, what the account did, and last the adjustments. What each of them adds is the
difference it makes, so that, to 1e-9:

    sum of the parts == score on the second day - score on the first

Pure functions over evaluations; `retold.py` reads those from the store.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final, Literal

import numpy as np

from accountpulse.core.metrics.declare import Metric
from accountpulse.core.scoring.adjust import ROLL_UP, AdjustmentColumn
from accountpulse.core.scoring.change_words import ChangeWording, Seen
from accountpulse.core.scoring.evaluate import Evaluation
from accountpulse.core.scoring.explain import NEGLIGIBLE
from accountpulse.core.scoring.scorer import Floats, Scorer

PartKind = Literal["late_data", "segment", "model", "peers", "behaviour", "adjustment", "not_reproducible"]
KINDS: Final[tuple[PartKind, ...]] = (
    "late_data",
    "segment",
    "model",
    "peers",
    "behaviour",
    "adjustment",
    "not_reproducible",
)
"""In the order in which one thing after the other is changed. The last stands alone: a change that can't be split."""

MoveState = Literal["explained", "not_reproducible"]


@dataclass(frozen=True, slots=True)
class Told:
    """What was said of an account on one day.

    said_at: when. restated: it was not said on the day itself; the day was evaluated later, with what is known later.
    """

    day: date
    said_at: datetime | None
    restated: bool
    segment: str
    model: str
    model_version: str
    score: float
    band: str

    def to_json(self) -> dict[str, object]:
        """As plain JSON data."""
        return {
            "day": self.day.isoformat(),
            "said_at": None if self.said_at is None else self.said_at.isoformat(),
            "restated": self.restated,
            "segment": self.segment,
            "model": self.model,
            "model_version": self.model_version,
            "score": self.score,
            "band": self.band,
        }


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a change: `points` it adds or takes, and why in words.

    code: for programs: the metric (late_data, peers, behaviour), the segment or the model's version moved to, or the
    adjustment's code. label: for people. others: what the reason says of other accounts, at its end.
    """

    kind: PartKind
    code: str
    label: str
    points: float
    reason: str
    others: str = ""

    def alone(self) -> Part:
        """Without what it says of other accounts."""
        return replace(self, reason=self.reason.removesuffix(self.others), others="")

    def to_json(self) -> dict[str, object]:
        """As plain JSON data."""
        return {
            "kind": self.kind,
            "code": self.code,
            "label": self.label,
            "points": self.points,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class ScoreMove:
    """Why an account's score moved. The points of its parts add up to `points`, to 1e-9.

    parts: in the order of KINDS, of one kind the largest first; those of no points are left out. state: `not_reproducible`
    where what was said then can't be evaluated again; the only part then says why. notes: what one should know to read it.
    """

    account_id: int
    start: Told
    end: Told
    parts: tuple[Part, ...]
    state: MoveState = "explained"
    notes: tuple[str, ...] = ()

    @property
    def points(self) -> float:
        """The whole change."""
        return self.end.score - self.start.score

    def alone(self) -> ScoreMove:
        """Without what its parts say of other accounts: for who may not see these."""
        return replace(self, parts=tuple(part.alone() for part in self.parts))

    def to_json(self) -> dict[str, object]:
        """As plain JSON data."""
        return {
            "account_id": self.account_id,
            "state": self.state,
            "from": self.start.to_json(),
            "to": self.end.to_json(),
            "points": self.points,
            "parts": [part.to_json() for part in self.parts],
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True)
class Position:
    """One account as it is evaluated under some facts, model and peers: row `row` of an evaluation, in a segment."""

    evaluation: Evaluation
    row: int
    segment: str
    scorer: Scorer

    @property
    def score(self) -> float:
        return float(self.evaluation.score[self.row])

    @property
    def base(self) -> float:
        """The score before any adjustment."""
        return self.evaluation.reference + float(self.evaluation.deltas[self.row].sum())

    @property
    def assumed(self) -> Floats:
        """What each component (k,) counts as: itself, or the typical one where it is unknown."""
        found = self.evaluation
        assumed: Floats = np.where(found.unknown[self.row], found.typical, found.components[self.row])
        return assumed

    def seen(self, i: int) -> Seen:
        """A component as words speak of it."""
        found, at = self.evaluation, self.row
        known = not found.unknown[at, i]
        usual = float(found.usual[at, i])
        return Seen(
            state=int(found.states[at, i]),
            value=float(found.values[at, i]) if known else None,
            component=float(found.components[at, i]) if known else None,
            usual=usual if np.isfinite(usual) else None,
        )


@dataclass(frozen=True, slots=True)
class Step:
    """One thing changed, and what the account stands at after it."""

    kind: PartKind
    after: Position


def split(start: Position, steps: Sequence[Step], metrics: Mapping[str, Metric], wording: ChangeWording) -> tuple[Part, ...]:
    """The parts of a change from `start` over `steps`, the last of which stands at the score of the second day.

    Steps of late data, peers and behaviour keep the model; those of segment and model may bring another.
    """
    parts: list[Part] = []
    before = start
    for step in steps:
        if step.kind in ("segment", "model"):
            parts.append(_moved(step, before, wording))
        else:
            parts += _components(step, before, metrics, wording)
        before = step.after
    parts += _adjustments(start, before, metrics, wording)
    counted = [part for part in parts if abs(part.points) > NEGLIGIBLE]
    return tuple(sorted(counted, key=lambda part: (KINDS.index(part.kind), -abs(part.points), part.code)))


def _moved(step: Step, before: Position, wording: ChangeWording) -> Part:
    points = step.after.base - before.base
    if step.kind == "segment":
        reason = wording.segment(before.segment, step.after.segment)
        return Part("segment", step.after.segment, f"{before.segment} to {step.after.segment}", points, reason)
    old, new = before.evaluation.model, step.after.evaluation.model
    label = f"{old.name} {old.version} to {new.name if new.name != old.name else ''} {new.version}"
    return Part("model", new.version, " ".join(label.split()), points, wording.model(old, new))


def _components(step: Step, before: Position, metrics: Mapping[str, Metric], wording: ChangeWording) -> Iterator[Part]:
    """What each component adds. The scorer is asked as it is for deltas, with the component before as the typical one."""
    points = step.after.scorer.deltas(step.after.assumed[None, :], before.assumed)[0]
    for i, line in enumerate(step.after.evaluation.model.lines):
        if points[i]:
            metric = metrics[line.metric]
            was, now = before.seen(i), step.after.seen(i)
            said = wording.of(metric, step.after.segment)
            if step.kind == "late_data":
                reason = said.late(was, now)
            elif step.kind == "peers":
                typical = float(before.evaluation.typical[i]), float(step.after.evaluation.typical[i])
                reason = said.peers(was, now, typical)
            else:
                reason = said.behaviour(was, now)
            yield Part(step.kind, line.metric, metric.title, float(points[i]), reason)


def _adjustments(start: Position, end: Position, metrics: Mapping[str, Metric], wording: ChangeWording) -> Iterator[Part]:
    before, after = _by_name(start), _by_name(end)
    for key in [*after, *(key for key in before if key not in after)]:
        was, now = before.get(key), after.get(key)
        old, new = _points(was, start.row), _points(now, end.row)
        if was is not None and (now is None or abs(new) <= NEGLIGIBLE):
            shown, row, points = was, start.row, old
        elif now is not None:
            shown, row, points = now, end.row, new
        else:  # pragma: no cover  # a key is from one of them
            continue
        metric = metrics.get(shown.code.partition(":")[2])
        label = shown.label.replace(metric.name, metric.title) if metric else shown.label
        detail = shown.detail(row) if shown.detail and abs(points) > NEGLIGIBLE else ""
        more = f" ({detail})" if detail else ""
        reason = wording.adjustment(shown.code, label, old, new) + more
        yield Part("adjustment", shown.code, label, new - old, reason, more if shown.code == ROLL_UP else "")


def _by_name(position: Position) -> dict[tuple[str, str], AdjustmentColumn]:
    """By code and label: the first cap of one model is not that of another. A code that comes twice is added up by nobody."""
    return {(column.code, column.label): column for column in position.evaluation.adjustments}


def _points(column: AdjustmentColumn | None, row: int) -> float:
    return 0.0 if column is None else float(column.points[row])
