"""The typed scoring model: what a model file says, with every default filled in. Immutable; its version is its content's hash.

Build one with `parse_model` (`core/scoring/parse.py`), which checks it; `ScoringModel.content()` is what the store keeps.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from accountpulse.core.errors import ModelError
from accountpulse.core.scoring.bands import Band
from accountpulse.core.scoring.conditions import Condition
from accountpulse.core.scoring.normalise import Normaliser
from accountpulse.core.scoring.scorer import ComponentSpec, Scorer

Goal = Literal["churn", "renewal", "growth"]
MissingPolicy = Literal["typical", "exclude", "neutral", "worst"]
RollUpHow = Literal["arr_weighted_mean", "worst"]

GOALS: tuple[Goal, ...] = ("churn", "renewal", "growth")
MISSING_POLICIES: tuple[MissingPolicy, ...] = ("typical", "exclude", "neutral", "worst")
ROLL_UPS: tuple[RollUpHow, ...] = ("arr_weighted_mean", "worst")
POINTS_SCORER = "points"


@dataclass(frozen=True, slots=True)
class MetricLine:
    """One metric of a group. `typical` is the component score (0..100) assumed where no peer is measured.

    points: what a component of 0 and one of 100 are worth to a scorer that counts in points; None where weights count.
    """

    metric: str
    weight: float
    normaliser: Normaliser
    typical: float
    missing: MissingPolicy
    points: tuple[float, float] | None = None

    def content(self) -> dict[str, object]:
        """As plain data, as in a model file."""
        data: dict[str, object] = {
            "metric": self.metric,
            "weight": self.weight,
            "normalise": self.normaliser.content(),
            "typical": self.typical,
            "missing": self.missing,
        }
        return data if self.points is None else {**data, "points": list(self.points)}


@dataclass(frozen=True, slots=True)
class MetricGroup:
    """A named group of metrics. Weights are relative: only their proportions count."""

    name: str
    weight: float
    metrics: tuple[MetricLine, ...]


@dataclass(frozen=True, slots=True)
class Cap:
    """While `condition` is known to be true, the score is at most `at`. because: the reason, in a few words."""

    condition: Condition
    at: float
    because: str

    def content(self) -> dict[str, object]:
        """As plain data, as in a model file."""
        return {"when": self.condition.content(), "at": self.at, "because": self.because}


@dataclass(frozen=True, slots=True)
class WorstOf:
    """The score is at most `margin` points above the lowest of the named parts, which are groups or metrics."""

    parts: tuple[str, ...]
    margin: float = 0.0

    def content(self) -> dict[str, object]:
        """As plain data, as in a model file."""
        return {"parts": list(self.parts), "margin": self.margin}


@dataclass(frozen=True, slots=True)
class RollUp:
    """A parent account's score is `share` (0..1) its children's score and the rest its own."""

    how: RollUpHow
    share: float

    def content(self) -> dict[str, object]:
        """As plain data, as in a model file."""
        return {"from": "children", "how": self.how, "share": self.share}


@dataclass(frozen=True, slots=True)
class Steadiness:
    """How reluctantly the published score and band follow the raw ones, evaluation by evaluation: see `steady.py`.

    dead_band: points beyond a band's edge before its edge counts. rise_after: evaluations in a row that must speak for a better
    band. dwell: evaluations for which a band stays at least. points_per_day: how far the score may move in a day; None: any.
    """

    dead_band: float = 5.0
    rise_after: int = 3
    dwell: int = 0
    points_per_day: float | None = None

    def content(self) -> object:
        """As plain data, as in a model file."""
        if self == NO_STEADINESS:
            return "none"
        data: dict[str, object] = {"dead_band": self.dead_band, "rise_after": self.rise_after, "dwell": self.dwell}
        return data if self.points_per_day is None else {**data, "points_per_day": self.points_per_day}


DEFAULT_STEADINESS = Steadiness()
NO_STEADINESS = Steadiness(dead_band=0.0, rise_after=1)
"""What is published is what is raw."""


@dataclass(frozen=True)
class ScoringModel:
    """A scoring model. Components are its metrics in file order: column i of every matrix is `lines[i]`.

    base: the score before any component has its say, for a scorer that has such a thing. caps, worst_of, roll_up: what moves
    the score after the components, see `adjust.py`. steadiness: what holds it steady from day to day.
    """

    name: str
    goal: Goal
    scorer: str
    coverage_floor: float
    bands: tuple[Band, ...]
    groups: tuple[MetricGroup, ...]
    base: float | None = None
    caps: tuple[Cap, ...] = ()
    worst_of: WorstOf | None = None
    roll_up: RollUp | None = None
    steadiness: Steadiness = DEFAULT_STEADINESS

    @cached_property
    def lines(self) -> tuple[MetricLine, ...]:
        """All metric lines, in order."""
        return tuple(line for group in self.groups for line in group.metrics)

    @cached_property
    def metrics(self) -> tuple[str, ...]:
        """The names of the metrics, in order."""
        return tuple(line.metric for line in self.lines)

    @cached_property
    def components(self) -> tuple[ComponentSpec, ...]:
        """The lines as a scorer sees them."""
        return tuple(
            ComponentSpec(line.metric, group.name, line.weight, group.weight, line.points)
            for group in self.groups
            for line in group.metrics
        )

    @cached_property
    def cap_fields(self) -> frozenset[str]:
        """The attributes and metrics that its caps read."""
        return frozenset().union(*(cap.condition.fields() for cap in self.caps))

    def content(self) -> dict[str, object]:
        """The canonical content as plain JSON data, itself a valid model file. Order of groups and metrics is kept.

        A key that came into the language later is there only where the model uses it: no old model gets another version.
        """
        data: dict[str, object] = {
            "name": self.name,
            "goal": self.goal,
            "scorer": self.scorer,
            "coverage_floor": self.coverage_floor,
            "bands": [{"name": band.name, "from": band.start, "to": band.end} for band in self.bands],
            "groups": [
                {"name": group.name, "weight": group.weight, "metrics": [line.content() for line in group.metrics]}
                for group in self.groups
            ],
        }
        if self.base is not None:
            data["base"] = self.base
        if self.caps:
            data["caps"] = [cap.content() for cap in self.caps]
        if self.worst_of is not None:
            data["worst_of"] = self.worst_of.content()
        if self.roll_up is not None:
            data["roll_up"] = self.roll_up.content()
        if self.steadiness != DEFAULT_STEADINESS:
            data["steadiness"] = self.steadiness.content()
        return data

    @cached_property
    def version(self) -> str:
        """12 hex digits: what the model *means* decides, not how its file is laid out."""
        text = json.dumps(self.content(), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def make_scorer(self, scorers: Mapping[str, type[Scorer]]) -> Scorer:
        """The model's scorer, ready to use. Raises ModelError when no plugin provides it."""
        if self.scorer not in scorers:
            known = ", ".join(sorted(scorers)) or "none"
            raise ModelError(f"model {self.name!r}: scorer {self.scorer!r} is not installed; installed: {known}")
        scorer = scorers[self.scorer]
        return scorer(self.components) if self.base is None else scorer(self.components, self.base)
