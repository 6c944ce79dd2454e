"""Runs an audit: reads outcomes and scores, labels snapshots, measures, and says what to make of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta

import numpy as np
import sqlalchemy as sa

from accountpulse.core.audit import measure
from accountpulse.core.audit.assumed import Assumed, assumed_records, count_assumed, resting_on, without
from accountpulse.core.audit.bands import band_table, order_of
from accountpulse.core.audit.calibration import reliability
from accountpulse.core.audit.cautions import cautions_of
from accountpulse.core.audit.figures import Floats, population_stability
from accountpulse.core.audit.history import History, read_history
from accountpulse.core.audit.outcomes import LEAVING, Outcome
from accountpulse.core.audit.report import AuditReport, Counted, OutcomeCount, SegmentFigures
from accountpulse.core.audit.sample import Labels, LeftOut, Sample, label_day, together
from accountpulse.core.audit.schedule import Schedule, schedule
from accountpulse.core.audit.scores import DayOfScores, LiveDays, Scores
from accountpulse.core.audit.spells import LeadTime, flips_per_quarter, lead_days, lead_time
from accountpulse.core.audit.verdict import Comparison, judge
from accountpulse.core.clock import day_of, start_of_day
from accountpulse.core.errors import NotFound
from accountpulse.core.scoring.day import Scorecards, Yardstick
from accountpulse.core.scoring.publication import cards_in_force
from accountpulse.core.store import outcomes as store_outcomes
from accountpulse.core.store import series as store_series
from accountpulse.core.store.scorecards import PUBLISHED, SHADOW, Stage
from accountpulse.core.store.scores import LIVE, RESTATED, SHADOW_LIVE, Basis
from accountpulse.core.store.types import to_epoch_day

SERIES: Mapping[str, tuple[Basis, Stage]] = {"published": (LIVE, PUBLISHED), "shadow": (SHADOW_LIVE, SHADOW)}
"""The series of scores that can be audited: their basis in the history, and what days without a score are evaluated with."""

OnDay = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class AuditRequest:
    """What to audit. horizon, gap: days. since, until: of the snapshots. capacity: accounts that can be looked after at a time.

    scores: a name of SERIES. against: another one, or a metric that by itself is to be beaten. recompute: whether days without
    persisted scores are evaluated from what was known then.
    """

    horizon: int = 90
    gap: int = 0
    segment: str | None = None
    since: date | None = None
    until: date | None = None
    scores: str = "published"
    against: str | None = None
    capacity: int | None = None
    recompute: bool = True


def audit(
    connection: sa.Connection, yardstick: Yardstick, now: datetime, request: AuditRequest, on_day: OnDay | None = None
) -> AuditReport:
    """Compare scores with what became of customers.

    Raises NotFound for a segment, series or metric there is none of, and when no day's horizon is over yet.
    """
    _check(request)
    plan = schedule(now, yardstick.zone, request.horizon, gap=request.gap, since=request.since, until=request.until)
    basis, stage = SERIES[request.scores]
    live = LiveDays(store_series.scored_days(connection, basis))
    own = cards_in_force(connection, stage) if request.recompute else None
    reduced, assumed = _prepared(connection, own, yardstick, plan, live)
    scores = Scores(connection, yardstick, basis, day_of(now, yardstick.zone), reduced)
    place = _segment(scores, request.segment)
    history = read_history(connection, yardstick, now)

    days = _read(scores, plan, on_day)
    labels, left_out = Labels(history.standing, history.outcomes), LeftOut()
    headline = together([label_day(day, plan, history.standing, labels, left_out) for day in days if day.day in plan.headline])
    weekly = together([label_day(day, plan, history.standing, labels) for day in days if day.day in plan.weekly])
    if place is not None:
        headline, weekly = headline.where(headline.segment == place), weekly.where(weekly.segment == place)

    comparison = _compared(connection, yardstick, now, request, headline, plan, assumed)
    figures = measure.figures_of(headline, request.capacity)
    aucs = measure.component_aucs(headline)
    bands = band_table(scores.names.bands, headline.band, headline.event, headline.account, headline.mrr)
    cut = measure.halves(weekly)
    return AuditReport(
        verdict=judge(figures.auc, figures.churned, request.horizon, comparison),
        scores=request.scores,
        horizon=request.horizon,
        gap=request.gap,
        segment=request.segment,
        since=plan.headline[0],
        until=plan.newest,
        days=tuple(day.day for day in days if day.day in plan.headline),
        weekly_days=sum(day.day in plan.weekly for day in days),
        counted=Counted(
            live=int(headline.persisted.sum()),
            as_known=int((~headline.persisted).sum()),
            restated_rows=store_series.count_rows(connection, RESTATED, plan.since, plan.newest),
            immature_weeks=len(plan.young),
            immature=sum(len(scores.series.in_force(to_epoch_day(day))) for day in plan.young if live.cover(day)),
            **asdict(left_out),
        ),
        outcomes=_outcome_counts(history.outcomes, start_of_day(plan.since, yardstick.zone)),
        assumed=assumed,
        figures=figures,
        weekly_snapshots=len(weekly),
        weekly_auc=measure.auc_interval(weekly),
        bands=bands,
        band_order=order_of(bands),
        lead=_lead(scores, plan, days, weekly, history, yardstick),
        calibration=measure.calibration_of(headline),
        reliability=reliability(headline.score, headline.event),
        segments=_segments(scores, headline, request) if place is None else (),
        components=aucs,
        drift=None if cut is None else population_stability(cut[0].score, cut[1].score),
        flips=flips_per_quarter(weekly.account, weekly.day, weekly.band),
        comparison=comparison,
        leaks=measure.leaks_of(figures.auc.value, aucs),
        cautions=cautions_of(headline, request.horizon, assumed, history, now),
        currency=yardstick.currency,
    )


def _check(request: AuditRequest) -> None:
    if request.scores not in SERIES:
        raise NotFound(f"there is no series of scores {request.scores!r}; there are {', '.join(SERIES)}")
    if request.against == request.scores:
        raise NotFound(f"{request.scores} scores can't be compared with themselves; name another series or a metric")


def _prepared(
    connection: sa.Connection, cards: Scorecards | None, yardstick: Yardstick, plan: Schedule, live: LiveDays
) -> tuple[Scorecards | None, Assumed]:
    """The scorecards for days that have to be evaluated, without what may not be used there; None without such a day."""
    missing = [day for day in plan.days if not live.cover(day)]
    if cards is None or not missing:
        return None, Assumed(0, 0, ())
    loads = store_outcomes.first_loads(connection)

    def moment(day: date) -> datetime:
        return start_of_day(day + timedelta(days=1), plan.zone)

    records = assumed_records(connection, moment(missing[0]), loads)
    metrics = {name for model in cards.models.values() for name in model.metrics}
    fields = metrics | {field for model in cards.models.values() for field in model.cap_fields}
    left_out = resting_on(fields, yardstick.metrics, records)
    behind = sorted({source for name in metrics if name in yardstick.metrics for source in yardstick.metrics[name].sources})
    counted = [moment(day) for day in missing if day in plan.headline] or [moment(missing[0])]
    facts, by_assumption = count_assumed(connection, behind, counted, loads)
    return without(cards, left_out), Assumed(facts, by_assumption, tuple(sorted(left_out)))


def _segment(scores: Scores, name: str | None) -> int | None:
    if name is None:
        return None
    if name not in scores.names.segments:
        raise NotFound(f"there is no segment {name!r}; there are {', '.join(scores.names.segments) or 'none'}")
    return scores.names.segments.index(name)


def _read(scores: Scores, plan: Schedule, on_day: OnDay | None) -> list[DayOfScores]:
    found = []
    for number, day in enumerate(plan.days, 1):
        one = scores.on(day, components=day in plan.headline)
        if one is not None:
            found.append(one)
        if on_day is not None:
            on_day(number, len(plan.days))
    return found


def _compared(
    connection: sa.Connection,
    yardstick: Yardstick,
    now: datetime,
    request: AuditRequest,
    headline: Sample,
    plan: Schedule,
    assumed: Assumed,
) -> Comparison | None:
    """The comparison with the incumbent, None where none was named."""
    if request.against is None:
        return None
    if request.against in SERIES:
        basis, stage = SERIES[request.against]
        theirs = cards_in_force(connection, stage) if request.recompute else None
        evaluated = None if theirs is None else without(theirs, frozenset(assumed.left_out))
        other = Scores(connection, yardstick, basis, day_of(now, yardstick.zone), evaluated)
        days = [day for day in map(other.on, plan.headline) if day is not None]
        incumbent = _matched(headline, days)
        return measure.compare(headline, incumbent, f"the {request.against} scores")
    if request.against not in headline.components:
        known = ", ".join([*SERIES, *sorted(headline.components)])
        raise NotFound(f"there is nothing called {request.against!r} to compare with; there are: {known}")
    return measure.compare(headline, measure.component_scores(headline, request.against), f"{request.against} alone")


def _matched(headline: Sample, days: Sequence[DayOfScores]) -> Floats:
    if not days:
        return np.full(len(headline), np.nan)
    return measure.matched(
        headline,
        np.concatenate([day.account for day in days]),
        np.concatenate([np.full(len(day.account), to_epoch_day(day.day)) for day in days]),
        np.concatenate([day.score for day in days]),
    )


def _segments(scores: Scores, headline: Sample, request: AuditRequest) -> tuple[SegmentFigures, ...]:
    found = []
    for place, name in enumerate(scores.names.segments):
        sample = headline.where(headline.segment == place)
        if len(sample):
            figures = measure.figures_of(sample, request.capacity)
            found.append(SegmentFigures(name, figures, judge(figures.auc, figures.churned, request.horizon)))
    return tuple(found)


def _lead(
    scores: Scores, plan: Schedule, days: Sequence[DayOfScores], weekly: Sample, history: History, yardstick: Yardstick
) -> LeadTime:
    """How early the worst band warned of those who left, as far as their scores are known up to then."""
    series = scores.series
    evaluated = [day for day in days if not day.persisted]
    account = np.concatenate([series.account, *(day.account for day in evaluated)])
    day_of_row = np.concatenate([series.day, *(np.full(len(d.account), to_epoch_day(d.day)) for d in evaluated)])
    worst = np.concatenate([series.band == 0, *(d.worst for d in evaluated)])
    order = np.lexsort((day_of_row, account))
    account, day_of_row, worst = account[order], day_of_row[order], worst[order]
    first = to_epoch_day(plan.weekly[0])
    last = to_epoch_day(max([plan.newest, *scores.live.days[-1:]])) + 7
    wanted = set(np.unique(weekly.account).tolist())
    leads: list[int | None] = []
    for account_id, left in _departures(history.outcomes, yardstick):
        if account_id not in wanted or not first < left <= last:
            continue
        rows = slice(np.searchsorted(account, account_id), np.searchsorted(account, account_id, side="right"))
        leads.append(lead_days(day_of_row[rows], worst[rows], left))
    return lead_time(leads)


def _departures(outcomes: Sequence[Outcome], yardstick: Yardstick) -> list[tuple[int, int]]:
    """Each departure by account and day; what follows within the window of one is part of it."""
    found: list[tuple[int, int]] = []
    for outcome in outcomes:
        day = to_epoch_day(day_of(outcome.at, yardstick.zone))
        if outcome.kind in LEAVING and not (found and found[-1][0] == outcome.account_id and day - found[-1][1] <= 180):
            found.append((outcome.account_id, day))
    return found


def _outcome_counts(outcomes: Sequence[Outcome], since: datetime) -> tuple[OutcomeCount, ...]:
    counts: Counter[tuple[str, str]] = Counter()
    revenue: Counter[str] = Counter()
    for outcome in outcomes:
        if outcome.at >= since:
            counts[outcome.kind, outcome.origin] += 1
            revenue[outcome.kind] += outcome.mrr or 0
    kinds = sorted({kind for kind, _ in counts})
    return tuple(OutcomeCount(kind, counts[kind, "entered"], counts[kind, "derived"], revenue[kind]) for kind in kinds)
