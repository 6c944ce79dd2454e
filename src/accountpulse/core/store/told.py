"""Reads what was said of one account on one day: the row of the history in force, and when that day was scored."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa

from accountpulse.core.store.history_rows import HistoryRow
from accountpulse.core.store.scorecards import PUBLISHED
from accountpulse.core.store.scores import LIVE
from accountpulse.core.store.tables import publication, score_history, scored_day, scoring_model, segment


def said_on(connection: sa.Connection, account_id: int, day: date) -> HistoryRow | None:
    """The row that answers for the day, of what was said on the days themselves; None before the first.

    Columns: those of the history; `segment`, its name; `content` of its model; `scored_at`, when `day` was scored, and
    `written_at`, when the row's own day was, each None where that is not known.
    """
    h, own = score_history.c, scored_day.alias("own")
    query = (
        sa.select(
            score_history,
            segment.c.name.label("segment"),
            scoring_model.c.content,
            scored_day.c.scored_at,
            own.c.scored_at.label("written_at"),
        )
        .join(segment, segment.c.id == h.segment_id)
        .join(scoring_model, scoring_model.c.id == h.model_id)
        .outerjoin(scored_day, sa.and_(scored_day.c.day == day, scored_day.c.basis == LIVE))
        .outerjoin(own, sa.and_(own.c.day == h.day, own.c.basis == LIVE))
        .where(h.account_id == account_id, h.basis == LIVE, h.day <= day)
        .order_by(h.day.desc())
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else HistoryRow(row)


def last_said(connection: sa.Connection) -> date | None:
    """The newest day that was scored on the day itself."""
    query = sa.select(scored_day.c.day).where(scored_day.c.basis == LIVE).order_by(scored_day.c.day.desc()).limit(1)
    return connection.execute(query).scalar()


def published_since(connection: sa.Connection, segment_id: int, model_id: int, at: datetime | None) -> datetime | None:
    """Since when a segment has had the model that it had at an instant (None: now), without another between."""
    p = publication.c
    query = (
        sa.select(p.known_from, p.model_id)
        .where(p.stage == PUBLISHED, p.segment_id == segment_id, sa.true() if at is None else p.known_from <= at)
        .order_by(p.known_from.desc())
    )
    since = None
    for row in connection.execute(query):
        if row.model_id != model_id:
            break
        since = row.known_from
    return since
