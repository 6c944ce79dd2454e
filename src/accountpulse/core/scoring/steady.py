"""From a day's raw scores to its published ones: `g` of the design, applied to a day, and people's overrides on top.

Underneath an override g goes on as if it were not there, so that an account reverts by itself to where it would be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import sqlalchemy as sa

from accountpulse.core.scoring.adjust import AdjustmentColumn
from accountpulse.core.scoring.bands import band_index
from accountpulse.core.scoring.day import DayScores, Scorecards, SegmentDay, Yardstick
from accountpulse.core.scoring.evaluate import Evaluation
from accountpulse.core.scoring.scorer import Floats
from accountpulse.core.scoring.standing import Standing
from accountpulse.core.scoring.steadiness import Course, limited, steady
from accountpulse.core.store.people import overrides_in_force
from accountpulse.core.store.scores import Basis
from accountpulse.core.store.steadiness import NEVER
from accountpulse.core.store.types import to_epoch_day

Override = sa.Row[Any]


def steadied(
    connection: sa.Connection, scores: DayScores, cards: Scorecards, yardstick: Yardstick, *, basis: Basis, at: datetime
) -> DayScores:
    """A day's scores as they are published, from those of `score_day`, of all accounts or of some.

    basis: whose series goes on; LIVE also for a past day that is only looked at. at: overrides in force then count: now for
    today, for a past day the end of it.
    """
    ids = scores.frame.account_ids
    standing = Standing(connection, ids, scores.day, basis, list(cards.models.values()), cards.model_ids)
    overrides = overrides_in_force(connection, at, standing.asked)
    published = []
    for segment in scores.segments:
        course = _course(segment, standing, to_epoch_day(scores.day))
        own = {int(np.searchsorted(ids[segment.rows], id)): overrides[id] for id in overrides.keys() & set(ids[segment.rows])}
        published.append(_published(segment, course, own, yardstick.zone))
    return replace(scores, segments=tuple(published))


def _course(segment: SegmentDay, standing: Standing, today: int) -> Course:
    model, raw = segment.model, segment.evaluation
    before = standing.before(segment.rows, model.bands)
    after = steady(model.steadiness, model.bands, raw.raw_score, raw.raw_band, before)
    began = np.where(after.rising > 1, standing.rising_since[segment.rows], today)
    return Course(before, after, np.where(after.rising > 0, began, NEVER), overridden=np.zeros(len(segment.rows), dtype=bool))


def _published(segment: SegmentDay, course: Course, overrides: Mapping[int, Override], zone: ZoneInfo) -> SegmentDay:
    """The segment with what is published. overrides: by the account's place in the segment."""
    rule, raw, after = segment.model.steadiness, segment.evaluation, course.after
    evaluation = replace(
        raw,
        score=after.score,
        band=after.band,
        low=limited(rule, raw.low, course.before),
        high=limited(rule, raw.high, course.before),
    )
    if rule.points_per_day is not None:
        column = _limit_column(rule.points_per_day, raw.raw_score, after.score)
        evaluation = replace(evaluation, adjustments=(*raw.adjustments, column))
    if overrides:
        evaluation = _overridden(evaluation, overrides, zone)
        course = replace(course, overridden=np.isin(np.arange(len(segment.rows)), list(overrides)))
    return replace(segment, evaluation=evaluation, course=course)


def _limit_column(points: float, raw: Floats, score: Floats) -> AdjustmentColumn:
    return AdjustmentColumn(
        "rate_limit", f"No more than {points:g} points a day", score - raw, lambda i: f"{raw[i]:.1f} without the limit"
    )


def _overridden(evaluation: Evaluation, overrides: Mapping[int, Override], zone: ZoneInfo) -> Evaluation:
    at = np.array(list(overrides))
    decided = np.array([row.score for row in overrides.values()])
    score, band = evaluation.score.copy(), evaluation.band.copy()
    score[at], band[at] = decided, band_index(evaluation.model.bands, decided)
    low, high = evaluation.low.copy(), evaluation.high.copy()
    # A person's word leaves nothing open.
    low[at] = high[at] = decided
    holds = np.isin(np.arange(len(score)), at)
    detail = _who_says_so(overrides, evaluation.score, zone)
    column = AdjustmentColumn("override", "Override", score - evaluation.score, detail, holds)
    return replace(evaluation, adjustments=(*evaluation.adjustments, column), score=score, band=band, low=low, high=high)


def _who_says_so(overrides: Mapping[int, Override], without: Floats, zone: ZoneInfo) -> Callable[[int], str]:
    def detail(i: int) -> str:
        row = overrides[i]
        return (
            f"{row.score:.1f} by {row.owner} {_end(row.expires_at.astimezone(zone))}: {row.reason}; {without[i]:.1f} without it"
        )

    return detail


def _end(expires: datetime) -> str:
    if expires.time() != time.min:
        return f"until {expires:%Y-%m-%d %H:%M}"
    return f"through {expires.date() - timedelta(days=1)}"  # the last day on which it holds, as one says it
