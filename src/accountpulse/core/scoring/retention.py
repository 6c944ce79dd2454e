"""How much of the history is kept: every move for a while, one row a week for longer, and then nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa

from accountpulse.core.scoring.trend import WINDOWS
from accountpulse.core.store import thinning
from accountpulse.core.store.revisions import bump
from accountpulse.core.store.settings import read_setting, write_setting

SHORTEST = max(WINDOWS) + 10
"""Days. Trends and the steadiness of bands rest on every row of the last months."""
_LAST = "history_thinned"


@dataclass(frozen=True, slots=True)
class Retention:
    """daily_days: for how many days every move is kept; weekly after that. keep_days: for how many days anything is.

    None, the default of both: for ever.
    """

    daily_days: int | None = None
    keep_days: int | None = None


@dataclass(frozen=True, slots=True)
class Thinned:
    """Rows of the history removed: thinned to weeks, and forgotten."""

    thinned: int = 0
    forgotten: int = 0


def thin_once_a_day(connection: sa.Connection, today: date, retention: Retention) -> Thinned:
    """Apply the policy unless that was done today already: it reads all of the old history."""
    if read_setting(connection, _LAST) == today.isoformat():
        return Thinned()
    write_setting(connection, _LAST, today.isoformat())
    return thin(connection, today, retention)


def thin(connection: sa.Connection, today: date, retention: Retention) -> Thinned:
    """Apply the policy, in the caller's transaction. Bands stay exact to the day for as long as anything is kept."""
    thinned = forgotten = 0
    if retention.keep_days is not None:
        forgotten = thinning.forget_before(connection, today - timedelta(days=retention.keep_days))
    if retention.daily_days is not None:
        last = today - timedelta(days=retention.daily_days)
        thinned = thinning.thin_to_weeks(connection, last - timedelta(days=last.weekday()))
    if thinned or forgotten:
        bump(connection, "scores")
    return Thinned(thinned, forgotten)
