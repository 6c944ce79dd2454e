"""Reads what became of accounts: the facts that outcomes, notices and revenue are derived from, under today's links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from accountpulse.core.store.facts import FACTS
from accountpulse.core.store.tables import connection as connection_table
from accountpulse.core.store.tables import link, stream_state


def entered(connection: sa.Connection) -> list[sa.Row[Any]]:
    """The current outcome records: what a person or a connector said became of an account, and whose."""
    fact = FACTS["outcome"].c
    return _current(connection, "outcome", (fact.kind, fact.at, fact.amount, fact.currency))


def movements(connection: sa.Connection) -> list[sa.Row[Any]]:
    """Every movement of recurring revenue, by account, oldest first."""
    fact = FACTS["subscription_change"].c
    return _current(connection, "subscription_change", (fact.at, fact.mrr_delta, fact.currency), fact.at)


def subscriptions(connection: sa.Connection) -> list[sa.Row[Any]]:
    """The current subscriptions, by account, oldest first."""
    fact = FACTS["subscription"].c
    return _current(connection, "subscription", (fact.started_at, fact.trial_ends_at, fact.ended_at), fact.started_at)


def closed_renewals(connection: sa.Connection) -> list[sa.Row[Any]]:
    """The renewal deals that were closed, won or lost, by account, oldest first."""
    fact = FACTS["opportunity"].c
    closed = sa.and_(fact.kind == "renewal", fact.closed_at.is_not(None), fact.won.is_not(None))
    return _current(connection, "opportunity", (fact.closed_at, fact.won), fact.closed_at, where=closed)


def subscription_versions(connection: sa.Connection) -> list[sa.Row[Any]]:
    """Every version of every subscription, by source record, oldest first: when was it known that it would end?"""
    fact = FACTS["subscription"].c
    return _versions(connection, "subscription", (fact.started_at, fact.renews_at, fact.ended_at))


def announced_ends(connection: sa.Connection) -> list[sa.Row[Any]]:
    """Every version of an account or of an outcome that names the day on which the customer leaves, as `ends_at`.

    `record` says which of the two it is.
    """
    account, outcome = FACTS["account"].c, FACTS["outcome"].c
    left = account.churned_at.is_not(None)
    churned = outcome.kind == "churned"
    return [
        *_versions(connection, "account", (account.churned_at.label("ends_at"), sa.literal("account").label("record")), left),
        *_versions(connection, "outcome", (outcome.at.label("ends_at"), sa.literal("outcome").label("record")), churned),
    ]


def _current(
    connection: sa.Connection,
    record: str,
    columns: Sequence[sa.ColumnElement[Any]],
    *order: sa.ColumnElement[Any],
    where: sa.ColumnElement[bool] | None = None,
) -> list[sa.Row[Any]]:
    table = FACTS[record]
    query = (
        sa.select(link.c.account_id, connection_table.c.name.label("connection"), table.c.source_id, *columns)
        .join(link, sa.and_(link.c.source_account_id == table.c.source_account_id, link.c.known_to.is_(None)))
        .join(connection_table, connection_table.c.id == table.c.connection_id)
        .where(table.c.known_to.is_(None), sa.true() if where is None else where)
        .order_by(link.c.account_id, *order, table.c.id)
    )
    return list(connection.execute(query))


def _versions(
    connection: sa.Connection,
    record: str,
    columns: Sequence[sa.ColumnElement[Any]],
    where: sa.ColumnElement[bool] | None = None,
) -> list[sa.Row[Any]]:
    table = FACTS[record]
    envelope = (table.c.connection_id, table.c.source_id, table.c.known_from, table.c.known_to, table.c.assumed)
    query = (
        sa.select(link.c.account_id, *envelope, *columns)
        .join(link, sa.and_(link.c.source_account_id == table.c.source_account_id, link.c.known_to.is_(None)))
        .where(sa.true() if where is None else where)
        .order_by(table.c.connection_id, table.c.source_id, table.c.known_from, table.c.id)
    )
    return list(connection.execute(query))


# --- what is assumed ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FirstLoad:
    """When a connection first finished loading a record type (None: not yet), when it was last read, and whether it is gone."""

    connection_id: int
    connection: str
    record: str
    at: datetime | None
    last_success_at: datetime | None
    removed: bool


def first_loads(connection: sa.Connection) -> list[FirstLoad]:
    """One entry for each connection and record type that a stream reads. What is pushed has none: it is known as it comes."""
    c, s = connection_table.c, stream_state.c
    query = (
        sa.select(s.connection_id, c.name, s.records, s.first_loaded_at, s.last_success_at, c.removed_at)
        .join(connection_table, c.id == s.connection_id)
        .order_by(s.connection_id, s.stream)
    )
    found: dict[tuple[int, str], FirstLoad] = {}
    for row in connection.execute(query):
        for record in row.records:
            removed = row.removed_at is not None
            load = FirstLoad(row.connection_id, row.name, record, row.first_loaded_at, row.last_success_at, removed)
            known = found.setdefault((row.connection_id, record), load)
            if known.at is None or (load.at is not None and load.at < known.at):
                found[row.connection_id, record] = load
    return list(found.values())


@dataclass(frozen=True, slots=True)
class FactCount:
    """How many versions of a connection's records of one type were known at an instant, and how many are of a first load."""

    connection_id: int
    record: str
    facts: int
    of_first_load: int


def facts_known(connection: sa.Connection, records: Sequence[str], at: datetime) -> list[FactCount]:
    """The versions known at an instant, by record type and connection."""
    counts: list[FactCount] = []
    for record in records:
        table = FACTS[record]
        visible = sa.and_(table.c.known_from <= at, sa.or_(table.c.known_to.is_(None), table.c.known_to > at))
        query = (
            sa.select(table.c.connection_id, sa.func.count(), sa.func.count(sa.case((table.c.assumed, 1))))
            .where(visible)
            .group_by(table.c.connection_id)
            .order_by(table.c.connection_id)
        )
        counts += [FactCount(row[0], record, int(row[1]), int(row[2])) for row in connection.execute(query)]
    return counts
