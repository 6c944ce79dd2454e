"""Reads the evidence of identity and keeps the links between source accounts and accounts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from accountpulse.core.store.chunks import chunked, one_of
from accountpulse.core.store.connections import PEOPLE
from accountpulse.core.store.facts import FACTS
from accountpulse.core.store.tables import account, link, source_account, unlinked
from accountpulse.core.store.tables import connection as connection_table
from accountpulse.core.store.touched import may_move, record_bit

ENTERED_BY_HAND = "a person entered it for this account"
"""The evidence of the links of people's own entries."""


EVIDENCE = record_bit("account") | record_bit("contact")
"""The record types that tell where a source account belongs, as bits."""


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link to write, holding from `known_from` on."""

    source_account_id: int
    account_id: int
    method: str
    evidence: str
    known_from: datetime


Sources = Sequence[int] | None
"""Some source accounts, or all of them."""


def _of(query: sa.Select[Any], column: sa.ColumnElement[int], sources: Sources) -> sa.Select[Any]:
    return query if sources is None else query.where(one_of(column, sources))


def source_accounts(connection: sa.Connection, sources: Sources = None) -> list[sa.Row[Any]]:
    """Source accounts with what their records say: connection, rank, anchor, connector, key, evidence.

    fact_id is null where it never had a record of its own; `gone_at` says that it was deleted: these are its last words.
    """
    fact = FACTS["account"]
    told = fact.alias()
    latest = sa.select(sa.func.max(told.c.id)).where(told.c.source_account_id == source_account.c.id).scalar_subquery()
    query = (
        sa.select(
            source_account.c.id,
            source_account.c.key,
            connection_table.c.name.label("connection"),
            connection_table.c.connector,
            connection_table.c.priority,
            connection_table.c.anchor,
            fact.c.id.label("fact_id"),
            fact.c.known_to.label("gone_at"),
            fact.c.name,
            fact.c.domains,
            fact.c.emails,
            fact.c.references,
        )
        .join(connection_table, connection_table.c.id == source_account.c.connection_id)
        .outerjoin(fact, fact.c.id == latest)
        .order_by(source_account.c.id)
    )
    return list(connection.execute(_of(query, source_account.c.id, sources)))


def contact_emails(connection: sa.Connection, sources: Sources = None) -> dict[int, list[str]]:
    """The e-mail addresses of the current contacts of source accounts."""
    fact = FACTS["contact"]
    query = sa.select(fact.c.source_account_id, fact.c.email).where(fact.c.known_to.is_(None), fact.c.email.is_not(None))
    found: dict[int, list[str]] = {}
    for id, email in connection.execute(_of(query, fact.c.source_account_id, sources)):
        found.setdefault(id, []).append(email)
    return found


def current_links(connection: sa.Connection, sources: Sources = None) -> dict[int, sa.Row[Any]]:
    """The links in force, by source account."""
    query = _of(sa.select(link).where(link.c.known_to.is_(None)), link.c.source_account_id, sources)
    return {row.source_account_id: row for row in connection.execute(query)}


def ever_linked(connection: sa.Connection, sources: Sources = None) -> set[int]:
    """Source accounts that had a link at any time."""
    query = _of(sa.select(link.c.source_account_id).distinct(), link.c.source_account_id, sources)
    return set(connection.execute(query).scalars())


def evidence_changed(connection: sa.Connection) -> set[int]:
    """The source accounts of which anything was written since the last scoring that may move a link: a record that holds
    evidence, or a new key."""
    return may_move(connection, EVIDENCE)


def listed_unlinked(connection: sa.Connection, sources: Sources = None) -> set[int]:
    """Source accounts that the last linking pass could not place."""
    query = _of(sa.select(unlinked.c.source_account_id), unlinked.c.source_account_id, sources)
    return set(connection.execute(query).scalars())


def founded(connection: sa.Connection, sources: Sources = None) -> dict[int, int]:
    """The account that each source account founded last, whether it still belongs to it or not."""
    query = sa.select(link.c.source_account_id, link.c.account_id).where(link.c.method == "anchor").order_by(link.c.id)
    return {row.source_account_id: row.account_id for row in connection.execute(_of(query, link.c.source_account_id, sources))}


def founders(connection: sa.Connection, account_ids: Collection[int]) -> dict[int, int]:
    """The source account that founded each account, the last one where several did in turn."""
    found: dict[int, int] = {}
    for chunk in chunked(sorted(account_ids)):
        query = sa.select(link.c.account_id, link.c.source_account_id).where(
            link.c.method == "anchor", link.c.account_id.in_(chunk)
        )
        found.update((account_id, source) for account_id, source in connection.execute(query.order_by(link.c.id)))
    return found


def entered_for(connection: sa.Connection, sources: Sources = None) -> dict[int, int]:
    """The account that each source account of people's own entries stands for: its key is the account's id."""
    query = (
        sa.select(source_account.c.id, source_account.c.key)
        .join(connection_table, connection_table.c.id == source_account.c.connection_id)
        .where(connection_table.c.name == PEOPLE, connection_table.c.connector == PEOPLE)
        .order_by(source_account.c.id)
    )
    return {row.id: int(row.key) for row in connection.execute(_of(query, source_account.c.id, sources))}


def create_accounts(connection: sa.Connection, count: int, now: datetime) -> list[int]:
    """Create accounts; returns their ids in order."""
    return [
        int(connection.execute(sa.insert(account).values(created_at=now)).inserted_primary_key[0])  # type: ignore[index]
        for _ in range(count)
    ]


def write_links(connection: sa.Connection, new: Sequence[NewLink], now: datetime) -> None:
    """Close the links that these replace and open them."""
    close_links(connection, [n.source_account_id for n in new], now)
    if new:
        connection.execute(sa.insert(link), [asdict(n) for n in new])


def close_links(connection: sa.Connection, source_account_ids: Sequence[int], now: datetime) -> None:
    """End the current links of some source accounts."""
    # A clock that stepped back must not make a link end before it began.
    at = sa.literal(now, link.c.known_to.type)
    end = sa.case((link.c.known_from > at, link.c.known_from), else_=at)
    for chunk in chunked(source_account_ids):
        connection.execute(
            sa.update(link).where(link.c.source_account_id.in_(chunk), link.c.known_to.is_(None)).values(known_to=end)
        )


def replace_unlinked(connection: sa.Connection, rows: Mapping[int, Mapping[str, Any]], sources: Sources = None) -> bool:
    """Make the list of unlinked source accounts, or what it has of some, exactly these; true when that changed anything."""
    before = {
        row.source_account_id: {"reason": row.reason, "candidates": row.candidates}
        for row in connection.execute(_of(sa.select(unlinked), unlinked.c.source_account_id, sources))
    }
    if before == rows:
        return False
    gone = [id for id, row in before.items() if rows.get(id) != row]
    connection.execute(sa.delete(unlinked).where(one_of(unlinked.c.source_account_id, gone)))
    new = [{"source_account_id": id, **row} for id, row in rows.items() if before.get(id) != row]
    if new:
        connection.execute(sa.insert(unlinked), new)
    return True
