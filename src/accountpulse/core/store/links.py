"""Reads the evidence of identity and keeps the links between source accounts and accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from accountpulse.core.store.chunks import chunked
from accountpulse.core.store.facts import FACTS
from accountpulse.core.store.tables import account, link, source_account, unlinked
from accountpulse.core.store.tables import connection as connection_table
from accountpulse.core.store.types import EPOCH


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link to write."""

    source_account_id: int
    account_id: int
    method: str
    evidence: str


def source_accounts(connection: sa.Connection) -> list[sa.Row[Any]]:
    """Every source account with what its current record says: connection, rank, anchor, connector, key, evidence."""
    fact = FACTS["account"]
    query = (
        sa.select(
            source_account.c.id,
            source_account.c.key,
            connection_table.c.name.label("connection"),
            connection_table.c.connector,
            connection_table.c.priority,
            connection_table.c.anchor,
            fact.c.id.label("fact_id"),
            fact.c.name,
            fact.c.domains,
            fact.c.emails,
            fact.c.references,
        )
        .join(connection_table, connection_table.c.id == source_account.c.connection_id)
        .outerjoin(fact, sa.and_(fact.c.source_account_id == source_account.c.id, fact.c.known_to.is_(None)))
        .order_by(source_account.c.id)
    )
    return list(connection.execute(query))


def contact_emails(connection: sa.Connection) -> dict[int, list[str]]:
    """The e-mail addresses of each source account's current contacts."""
    fact = FACTS["contact"]
    query = sa.select(fact.c.source_account_id, fact.c.email).where(fact.c.known_to.is_(None), fact.c.email.is_not(None))
    found: dict[int, list[str]] = {}
    for id, email in connection.execute(query):
        found.setdefault(id, []).append(email)
    return found


def current_links(connection: sa.Connection) -> dict[int, sa.Row[Any]]:
    """The links in force, by source account."""
    return {row.source_account_id: row for row in connection.execute(sa.select(link).where(link.c.known_to.is_(None)))}


def ever_considered(connection: sa.Connection) -> set[int]:
    """Source accounts that a linking pass has seen before."""
    seen = sa.union(sa.select(link.c.source_account_id), sa.select(unlinked.c.source_account_id))
    return set(connection.execute(seen).scalars())


def create_accounts(connection: sa.Connection, count: int, now: datetime) -> list[int]:
    """Create accounts; returns their ids in order."""
    return [
        int(connection.execute(sa.insert(account).values(created_at=now)).inserted_primary_key[0])  # type: ignore[index]
        for _ in range(count)
    ]


def write_links(connection: sa.Connection, new: Sequence[NewLink], considered: set[int], now: datetime) -> None:
    """Close the links that these replace and open them.

    A source account's first link holds since ever: its facts of earlier days belong to the account just as well.
    """
    close_links(connection, [n.source_account_id for n in new], now)
    rows = [
        {
            "source_account_id": n.source_account_id,
            "account_id": n.account_id,
            "method": n.method,
            "evidence": n.evidence,
            "known_from": now if n.source_account_id in considered else EPOCH,
        }
        for n in new
    ]
    if rows:
        connection.execute(sa.insert(link), rows)


def close_links(connection: sa.Connection, source_account_ids: Sequence[int], now: datetime) -> None:
    """End the current links of some source accounts."""
    for chunk in chunked(source_account_ids):
        connection.execute(
            sa.update(link).where(link.c.source_account_id.in_(chunk), link.c.known_to.is_(None)).values(known_to=now)
        )


def replace_unlinked(connection: sa.Connection, rows: Mapping[int, Mapping[str, Any]]) -> bool:
    """Make the list of unlinked source accounts exactly these; true when that changed anything."""
    before = {
        row.source_account_id: {"reason": row.reason, "candidates": row.candidates}
        for row in connection.execute(sa.select(unlinked))
    }
    if before == rows:
        return False
    connection.execute(sa.delete(unlinked))
    if rows:
        connection.execute(sa.insert(unlinked), [{"source_account_id": id, **row} for id, row in rows.items()])
    return True
