"""Reads what explains scores, their history, and how models, segments and bands stand."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import sqlalchemy as sa

from accountpulse.core.store.chunks import chunked
from accountpulse.core.store.history_rows import HistoryRow
from accountpulse.core.store.metric_frames import KEPT
from accountpulse.core.store.scope import RowScope
from accountpulse.core.store.scorecards import PUBLISHED
from accountpulse.core.store.scores import LIVE, RESTATED
from accountpulse.core.store.tables import (
    account_profile,
    publication,
    score_backdrop,
    score_current,
    score_detail,
    score_history,
    scored_day,
    scoring_model,
    segment,
)

Basis = Literal["live", "restated", "best"]


def details(connection: sa.Connection, account_ids: Sequence[int] | None = None) -> dict[int, sa.Row[Any]]:
    """What explains current scores, by account, of all or of some; `core/scoring/stored.py` reads it."""
    query = sa.select(*(column for column in score_detail.c if column.name not in KEPT))
    if account_ids is None:
        return {row.account_id: row for row in connection.execute(query)}
    found: dict[int, sa.Row[Any]] = {}
    for chunk in chunked(account_ids):
        rows = connection.execute(query.where(score_detail.c.account_id.in_(chunk)))
        found.update({row.account_id: row for row in rows})
    return found


def backdrops(connection: sa.Connection, digests: Collection[str]) -> dict[str, Any]:
    """The content of backdrops, by digest."""
    query = sa.select(score_backdrop).where(score_backdrop.c.digest.in_(digests))
    return {row.digest: row.content for row in connection.execute(query)}


# --- history ------------------------------------------------------------------------------------------------------------


HISTORY = frozenset({"basis", "model_id", "score_centi", "band", "packed", "segment", "inputs_as_of"})
"""What can be asked for of a row of the history. packed: what `HistoryRow` unpacks, the components among it."""


@dataclass(frozen=True, slots=True)
class HistoryRequest:
    """Which days, both included, on which basis, how many points for each account at most, and what of each.

    columns: of `HISTORY`; `account_id` and `day` always come along.
    """

    start: date
    end: date
    basis: Basis
    first: int
    columns: frozenset[str]


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """An account's rows, oldest first; the first may be older than `start`: it is the one in force then. more: cut off."""

    rows: list[HistoryRow]
    more: bool


def history(
    connection: sa.Connection, account_ids: Sequence[int], request: HistoryRequest, *, scope: RowScope
) -> dict[int, HistoryPage]:
    """The history of some accounts: the row in force at the start, and every later one up to the end, in one statement.

    Basis `best` is live from the account's first live day on, and restated before it.
    """
    found: dict[int, HistoryPage] = {}
    for chunk in chunked(account_ids):
        by_account: dict[int, list[HistoryRow]] = {}
        for row in map(HistoryRow, connection.execute(_history_query(chunk, request, scope))):
            by_account.setdefault(row.account_id, []).append(row)
        found.update({id: HistoryPage(rows[: request.first], len(rows) > request.first) for id, rows in by_account.items()})
    return found


def _history_query(account_ids: Sequence[int], request: HistoryRequest, scope: RowScope) -> sa.Select[Any]:
    h = score_history.c
    chosen = [h.account_id.in_(account_ids), h.day <= request.end]
    if request.basis != "best":
        chosen.append(h.basis == (LIVE if request.basis == "live" else RESTATED))
    else:
        earlier = score_history.alias("earlier")
        first_live = (
            sa.select(sa.func.min(earlier.c.day))
            .where(earlier.c.account_id == h.account_id, earlier.c.basis == LIVE)
            .correlate(score_history)
            .scalar_subquery()
        )
        before_live = sa.and_(h.basis == RESTATED, sa.or_(first_live.is_(None), h.day < first_live))
        chosen.append(sa.or_(h.basis == LIVE, before_live))
    wanted = request.columns - {"segment", "inputs_as_of"}
    if "segment" in request.columns:
        wanted |= {"segment_id"}
    if "inputs_as_of" in request.columns:
        wanted |= {"basis"}
    own = [h.account_id, h.day, *(h[name] for name in sorted(wanted))]
    daily = scope.limit(sa.select(*own).where(*chosen), h.account_id).subquery("daily")
    d = daily.c
    # The first row in force at `start` is the last one on or before it.
    opening = sa.func.max(sa.case((d.day <= request.start, d.day))).over(partition_by=d.account_id).label("opening")
    known = sa.select(daily, opening).subquery("known")
    k = known.c
    place = sa.func.row_number().over(partition_by=k.account_id, order_by=k.day).label("place")
    ranged = sa.select(known, place).where(sa.or_(k.opening.is_(None), k.day >= k.opening)).subquery("ranged")
    r = ranged.c
    query = sa.select(r.account_id, r.day, *(r[name] for name in sorted(wanted)))
    if "segment" in request.columns:
        query = query.add_columns(segment.c.name.label("segment")).join(segment, segment.c.id == r.segment_id)
    if "inputs_as_of" in request.columns:
        on_the_day = sa.and_(scored_day.c.day == r.day, scored_day.c.basis == r.basis)
        query = query.add_columns(scored_day.c.scored_at.label("inputs_as_of")).outerjoin(scored_day, on_the_day)
    return query.where(r.place <= request.first + 1).order_by(r.account_id, r.day)


# --- models and segments ------------------------------------------------------------------------------------------------


def models(connection: sa.Connection, ids: Sequence[int]) -> list[sa.Row[Any]]:
    """Models with some ids, with their whole content, newest first."""
    query = sa.select(scoring_model).order_by(scoring_model.c.id.desc())
    return list(connection.execute(query.where(scoring_model.c.id.in_(ids))))


def newest_models(connection: sa.Connection, first: int) -> list[sa.Row[Any]]:
    """The models that were added last, with their whole content, newest first."""
    return list(connection.execute(sa.select(scoring_model).order_by(scoring_model.c.id.desc()).limit(first)))


def segments(connection: sa.Connection) -> list[sa.Row[Any]]:
    """The segments published now, in the order in which their rules are tried."""
    query = (
        sa.select(
            segment.c.id,
            segment.c.name,
            publication.c.position,
            publication.c.rule,
            publication.c.known_from,
            publication.c.model_id,
        )
        .join(publication, publication.c.segment_id == segment.c.id)
        .where(publication.c.known_to.is_(None), publication.c.stage == PUBLISHED)
        .order_by(publication.c.position, segment.c.id)
    )
    return list(connection.execute(query))


def band_counts(connection: sa.Connection, segment_ids: Sequence[int], *, scope: RowScope) -> dict[int, list[sa.Row[Any]]]:
    """How many accounts of each segment are in each band now, and their MRR in minor units, by segment."""
    found: dict[int, list[sa.Row[Any]]] = {}
    query = (
        sa.select(
            score_current.c.segment_id,
            score_current.c.band,
            sa.func.count().label("accounts"),
            sa.cast(sa.func.coalesce(sa.func.sum(account_profile.c.mrr), 0), sa.BigInteger).label("mrr"),
        )
        .join(account_profile, account_profile.c.account_id == score_current.c.account_id)
        .where(score_current.c.segment_id.in_(segment_ids))
        .group_by(score_current.c.segment_id, score_current.c.band)
        .order_by(score_current.c.segment_id, sa.func.min(score_current.c.score))
    )
    for row in connection.execute(scope.limit(query, score_current.c.account_id)):
        found.setdefault(row.segment_id, []).append(row)
    return found
