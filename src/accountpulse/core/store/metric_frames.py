"""Keeps what the facts said about every account when it was last measured, so that only what changed is measured again.

Packed (`core/scoring/stored_frame.py` knows how) beside what explains each account's score, in `score_detail`, where
`scores.py` writes it; and one header for all: the day they are of, and what they rest on. All of it is derived from the facts,
and may be forgotten at any time: the next run measures everybody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from accountpulse.core.store.chunks import chunked, one_of
from accountpulse.core.store.frame_table import metric_frame
from accountpulse.core.store.tables import score_detail
from accountpulse.core.store.upsert import insert

_ONLY = 1
KEPT = ("parent_id", "measured", "described", "booked")
"""The columns of `score_detail` that explain nothing, but are what the next run goes on from: the parent, what the facts said
and what the account is, see `core/scoring/stored_frame.py`, and what it counts for in the day's portfolio and segments."""


def header(connection: sa.Connection, *, lock: bool = False) -> sa.Row[Any] | None:
    """number, history, day and content of the frame; None where nobody has been measured. lock: others wait, on PostgreSQL."""
    query = sa.select(metric_frame).where(metric_frame.c.id == _ONLY)
    return connection.execute(query.with_for_update() if lock else query).one_or_none()


def advance(connection: sa.Connection, number: int, day: date, content: Mapping[str, Any]) -> bool:
    """Replace the header that was read as `number` (0 for none); false where another run has been there since.

    The row stays locked until the transaction ends, so what follows is nobody else's.
    """
    if number == 0:
        row = {"id": _ONLY, "number": 1, "history": 0, "day": day, "content": dict(content)}
        written = insert(connection, metric_frame).values(row).on_conflict_do_nothing().returning(metric_frame.c.id)
        # Not the rowcount: psycopg has none for an insert of one row.
        return connection.execute(written).first() is not None
    replaced = (
        sa.update(metric_frame)
        .where(metric_frame.c.id == _ONLY, metric_frame.c.number == number)
        .values(number=number + 1, day=day, content=dict(content))
    )
    return connection.execute(replaced).rowcount > 0


def set_content(connection: sa.Connection, content: Mapping[str, Any]) -> None:
    """Complete what `advance` wrote."""
    connection.execute(sa.update(metric_frame).where(metric_frame.c.id == _ONLY).values(content=dict(content)))


def note_history(connection: sa.Connection) -> None:
    """Days besides the current one have been written: what was said about bands and trends rests on other rows now."""
    connection.execute(sa.update(metric_frame).values(history=metric_frame.c.history + 1))


def load(connection: sa.Connection, accounts: Sequence[int] | None = None) -> list[sa.Row[Any]]:
    """What is kept of every account, or of some, by ascending id: account_id and `KEPT`."""
    d = score_detail.c
    query = sa.select(d.account_id, *(d[name] for name in KEPT)).where(d.measured.is_not(None)).order_by(d.account_id)
    if accounts is None:
        return list(connection.execute(query).all())
    return list(connection.execute(query.where(one_of(d.account_id, accounts))).all())


def forget(connection: sa.Connection) -> None:
    """Forget what was kept of all accounts."""
    connection.execute(sa.update(score_detail).values(dict.fromkeys(KEPT)))
    connection.execute(sa.delete(metric_frame))


def parents(connection: sa.Connection, accounts: Sequence[int]) -> set[int]:
    """The parents of accounts."""
    a = score_detail.c
    return {
        id
        for ids in chunked(accounts)
        for id in connection.execute(
            sa.select(a.parent_id).where(a.account_id.in_(ids), a.parent_id.is_not(None)).distinct()
        ).scalars()
    }


def children(connection: sa.Connection, accounts: Sequence[int]) -> set[int]:
    """The children of accounts."""
    a = score_detail.c
    return {
        id
        for ids in chunked(accounts)
        for id in connection.execute(sa.select(a.account_id).where(a.parent_id.in_(ids))).scalars()
    }
