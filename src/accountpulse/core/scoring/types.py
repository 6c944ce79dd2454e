"""What scoring returns, for the store, the command line and the API: plain frozen classes with a JSON form.

In a `Score`, to 1e-9: reference + sum of the components' deltas + sum of the adjustments' points == score.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TypedDict

from accountpulse.core.metrics.states import ComponentState


class ComponentJson(TypedDict):
    """The JSON form of a `Component`."""

    metric: str
    title: str
    group: str
    unit: str
    state: str
    value: float | None
    typical_value: float | None
    component: float | None
    typical_component: float
    weight: float
    delta: float
    reason: str
    sources: list[str]


class AdjustmentJson(TypedDict):
    """The JSON form of an `Adjustment`."""

    code: str
    label: str
    points: float


class MatchedJson(TypedDict):
    """The JSON form of a `Matched`."""

    segment: str
    why: str


class ScoreJson(TypedDict):
    """The JSON form of a `Score`."""

    account_id: int
    day: str
    segment: str
    model_version: str
    score: float
    reference: float
    band: str
    raw_score: float
    raw_band: str
    band_since: str | None
    steadiness: str | None
    coverage: float
    low: float
    high: float
    components: list[ComponentJson]
    adjustments: list[AdjustmentJson]
    matched: list[MatchedJson]


class ScoreChangeJson(TypedDict):
    """The JSON form of a `ScoreChange`."""

    account_id: int
    day: str
    segment: str
    model_version: str
    score_before: float | None
    score: float
    band_before: str | None
    band: str


@dataclass(frozen=True, slots=True)
class Component:
    """One metric's part in a score.

    value: the metric's value, in `unit`; None unless measured. typical_value: the peers' median; None without peers.
    component: the normalised value, 0..100; None unless measured. typical_component: what it is compared with, 0..100.
    weight: the share of the score it can move; all weights sum to 1. delta: the points it adds or takes against its typical
    self; 0 where unknown. reason: that in words. sources: the record types it rests on; how fresh those
    are is not part of a score, which would otherwise change with every sync: see `core/store/freshness.py`.
    """

    metric: str
    title: str
    group: str
    unit: str
    state: ComponentState
    value: float | None
    typical_value: float | None
    component: float | None
    typical_component: float
    weight: float
    delta: float
    reason: str
    sources: tuple[str, ...] = ()

    def to_json(self) -> ComponentJson:
        """As plain JSON data."""
        return {
            "metric": self.metric,
            "title": self.title,
            "group": self.group,
            "unit": self.unit,
            "state": self.state.label,
            "value": self.value,
            "typical_value": self.typical_value,
            "component": self.component,
            "typical_component": self.typical_component,
            "weight": self.weight,
            "delta": self.delta,
            "reason": self.reason,
            "sources": list(self.sources),
        }

    @classmethod
    def from_json(cls, data: ComponentJson) -> Component:
        """From `to_json`."""
        return cls(
            metric=data["metric"],
            title=data["title"],
            group=data["group"],
            unit=data["unit"],
            state=ComponentState[data["state"].upper()],
            value=data["value"],
            typical_value=data["typical_value"],
            component=data["component"],
            typical_component=data["typical_component"],
            weight=data["weight"],
            delta=data["delta"],
            reason=data["reason"],
            sources=tuple(data["sources"]),
        )


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Points added or taken for a named cause that is not a component: `code` for programs, `label` for people."""

    code: str
    label: str
    points: float

    def to_json(self) -> AdjustmentJson:
        """As plain JSON data."""
        return {"code": self.code, "label": self.label, "points": self.points}

    @classmethod
    def from_json(cls, data: AdjustmentJson) -> Adjustment:
        """From `to_json`."""
        return cls(data["code"], data["label"], data["points"])


@dataclass(frozen=True, slots=True)
class Matched:
    """A segment whose rule matched the account, and why in a short phrase."""

    segment: str
    why: str

    def to_json(self) -> MatchedJson:
        """As plain JSON data."""
        return {"segment": self.segment, "why": self.why}

    @classmethod
    def from_json(cls, data: MatchedJson) -> Matched:
        """From `to_json`."""
        return cls(data["segment"], data["why"])


@dataclass(frozen=True, slots=True)
class Score:
    """The score of one account on one day, with everything that explains it.

    score: 0..100. reference: what a typical account scores before any adjustment, so it may lie beyond. band: its name,
    `unknown` where coverage is below the model's floor. raw_score, raw_band: the same before steadiness and overrides, which
    look at the days before and at what people decided. band_since: the first day of the unbroken run of this band, None where
    that was not looked up. steadiness: why what is published is not what is raw, in words; None where it is. coverage: the
    measured share of the weight, 0..1. low, high: the lowest and highest score that the unknown parts allow. matched: every
    segment rule that matched, the first being the one in force.
    """

    account_id: int
    day: date
    segment: str
    model_version: str
    score: float
    reference: float
    band: str
    raw_score: float
    raw_band: str
    coverage: float
    low: float
    high: float
    components: tuple[Component, ...]
    adjustments: tuple[Adjustment, ...] = ()
    matched: tuple[Matched, ...] = ()
    band_since: date | None = None
    steadiness: str | None = None

    def to_json(self) -> ScoreJson:
        """As plain JSON data."""
        return {
            "account_id": self.account_id,
            "day": self.day.isoformat(),
            "segment": self.segment,
            "model_version": self.model_version,
            "score": self.score,
            "reference": self.reference,
            "band": self.band,
            "raw_score": self.raw_score,
            "raw_band": self.raw_band,
            "band_since": self.band_since.isoformat() if self.band_since else None,
            "steadiness": self.steadiness,
            "coverage": self.coverage,
            "low": self.low,
            "high": self.high,
            "components": [component.to_json() for component in self.components],
            "adjustments": [adjustment.to_json() for adjustment in self.adjustments],
            "matched": [matched.to_json() for matched in self.matched],
        }

    @classmethod
    def from_json(cls, data: ScoreJson) -> Score:
        """From `to_json`."""
        return cls(
            account_id=data["account_id"],
            day=date.fromisoformat(data["day"]),
            segment=data["segment"],
            model_version=data["model_version"],
            score=data["score"],
            reference=data["reference"],
            band=data["band"],
            raw_score=data["raw_score"],
            raw_band=data["raw_band"],
            coverage=data["coverage"],
            low=data["low"],
            high=data["high"],
            components=tuple(map(Component.from_json, data["components"])),
            adjustments=tuple(map(Adjustment.from_json, data["adjustments"])),
            matched=tuple(map(Matched.from_json, data["matched"])),
            band_since=date.fromisoformat(data["band_since"]) if data["band_since"] else None,
            steadiness=data["steadiness"],
        )


@dataclass(frozen=True, slots=True)
class ScoreChange:
    """A score that moved: what `score_changed` observers and subscribers get. `*_before` is None for a first score."""

    account_id: int
    day: date
    segment: str
    model_version: str
    score_before: float | None
    score: float
    band_before: str | None
    band: str

    def to_json(self) -> ScoreChangeJson:
        """As plain JSON data."""
        return {
            "account_id": self.account_id,
            "day": self.day.isoformat(),
            "segment": self.segment,
            "model_version": self.model_version,
            "score_before": self.score_before,
            "score": self.score,
            "band_before": self.band_before,
            "band": self.band,
        }

    @classmethod
    def from_json(cls, data: ScoreChangeJson) -> ScoreChange:
        """From `to_json`."""
        return cls(
            account_id=data["account_id"],
            day=date.fromisoformat(data["day"]),
            segment=data["segment"],
            model_version=data["model_version"],
            score_before=data["score_before"],
            score=data["score"],
            band_before=data["band_before"],
            band=data["band"],
        )
