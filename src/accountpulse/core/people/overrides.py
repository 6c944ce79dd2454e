"""Overrides: a person's score for an account against the model's, until it expires or somebody ends it.

Nothing has to run for one to expire: whether it holds is asked of the moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from accountpulse.core.errors import NotFound
from accountpulse.core.people import checks
from accountpulse.core.store import people as store_people
from accountpulse.core.store.people_tables import score_override
from accountpulse.core.store.scope import RowScope


class OverrideState(StrEnum):
    """ended: somebody ended or replaced it before it expired."""

    IN_FORCE = "in_force"
    EXPIRED = "expired"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A person's score for an account, and both numbers.

    score: what was decided. since, expires_at: it holds from the one up to, not including, the other. ended_at, ended_by: where
    it ended before. published, raw: what the account has now, with and without a person's word; None while it is not scored.
    """

    id: int
    account_id: int
    account: str
    score: float
    owner: str
    reason: str
    since: datetime
    expires_at: datetime
    state: OverrideState
    ended_at: datetime | None
    ended_by: str | None
    published: float | None
    raw: float | None


def override_state(*, expires_at: datetime, known_to: datetime | None, at: datetime) -> OverrideState:
    """How an override stands at an instant: half-open, so at `expires_at` it has expired, and at `known_to` it has ended."""
    if known_to is not None and known_to <= at and known_to < expires_at:
        return OverrideState.ENDED
    return OverrideState.EXPIRED if expires_at <= at else OverrideState.IN_FORCE


def set_override(
    connection: sa.Connection, account_id: int, score: float, *, owner: str, reason: str, until: datetime, now: datetime
) -> int:
    """Decide a score; returns the override's id. The account's former override ends. Raises InvalidInput."""
    by = checks.person("owner", owner)
    values = {
        "score": checks.points("score", score),
        "owner": by,
        "reason": checks.words("reason", reason),
        "expires_at": checks.expiry("until", until, now),
    }
    return store_people.replace(connection, score_override, account_id, values, by=by, now=now)


def end_override(connection: sa.Connection, account_id: int, *, by: str, now: datetime) -> int:
    """End the account's override before it expires; returns its id. Raises InvalidInput; NotFound when none is in force."""
    ended_by = checks.person("owner", by)
    holds = store_people.overrides_in_force(connection, now, [account_id]).get(account_id)
    if holds is None:
        raise NotFound(
            f"no override is in force for account {account_id}; `accountpulse override list --all` shows former ones"
        )
    store_people.end_current(connection, score_override, account_id, by=ended_by, now=now)
    return int(holds.id)


def overrides(
    connection: sa.Connection,
    now: datetime,
    accounts: Sequence[int] | None = None,
    *,
    former: bool = False,
    scope: RowScope,
) -> list[Override]:
    """The overrides in force, those that end first at the top; with `former` all there ever were, the latest first."""
    rows = store_people.listing(connection, score_override, accounts, former=former, scope=scope)
    found = [_override(row, now) for row in rows]
    if former:
        return found
    return sorted((each for each in found if each.state is OverrideState.IN_FORCE), key=lambda each: (each.expires_at, each.id))


def _override(row: sa.Row[tuple[object, ...]], now: datetime) -> Override:
    state = override_state(expires_at=row.expires_at, known_to=row.known_to, at=now)
    ended = state is OverrideState.ENDED
    return Override(
        id=row.id,
        account_id=row.account_id,
        account=store_people.name_of(row),
        score=row.score,
        owner=row.owner,
        reason=row.reason,
        since=row.known_from,
        expires_at=row.expires_at,
        state=state,
        ended_at=row.known_to if ended else None,
        ended_by=row.ended_by if ended else None,
        published=row.current_score,
        raw=row.current_raw,
    )
