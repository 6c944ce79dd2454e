"""When time alone will next change an answer, with nothing written: until then what was answered stays true."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from accountpulse.core.clock import day_of, start_of_day
from accountpulse.core.store.people_tables import score_override
from accountpulse.core.store.tables import api_token


def next_change(connection: sa.Connection, now: datetime, zone: ZoneInfo) -> datetime:
    """The earliest of: the end of the day, the end of an override in force, the expiry of a token.

    A source that goes stale is not among them: what is stale is decided when accounts are scored, which is a write.
    """
    tomorrow = start_of_day(day_of(now, zone) + timedelta(days=1), zone)
    o, t = score_override.c, api_token.c
    ends = sa.select(sa.func.min(o.expires_at)).where(o.expires_at > now, sa.or_(o.known_to.is_(None), o.known_to > now))
    # A clock that was set back leaves rows that begin later.
    begins = sa.select(sa.func.min(o.known_from)).where(o.known_from > now)
    expiries = sa.select(sa.func.min(t.expires_at)).where(t.expires_at > now)
    query = sa.select(ends.scalar_subquery(), begins.scalar_subquery(), expiries.scalar_subquery())
    found: list[datetime] = [at for at in connection.execute(query).one() if at is not None]
    return min([tomorrow, *found])
