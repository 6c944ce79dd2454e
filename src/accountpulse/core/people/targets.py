"""Targets: the score an account is to have by a day, who promised it, and whether it was missed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa

from accountpulse.core.errors import NotFound
from accountpulse.core.names import UNKNOWN_NAME
from accountpulse.core.people import checks
from accountpulse.core.store import people as store_people
from accountpulse.core.store.people_tables import account_target
from accountpulse.core.store.scope import RowScope


class TargetState(StrEnum):
    """met: the score is there. open: below, and the day is not past. missed: below, and the day is past. unknown: nobody can
    tell, because the account has no score or too little of it could be measured. ended: somebody ended or replaced it.
    """

    MET = "met"
    OPEN = "open"
    MISSED = "missed"
    UNKNOWN = "unknown"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a target stands on a day. short: the points that lack, where known and positive. missed_since: the first day on which
    the score should have been there.
    """

    state: TargetState
    short: float | None = None
    missed_since: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A promised score. due: the last day for it. set_at: when it was promised. published: the score now, None while the
    account has none. short, missed_since: see `Standing`.
    """

    id: int
    account_id: int
    account: str
    score: float
    due: date
    owner: str
    reason: str | None
    set_at: datetime
    state: TargetState
    published: float | None
    short: float | None
    missed_since: date | None
    ended_at: datetime | None
    ended_by: str | None


def target_state(*, target: float, due: date, score: float | None, band: str | None, today: date) -> Standing:
    """How a target stands, given the published score and band of today. The due day itself is not past."""
    if score is None or band is None or band == UNKNOWN_NAME:
        return Standing(TargetState.UNKNOWN)
    if score >= target:
        return Standing(TargetState.MET)
    if today <= due:
        return Standing(TargetState.OPEN, target - score)
    return Standing(TargetState.MISSED, target - score, due + timedelta(days=1))


def set_target(
    connection: sa.Connection,
    account_id: int,
    score: float,
    *,
    due: date,
    owner: str,
    reason: str | None,
    now: datetime,
    today: date,
) -> int:
    """Promise a score; returns the target's id. The account's former target ends. Raises InvalidInput."""
    by = checks.person("owner", owner)
    values = {
        "score": checks.points("score", score),
        "due": checks.due("by", due, today),
        "owner": by,
        "reason": None if reason is None else checks.words("reason", reason),
    }
    return store_people.replace(connection, account_target, account_id, values, by=by, now=now)


def end_target(connection: sa.Connection, account_id: int, *, by: str, now: datetime) -> int:
    """Give up the account's target; returns its id. Raises InvalidInput; NotFound when it has none."""
    ended = store_people.end_current(connection, account_target, account_id, by=checks.person("owner", by), now=now)
    if ended is None:
        raise NotFound(f"account {account_id} has no target; `accountpulse target list` shows those there are")
    return ended


def targets(
    connection: sa.Connection,
    today: date,
    accounts: Sequence[int] | None = None,
    *,
    former: bool = False,
    first: int | None = None,
    scope: RowScope,
) -> list[Target]:
    """The targets that hold, the first due at the top; with `former` all there ever were, the latest first.

    first: how many of each account at most.
    """
    rows = store_people.listing(connection, account_target, accounts, former=former, first=first, scope=scope)
    found = [_target(row, today) for row in rows]
    return found if former else sorted(found, key=lambda each: (each.due, each.id))


def _target(row: sa.Row[tuple[object, ...]], today: date) -> Target:
    now = target_state(target=row.score, due=row.due, score=row.current_score, band=row.current_band, today=today)
    standing = now if row.known_to is None else Standing(TargetState.ENDED)
    return Target(
        id=row.id,
        account_id=row.account_id,
        account=store_people.name_of(row),
        score=row.score,
        due=row.due,
        owner=row.owner,
        reason=row.reason,
        set_at=row.known_from,
        state=standing.state,
        published=row.current_score,
        short=standing.short,
        missed_since=standing.missed_since,
        ended_at=row.known_to,
        ended_by=row.ended_by,
    )
