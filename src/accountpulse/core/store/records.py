"""Reads the records themselves, as they are known now: the tickets, invoices, answers of accounts, the newest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from accountpulse.core.model import schemas
from accountpulse.core.store.chunks import chunked
from accountpulse.core.store.facts import FACTS
from accountpulse.core.store.paging import Order, beyond
from accountpulse.core.store.scope import RowScope
from accountpulse.core.store.tables import connection as connection_table
from accountpulse.core.store.tables import link


@dataclass(frozen=True, slots=True)
class Among:
    """Some records of accounts, chosen by a query that selects account_id, connection_id and source_id, and what it binds."""

    text: str
    parameters: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class RecordPage:
    """An account's records, newest first; more: there are others behind them."""

    rows: list[sa.Row[Any]]
    more: bool


def event_of(record: str) -> str:
    """The column that says when a record came true. Raises KeyError for a record without one."""
    event = schemas()[record].event
    if event is None:
        raise KeyError(record)
    return event.name


def page(
    connection: sa.Connection,
    record: str,
    account_ids: Sequence[int],
    first: int,
    after: Sequence[Any] | None = None,
    among: Among | None = None,
    *,
    scope: RowScope,
) -> dict[int, RecordPage]:
    """A page of each account's records of one type; their columns, and `account_id` and the name of their `connection`.

    after: the time, connection's id and source id of the row that each page begins behind.
    """
    table = FACTS[record]
    orders = _orders(table, record)
    order_by = [order.column.desc() if order.descending else order.column for order in orders]
    place = sa.func.row_number().over(partition_by=link.c.account_id, order_by=order_by).label("place")
    found: dict[int, list[sa.Row[Any]]] = {}
    for chunk in chunked(account_ids):
        rows = _of(record, among).add_columns(table, link.c.account_id, connection_table.c.name.label("connection"), place)
        rows = scope.limit(rows.where(link.c.account_id.in_(chunk)), link.c.account_id)
        if after is not None:
            rows = rows.where(beyond(orders, after))
        ranked = rows.subquery("ranked")
        query = sa.select(ranked).where(ranked.c.place <= first + 1).order_by(ranked.c.account_id, ranked.c.place)
        for row in connection.execute(query, among.parameters if among else {}):
            found.setdefault(row.account_id, []).append(row)
    return {id: RecordPage(rows[:first], len(rows) > first) for id, rows in found.items()}


def counts(
    connection: sa.Connection, record: str, account_ids: Sequence[int], among: Among | None = None, *, scope: RowScope
) -> dict[int, int]:
    """How many records of one type each account has; who has none is missing."""
    found: dict[int, int] = {}
    for chunk in chunked(account_ids):
        query = _of(record, among).add_columns(link.c.account_id, sa.func.count()).where(link.c.account_id.in_(chunk))
        query = scope.limit(query, link.c.account_id)
        rows = connection.execute(query.group_by(link.c.account_id), among.parameters if among else {})
        found.update({account_id: int(number) for account_id, number in rows})
    return found


def _orders(table: sa.Table, record: str) -> list[Order]:
    return [Order(table.c[event_of(record)], descending=True), Order(table.c.connection_id), Order(table.c.source_id)]


def _of(record: str, among: Among | None) -> sa.Select[Any]:
    table = FACTS[record]
    query = (
        sa.select()
        .select_from(table)
        .join(link, sa.and_(link.c.source_account_id == table.c.source_account_id, link.c.known_to.is_(None)))
        .join(connection_table, connection_table.c.id == table.c.connection_id)
        .where(table.c.known_to.is_(None))
    )
    if among is None:
        return query
    chosen = sa.text(among.text).columns(account_id=sa.Integer, connection_id=sa.Integer, source_id=sa.Text).subquery("chosen")
    return query.join(
        chosen,
        sa.and_(
            chosen.c.account_id == link.c.account_id,
            chosen.c.connection_id == table.c.connection_id,
            chosen.c.source_id == table.c.source_id,
        ),
    )
