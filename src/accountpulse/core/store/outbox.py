"""The outbox: what is to be told to a webhook, written with the scores that say it, and kept until it has been taken.

A row waits (`due_at` is set), was delivered (`delivered_at` is), or was given up (neither): the dead letters.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import uuid4

import sqlalchemy as sa

from accountpulse.core.names import UNKNOWN_NAME
from accountpulse.core.store.chunks import chunked
from accountpulse.core.store.metadata import metadata
from accountpulse.core.store.people_tables import account_target
from accountpulse.core.store.tables import account_profile, score_current, segment
from accountpulse.core.store.types import Instant, Json, Serial
from accountpulse.core.store.upsert import insert

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", Serial, primary_key=True),
    sa.Column("delivery", sa.Text, nullable=False, unique=True),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("account_id", sa.Integer, sa.ForeignKey("account.id"), nullable=False),
    sa.Column("subject", sa.Text, unique=True),
    sa.Column("body", Json, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("due_at", Instant),
    sa.Column("delivered_at", Instant),
    sa.Column("error", sa.Text),
    sa.Index("ix_outbox_due", "due_at"),
    comment="What is to be told to the configured webhook, written with the scores that say it. subject: what is told only "
    "once, such as a target that was missed. due_at: when to try next; null once delivered, or given up.",
)

Event = Literal["band_changed", "target_missed"]
State = Literal["waiting", "delivered", "dead"]
KEPT = timedelta(days=7)
"""How long a delivered row is kept, to be looked at."""

_TARGET = "target:"
_target_subject = sa.literal(_TARGET) + sa.cast(account_target.c.id, sa.Text)

o = outbox.c
_STATES: dict[State, sa.ColumnElement[bool]] = {
    "waiting": o.due_at.is_not(None),
    "delivered": o.delivered_at.is_not(None),
    "dead": sa.and_(o.due_at.is_(None), o.delivered_at.is_(None)),
}


def put(
    connection: sa.Connection,
    event: Event,
    bodies: Sequence[tuple[int, str | None, dict[str, Any]]],
    now: datetime,
) -> None:
    """Write what is to be told: account, subject and body of each. What has a subject that was told before is left out."""
    rows = []
    for account_id, subject, body in bodies:
        delivery = str(uuid4())
        whole = {"id": delivery, "type": event, "created_at": now.isoformat(), **body}
        rows.append(
            {
                "delivery": delivery,
                "event": event,
                "account_id": account_id,
                "subject": subject,
                "body": whole,
                "created_at": now,
                "attempts": 0,
                "due_at": now,
            }
        )
    if rows:
        connection.execute(insert(connection, outbox).on_conflict_do_nothing(index_elements=["subject"]), rows)


def profiles(connection: sa.Connection, accounts: Collection[int]) -> dict[int, dict[str, Any]]:
    """What a receiver is told of each account besides its score."""
    p = account_profile.c
    found = {}
    for ids in chunked(sorted(accounts)):
        query = sa.select(p.account_id, p.name, p.domain, p.owner).where(p.account_id.in_(ids))
        for row in connection.execute(query):
            found[row.account_id] = {"id": row.account_id, "name": row.name, "domain": row.domain, "owner": row.owner}
    return found


def subject_of_target(id: int) -> str:
    """What a target is told as: once."""
    return f"{_TARGET}{id}"


def missed_targets(connection: sa.Connection, today: date) -> list[sa.Row[Any]]:
    """Targets whose day is past while the score is below, and that nobody was told of yet."""
    t, s = account_target.c, score_current.c
    query = (
        sa.select(
            t.id, t.account_id, t.score, t.due, t.owner, s.score.label("published"), s.band, segment.c.name.label("segment")
        )
        .join(score_current, s.account_id == t.account_id)
        .join(segment, segment.c.id == s.segment_id)
        .where(t.known_to.is_(None), t.due < today, s.score < t.score, s.band != UNKNOWN_NAME)
        .where(~sa.exists().where(o.subject == _target_subject))
        .order_by(t.id)
    )
    return list(connection.execute(query))


# --- delivering -----------------------------------------------------------------------------------------------------------


def claim(connection: sa.Connection, now: datetime, *, until: datetime) -> sa.Row[Any] | None:
    """Take the row that is due longest, so that nobody else delivers it before `until`; it comes up again then.

    None where nothing is due.
    """
    query = sa.select(o.id).where(o.due_at <= now).order_by(o.due_at, o.id).limit(1)
    chosen = query.with_for_update(skip_locked=True).scalar_subquery()
    statement = sa.update(outbox).where(o.id == chosen).values(due_at=until, attempts=o.attempts + 1)
    return connection.execute(statement.returning(outbox)).first()


def delivered(connection: sa.Connection, id: int, now: datetime) -> None:
    """The receiver has taken it."""
    connection.execute(sa.update(outbox).where(o.id == id).values(due_at=None, delivered_at=now, error=None))


def failed(connection: sa.Connection, id: int, error: str, due_at: datetime | None) -> None:
    """It was not taken; due_at: when to try again, None to give it up."""
    statement = sa.update(outbox).where(o.id == id, o.delivered_at.is_(None))
    connection.execute(statement.values(due_at=due_at, error=error))


def any_due(connection: sa.Connection, now: datetime) -> bool:
    """Whether anything is to be delivered now."""
    return connection.execute(sa.select(o.id).where(o.due_at <= now).limit(1)).first() is not None


def prune(connection: sa.Connection, now: datetime) -> None:
    """Forget what was delivered long ago; of a target that still holds not, or it would be told again."""
    holds = sa.select(_target_subject).where(account_target.c.known_to.is_(None))
    over = sa.or_(o.subject.is_(None), o.subject.not_in(holds))
    connection.execute(sa.delete(outbox).where(o.delivered_at < now - KEPT, over))


# --- for operators --------------------------------------------------------------------------------------------------------


def depth(connection: sa.Connection) -> dict[str, int]:
    """How many rows wait, were delivered lately, and were given up."""
    counts = [sa.func.count().filter(condition) for condition in _STATES.values()]
    found = connection.execute(sa.select(*counts).select_from(outbox)).one()
    return dict(zip(_STATES, map(int, found), strict=True))


def listing(connection: sa.Connection, state: State | None, limit: int) -> list[sa.Row[Any]]:
    """The newest rows of a state, of all states where None."""
    query = sa.select(outbox).order_by(o.id.desc()).limit(limit)
    return list(connection.execute(query if state is None else query.where(_STATES[state])))


def revive(connection: sa.Connection, deliveries: Sequence[str] | None, now: datetime) -> int:
    """Let rows that were not delivered, or all of them, be tried now, as if for the first time; returns how many.

    One that another process sends at this moment may be delivered twice, as after any answer that could not be noted.
    """
    undelivered = o.delivered_at.is_(None)
    wanted = undelivered if deliveries is None else sa.and_(undelivered, o.delivery.in_(deliveries))
    return connection.execute(sa.update(outbox).where(wanted).values(due_at=now, attempts=0)).rowcount


def drop(connection: sa.Connection, deliveries: Sequence[str] | None) -> int:
    """Remove rows that were not delivered, or all dead letters; returns how many. A target of theirs may be told again."""
    wanted = _STATES["dead"] if deliveries is None else sa.and_(o.delivered_at.is_(None), o.delivery.in_(deliveries))
    return connection.execute(sa.delete(outbox).where(wanted)).rowcount
