"""The table of what people changed, through the command line and the API, and who asked for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from accountpulse.core.store.chunks import chunked
from accountpulse.core.store.metadata import metadata
from accountpulse.core.store.paging import Order, Page, PageRequest, fetch
from accountpulse.core.store.scope import RowScope
from accountpulse.core.store.types import Instant, Json, Serial
from accountpulse.core.store.upsert import insert

trail = sa.Table(
    "trail",
    metadata,
    sa.Column("id", Serial, primary_key=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("token", sa.Text),
    sa.Column("account_id", sa.Integer, sa.ForeignKey("account.id")),
    sa.Column("input", Json, nullable=False),
    sa.Column("result", sa.Text),
    sa.Column("idempotency_key", sa.Text),
    sa.UniqueConstraint("token", "idempotency_key", name="uq_trail_key"),
    sa.Index("ix_trail_account", "account_id", "id"),
    comment="What people changed, as they asked for it. token: the API token's prefix, null for the command line. "
    "result: the id of what was made or changed. idempotency_key: the asker's own name for the request.",
)


def claim(connection: sa.Connection, values: Mapping[str, Any]) -> int | None:
    """Write a row; its id, or None where its token used the key before. Of two who claim at once, one waits for the other."""
    statement = insert(connection, trail).values(**values)
    claimed = statement.on_conflict_do_nothing(index_elements=["token", "idempotency_key"]).returning(trail.c.id)
    return connection.execute(claimed).scalar()


def claimed_before(connection: sa.Connection, token: str, key: str) -> sa.Row[Any]:
    """The row of a token that has this key."""
    return connection.execute(sa.select(trail).where(trail.c.token == token, trail.c.idempotency_key == key)).one()


def finish(connection: sa.Connection, id: int, result: str | None) -> None:
    """Note what a claimed change made."""
    connection.execute(sa.update(trail).where(trail.c.id == id).values(result=result))


def revisions(connection: sa.Connection, account_ids: Sequence[int], *, scope: RowScope) -> dict[int, int]:
    """The number of the last change about each account; who is missing was never changed."""
    latest = sa.select(trail.c.account_id, sa.func.max(trail.c.id).label("number")).group_by(trail.c.account_id)
    latest = scope.limit(latest, trail.c.account_id)
    found: dict[int, int] = {}
    for chunk in chunked(account_ids):
        rows = connection.execute(latest.where(trail.c.account_id.in_(chunk)))
        found.update({row.account_id: row.number for row in rows})
    return found


def entries(connection: sa.Connection, request: PageRequest, account_id: int | None = None, *, scope: RowScope) -> Page:
    """Changes, the latest first; of one account, or of everything. In a limited scope only those of its accounts."""
    query = scope.limit(sa.select(trail), trail.c.account_id)
    if account_id is not None:
        query = query.where(trail.c.account_id == account_id)
    return fetch(connection, query, [Order(trail.c.id, descending=True)], request)


def count(connection: sa.Connection, account_id: int | None = None, *, scope: RowScope) -> int:
    """How many changes there are of one account, or of everything."""
    query = scope.limit(sa.select(sa.func.count()).select_from(trail), trail.c.account_id)
    if account_id is not None:
        query = query.where(trail.c.account_id == account_id)
    return int(connection.execute(query).scalar_one())
