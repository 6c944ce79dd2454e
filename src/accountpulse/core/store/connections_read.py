"""Reads how connections stand for people: several at once, with when they last answered and their latest runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from accountpulse.core.store.chunks import chunked
from accountpulse.core.store.facts import FACTS
from accountpulse.core.store.people import ENTERED
from accountpulse.core.store.tables import connection as connection_table
from accountpulse.core.store.tables import held_delete, inbox, quarantine, run, run_stream


def by_ids(connection: sa.Connection, ids: Sequence[int]) -> dict[int, sa.Row[Any]]:
    """Connections by id, those that were removed from the configuration included."""
    query = sa.select(connection_table).where(connection_table.c.id.in_(ids))
    return {row.id: row for row in connection.execute(query)}


def latest_runs(connection: sa.Connection, connection_ids: Sequence[int], first: int) -> dict[int, list[sa.Row[Any]]]:
    """The latest runs of each connection, newest first."""
    place = sa.func.row_number().over(partition_by=run.c.connection_id, order_by=run.c.id.desc()).label("place")
    ranked = sa.select(run, place).where(run.c.connection_id.in_(connection_ids)).subquery()
    found: dict[int, list[sa.Row[Any]]] = {}
    query = sa.select(ranked).where(ranked.c.place <= first).order_by(ranked.c.connection_id, ranked.c.id.desc())
    for row in connection.execute(query):
        found.setdefault(row.connection_id, []).append(row)
    return found


def streams_of_runs(connection: sa.Connection, run_ids: Sequence[int]) -> dict[int, list[sa.Row[Any]]]:
    """What each run did, by run."""
    found: dict[int, list[sa.Row[Any]]] = {}
    for chunk in chunked(run_ids):
        query = sa.select(run_stream).where(run_stream.c.run_id.in_(chunk)).order_by(run_stream.c.stream)
        for row in connection.execute(query):
            found.setdefault(row.run_id, []).append(row)
    return found


def held(connection: sa.Connection, connection_ids: Sequence[int]) -> dict[int, list[sa.Row[Any]]]:
    """The snapshots that wait for a person's word, by connection."""
    found: dict[int, list[sa.Row[Any]]] = {}
    query = sa.select(held_delete).where(held_delete.c.connection_id.in_(connection_ids))
    for row in connection.execute(query.order_by(held_delete.c.stream)):
        found.setdefault(row.connection_id, []).append(row)
    return found


def quarantined(connection: sa.Connection, connection_ids: Sequence[int], first: int) -> dict[int, list[sa.Row[Any]]]:
    """The records of each connection that could not be understood, the latest first, each with how `many` there are."""
    newest = [quarantine.c.seen_at.desc(), quarantine.c.stream, quarantine.c.source_id]
    place = sa.func.row_number().over(partition_by=quarantine.c.connection_id, order_by=newest).label("place")
    many = sa.func.count().over(partition_by=quarantine.c.connection_id).label("many")
    ranked = sa.select(quarantine, place, many).where(quarantine.c.connection_id.in_(connection_ids)).subquery()
    found: dict[int, list[sa.Row[Any]]] = {}
    for row in connection.execute(sa.select(ranked).where(ranked.c.place <= first).order_by(ranked.c.place)):
        found.setdefault(row.connection_id, []).append(row)
    return found


def last_received(connection: sa.Connection, connection_ids: Sequence[int]) -> dict[int, datetime]:
    """When each connection last received a pushed message, or a person's entry, by connection."""
    entries = [(FACTS[record], FACTS[record].c.known_from) for record in ENTERED]
    latest = sa.union_all(
        *(
            sa.select(table.c.connection_id, sa.func.max(at, type_=at.type).label("at"))
            .where(table.c.connection_id.in_(connection_ids))
            .group_by(table.c.connection_id)
            for table, at in ((inbox, inbox.c.received_at), *entries)
        )
    ).subquery()
    query = sa.select(latest.c.connection_id, sa.func.max(latest.c.at, type_=inbox.c.received_at.type).label("at"))
    return {row.connection_id: row.at for row in connection.execute(query.group_by(latest.c.connection_id))}
