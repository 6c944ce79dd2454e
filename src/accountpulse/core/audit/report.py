"""What an audit says: plain data, from the verdict down to the counts it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from accountpulse.core.audit.assumed import Assumed
from accountpulse.core.audit.bands import BandRow, Order
from accountpulse.core.audit.calibration import Calibration, ReliabilityRow
from accountpulse.core.audit.figures import Interval
from accountpulse.core.audit.spells import LeadTime
from accountpulse.core.audit.verdict import Comparison, Verdict


@dataclass(frozen=True, slots=True)
class Figures:
    """How well scores tell who leaves. Snapshots: one of a customer for each horizon, unless said otherwise.

    auc_within: only customers of the same day compared. lift_10: how many times as many leave among the lowest tenth;
    recall_10: the share of all who leave that is found there. recall_capacity: found among as many as one can look after.
    """

    snapshots: int
    customers: int
    events: int
    churned: int
    rate: Interval
    auc: Interval
    auc_within: float | None
    lift_10: float | None
    lift_20: float | None
    recall_10: float | None
    recall_20: float | None
    recall_capacity: float | None


@dataclass(frozen=True, slots=True)
class SegmentFigures:
    """One segment by itself."""

    segment: str
    figures: Figures
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Counted:
    """What the headline figures were taken from, and what was left out (snapshots, unless said otherwise).

    live: persisted scores. as_known: evaluated now from what was known then. restated_rows: history rows re-scored with later
    knowledge; never used. immature_weeks, immature: weekly days whose horizon is not over, and the live snapshots of them. The
    rest: see `LeftOut`.
    """

    live: int
    as_known: int
    restated_rows: int
    immature_weeks: int
    immature: int
    departed: int
    noticed: int
    in_gap: int
    unknown: int


@dataclass(frozen=True, slots=True)
class OutcomeCount:
    """How many outcomes of a kind there are since the first snapshot, by who says so."""

    kind: str
    entered: int
    derived: int
    mrr: int


@dataclass(frozen=True, slots=True)
class AuditReport:
    """The answer to: do scores foretell what became of customers?

    weekly_auc: over all weekly snapshots. calibration: None where the earlier half holds too few departures to fit on;
    reliability stands in for it. drift: the population stability index of the scores, early half against late half. flips:
    changes of band for each account and quarter. leaks, cautions: sentences.
    """

    verdict: Verdict
    scores: str
    horizon: int
    gap: int
    segment: str | None
    since: date
    until: date
    days: tuple[date, ...]
    weekly_days: int
    counted: Counted
    outcomes: tuple[OutcomeCount, ...]
    assumed: Assumed
    figures: Figures
    weekly_snapshots: int
    weekly_auc: Interval
    bands: tuple[BandRow, ...]
    band_order: Order
    lead: LeadTime
    calibration: Calibration | None
    reliability: tuple[ReliabilityRow, ...]
    segments: tuple[SegmentFigures, ...]
    components: Mapping[str, float]
    drift: float | None
    flips: float | None
    comparison: Comparison | None
    leaks: tuple[str, ...]
    cautions: tuple[str, ...]
    currency: str
