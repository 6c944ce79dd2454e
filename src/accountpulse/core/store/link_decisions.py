"""The table of what people decided about where source accounts belong, and the records that such a word can be about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from accountpulse.core.store.chunks import one_of
from accountpulse.core.store.connections import PEOPLE
from accountpulse.core.store.facts import FACTS
from accountpulse.core.store.metadata import metadata
from accountpulse.core.store.people import close
from accountpulse.core.store.revisions import bump
from accountpulse.core.store.scope import RowScope
from accountpulse.core.store.tables import account_profile, link, source_account, unlinked
from accountpulse.core.store.tables import connection as connection_table
from accountpulse.core.store.types import Instant, Serial

_CURRENT = sa.text("known_to is null")

link_decision = sa.Table(
    "link_decision",
    metadata,
    sa.Column("id", Serial, primary_key=True),
    sa.Column("source_account_id", sa.Integer, sa.ForeignKey("source_account.id"), nullable=False),
    sa.Column("account_id", sa.Integer, sa.ForeignKey("account.id")),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("known_from", Instant, nullable=False),
    sa.Column("known_to", Instant),
    sa.Column("ended_by", sa.Text),
    sa.Index("uq_link_decision_current", "source_account_id", unique=True, sqlite_where=_CURRENT, postgresql_where=_CURRENT),
    comment="What a person decided about where a source account belongs. account_id null: to no other account than its own.",
)


def in_force(connection: sa.Connection, sources: Sequence[int] | None = None) -> dict[int, sa.Row[Any]]:
    """What people decided and nobody took back, by source account, of some of them or of all."""
    query = sa.select(link_decision).where(link_decision.c.known_to.is_(None))
    if sources is not None:
        query = query.where(one_of(link_decision.c.source_account_id, sources))
    return {row.source_account_id: row for row in connection.execute(query)}


def decide(connection: sa.Connection, source_account_id: int, values: Mapping[str, Any], *, by: str, now: datetime) -> None:
    """Keep a decision instead of the former one. values: account_id, author, reason."""
    take_back(connection, source_account_id, by=by, now=now)
    connection.execute(sa.insert(link_decision).values(source_account_id=source_account_id, known_from=now, **values))
    bump(connection, "people")


def take_back(connection: sa.Connection, source_account_id: int, *, by: str, now: datetime) -> bool:
    """End the decision about a source account; False where there is none."""
    ended = close(connection, link_decision, link_decision.c.source_account_id == source_account_id, by, now)
    if ended is not None:
        bump(connection, "people")
    return ended is not None


def records(
    connection: sa.Connection,
    *,
    ids: Sequence[int] | None = None,
    account_id: int | None = None,
    connection_name: str | None = None,
    unlinked_only: bool = False,
    scope: RowScope,
) -> list[sa.Row[Any]]:
    """Source accounts with what they are called, where they belong and why, and what came into question.

    ids, account_id, connection_name: only those, linked to that account, of that connection. What people entered is not among
    them: it belongs to the account that it was entered for. In a limited scope only what is linked to its accounts is.
    """
    fact = FACTS["account"]
    told = fact.alias()
    latest = sa.select(sa.func.max(told.c.id)).where(told.c.source_account_id == source_account.c.id)
    decided = (link_decision.c.source_account_id == source_account.c.id, link_decision.c.known_to.is_(None))
    query = (
        sa.select(
            source_account.c.id,
            source_account.c.key,
            connection_table.c.name.label("connection"),
            fact.c.name,
            link.c.account_id,
            account_profile.c.name.label("account"),
            link.c.method,
            link.c.evidence,
            link.c.known_from,
            link_decision.c.id.label("decision_id"),
            unlinked.c.reason,
            unlinked.c.candidates,
        )
        .join(connection_table, connection_table.c.id == source_account.c.connection_id)
        .outerjoin(fact, fact.c.id == latest.correlate(source_account).scalar_subquery())
        .outerjoin(link, sa.and_(link.c.source_account_id == source_account.c.id, link.c.known_to.is_(None)))
        .outerjoin(account_profile, account_profile.c.account_id == link.c.account_id)
        .outerjoin(link_decision, sa.and_(*decided))
        .outerjoin(unlinked, unlinked.c.source_account_id == source_account.c.id)
        .where(connection_table.c.connector != PEOPLE)
        .order_by(connection_table.c.priority, connection_table.c.name, source_account.c.key)
    )
    if ids is not None:
        query = query.where(source_account.c.id.in_(ids))
    if account_id is not None:
        query = query.where(link.c.account_id == account_id)
    if connection_name is not None:
        query = query.where(connection_table.c.name == connection_name)
    if unlinked_only:
        query = query.where(unlinked.c.source_account_id.is_not(None))
    return list(connection.execute(scope.limit(query, link.c.account_id)))


def id_of(connection: sa.Connection, connection_name: str, key: str) -> int | None:
    """The source account that a connection calls by a key."""
    query = (
        sa.select(source_account.c.id)
        .join(connection_table, connection_table.c.id == source_account.c.connection_id)
        .where(connection_table.c.name == connection_name, source_account.c.key == key)
    )
    return connection.execute(query).scalar_one_or_none()
