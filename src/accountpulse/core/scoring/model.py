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
from accountpulse.core.scoring.normalise import Normaliser
from accountpulse.core.scoring.scorer import ComponentSpec, Scorer

Goal = Literal["churn", "renewal", "growth"]
MissingPolicy = Literal["typical", "exclude", "neutral", "worst"]

GOALS: tuple[Goal, ...] = ("churn", "renewal", "growth")
MISSING_POLICIES: tuple[MissingPolicy, ...] = ("typical", "exclude", "neutral", "worst")


@dataclass(frozen=True, slots=True)
class MetricLine:
    """One metric of a group. `typical` is the component score (0..100) assumed where no peer is measured."""

    metric: str
    weight: float
    normaliser: Normaliser
    typical: float
    missing: MissingPolicy


@dataclass(frozen=True, slots=True)
class MetricGroup:
    """A named group of metrics. Weights are relative: only their proportions count."""

    name: str
    weight: float
    metrics: tuple[MetricLine, ...]


@dataclass(frozen=True)
class ScoringModel:
    """A scoring model. Components are its metrics in file order: column i of every matrix is `lines[i]`."""

    name: str
    goal: Goal
    scorer: str
    coverage_floor: float
    bands: tuple[Band, ...]
    groups: tuple[MetricGroup, ...]

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
            ComponentSpec(line.metric, group.name, line.weight, group.weight) for group in self.groups for line in group.metrics
        )

    def content(self) -> dict[str, object]:
        """The canonical content as plain JSON data, itself a valid model file. Order of groups and metrics is kept."""
        return {
            "name": self.name,
            "goal": self.goal,
            "scorer": self.scorer,
            "coverage_floor": self.coverage_floor,
            "bands": [{"name": band.name, "from": band.start, "to": band.end} for band in self.bands],
            "groups": [
                {
                    "name": group.name,
                    "weight": group.weight,
                    "metrics": [
                        {
                            "metric": line.metric,
                            "weight": line.weight,
                            "normalise": line.normaliser.content(),
                            "typical": line.typical,
                            "missing": line.missing,
                        }
                        for line in group.metrics
                    ],
                }
                for group in self.groups
            ],
        }

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
        return scorers[self.scorer](self.components)
