"""Writes and reads what people decide, promise and note about accounts, and the connection of the facts they enter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from accountpulse.core.store.chunks import chunked
from accountpulse.core.store.connections import PEOPLE, by_name, lock
from accountpulse.core.store.facts import FACTS
from accountpulse.core.store.people_tables import score_override
from accountpulse.core.store.revisions import bump
from accountpulse.core.store.scope import RowScope
from accountpulse.core.store.states import keep_unconfigured
from accountpulse.core.store.tables import account, account_profile, link, score_current
from accountpulse.core.store.tables import connection as connection_table
from accountpulse.core.store.upsert import insert

Entered = Literal["pulse", "outcome"]
ENTERED: tuple[Entered, ...] = ("pulse", "outcome")
"""The record types that people enter themselves."""
LAST = 1_000
"""The priority of people's connection, after every configured one: it has no attributes to be believed about."""


def overrides_in_force(
    connection: sa.Connection, at: datetime, accounts: Sequence[int] | None = None
) -> dict[int, sa.Row[Any]]:
    """The override that holds for each account at an instant: known_from <= at < the earlier of known_to and expires_at.

    Rows have id, account_id, score, owner, reason, expires_at, known_from. accounts: only theirs; None means all.
    """
    o = score_override.c
    query: sa.Select[Any] = sa.select(o.id, o.account_id, o.score, o.owner, o.reason, o.expires_at, o.known_from).where(
        o.known_from <= at, o.expires_at > at, sa.or_(o.known_to.is_(None), o.known_to > at)
    )
    # In a row of overrides each ends where the next begins; the later one counts should a clock have stepped back.
    query = query.order_by(o.id)
    if accounts is None:
        return {row.account_id: row for row in connection.execute(query)}
    return {
        row.account_id: row for chunk in chunked(accounts) for row in connection.execute(query.where(o.account_id.in_(chunk)))
    }


def lock_account(connection: sa.Connection, account_id: int) -> None:
    """Make whoever else puts in something about the account wait until this transaction ends."""
    connection.execute(sa.select(account.c.id).where(account.c.id == account_id).with_for_update(key_share=True))


# --- decisions, promises, notes: rows with known_from and known_to --------------------------------------------------------


def open_row(connection: sa.Connection, table: sa.Table, account_id: int, values: Mapping[str, Any], *, now: datetime) -> int:
    """Open a row for an account; returns its id."""
    result = connection.execute(sa.insert(table).values(account_id=account_id, known_from=now, **values))
    bump(connection, "people")
    return int(result.inserted_primary_key[0])  # type: ignore[index]


def replace(
    connection: sa.Connection, table: sa.Table, account_id: int, values: Mapping[str, Any], *, by: str, now: datetime
) -> int:
    """Open a row for an account, and close the one before; returns its id."""
    # Of two who decide at once one waits for the other, and replaces what that one said.
    lock_account(connection, account_id)
    close(connection, table, table.c.account_id == account_id, by, now)
    return open_row(connection, table, account_id, values, now=now)


def end_current(connection: sa.Connection, table: sa.Table, account_id: int, *, by: str, now: datetime) -> int | None:
    """Close the account's open row; returns its id, None when it has none."""
    return _ended(connection, table, table.c.account_id == account_id, by, now)


def end(connection: sa.Connection, table: sa.Table, id: int, *, by: str, now: datetime) -> int | None:
    """Close a row that is open; returns its id, None when there is none with this id."""
    return _ended(connection, table, table.c.id == id, by, now)


def account_of(connection: sa.Connection, table: sa.Table, id: int, *, scope: RowScope) -> int | None:
    """The account of a row."""
    query = sa.select(table.c.account_id).where(table.c.id == id)
    return connection.execute(scope.limit(query, table.c.account_id)).scalar()


def _ended(connection: sa.Connection, table: sa.Table, which: sa.ColumnElement[bool], by: str, now: datetime) -> int | None:
    closed = close(connection, table, which, by, now)
    if closed is not None:
        bump(connection, "people")
    return closed


def close(connection: sa.Connection, table: sa.Table, which: sa.ColumnElement[bool], by: str, now: datetime) -> int | None:
    """Close the open row that a condition selects; returns its id, None where there is none."""
    # A clock that stepped back must not make a row end before it began.
    at = sa.literal(now, table.c.known_to.type)
    ended = sa.case((table.c.known_from > at, table.c.known_from), else_=at)
    statement = sa.update(table).where(which, table.c.known_to.is_(None)).values(known_to=ended, ended_by=by)
    return connection.execute(statement.returning(table.c.id)).scalar()


def listing(
    connection: sa.Connection,
    table: sa.Table,
    accounts: Sequence[int] | None = None,
    *,
    former: bool = False,
    first: int | None = None,
    scope: RowScope,
) -> list[sa.Row[Any]]:
    """The open rows, and with `former` the closed ones too, the latest first; with `first` at most so many of each account.

    Each has the account's name (see `name_of`), and its score now: current_score, current_raw, current_band, null where it has
    none.
    """
    place = sa.func.row_number().over(partition_by=table.c.account_id, order_by=table.c.id.desc()).label("place")
    ranked = sa.select(table, place).where(sa.true() if former else table.c.known_to.is_(None))
    ranked = scope.limit(ranked, table.c.account_id)
    if accounts is None:
        return _listed(connection, ranked, first)
    chunks = [_listed(connection, ranked.where(table.c.account_id.in_(chunk)), first) for chunk in chunked(accounts)]
    return [row for rows in chunks for row in rows]


def _listed(connection: sa.Connection, ranked: sa.Select[Any], first: int | None) -> list[sa.Row[Any]]:
    r = ranked.subquery("ranked").c
    query = (
        sa.select(
            *r,
            account_profile.c.name.label("account_name"),
            score_current.c.score.label("current_score"),
            score_current.c.raw_score.label("current_raw"),
            score_current.c.band.label("current_band"),
        )
        .outerjoin(account_profile, account_profile.c.account_id == r.account_id)
        .outerjoin(score_current, score_current.c.account_id == r.account_id)
        .order_by(r.id.desc())
    )
    return list(connection.execute(query if first is None else query.where(r.place <= first)))


def name_of(row: sa.Row[Any]) -> str:
    """The name of a listed row's account; its number where the account is no more."""
    return row.account_name or f"account {row.account_id}"


# --- facts that people enter ----------------------------------------------------------------------------------------------


def connection_of_people(connection: sa.Connection, now: datetime) -> int:
    """The id of the connection whose facts people enter, made when it is first needed; locked until the transaction ends."""
    values = {"name": PEOPLE, "connector": PEOPLE, "priority": LAST, "anchor": False, "provides": sorted(ENTERED)}
    c = connection_table.c
    # The name was free to configure once. What such a connection brought stays, under a name that none can have.
    former = sa.update(connection_table).where(c.name == PEOPLE, c.connector != PEOPLE)
    connection.execute(former.values(name=f"{PEOPLE} (configured before)"))
    statement = insert(connection, connection_table).values(state="ok", state_since=now, **values)
    made = statement.on_conflict_do_nothing(index_elements=["name"]).returning(c.id)
    new = connection.execute(made).first()
    if new is not None:
        keep_unconfigured(connection, new.id, now)
        bump(connection, "operations")
    id = int(by_name(connection, PEOPLE).id)
    lock(connection, id)
    return id


def next_entry(connection: sa.Connection, connection_id: int) -> int:
    """A number that no entry of this connection has had, removed ones included."""
    counts = [
        connection.execute(
            sa.select(sa.func.count(sa.distinct(FACTS[record].c.source_id))).where(
                FACTS[record].c.connection_id == connection_id
            )
        ).scalar_one()
        for record in ENTERED
    ]
    return int(sum(counts)) + 1


def source_of_entry(
    connection: sa.Connection, record: Entered, connection_id: int, source_id: str, *, scope: RowScope
) -> int | None:
    """The source account of an entry, removed ones included; in a limited scope only one that is linked to its accounts."""
    fact = FACTS[record].c
    query = sa.select(fact.source_account_id).where(fact.connection_id == connection_id, fact.source_id == source_id)
    if not scope.everything:
        linked = sa.select(link.c.source_account_id).where(link.c.known_to.is_(None), scope.holds(link.c.account_id))
        query = query.where(fact.source_account_id.in_(linked))
    return connection.execute(query.order_by(fact.id.desc()).limit(1)).scalar()


def links_of_source(connection: sa.Connection, source_account_id: int) -> list[sa.Row[Any]]:
    """The links that a source account has and had, the one in force last."""
    query = sa.select(link).where(link.c.source_account_id == source_account_id)
    return list(connection.execute(query.order_by(link.c.known_to.is_(None), link.c.id)))


def facts_of(
    connection: sa.Connection, record: Entered, account_ids: Sequence[int], first: int, *, scope: RowScope
) -> dict[int, list[sa.Row[Any]]]:
    """The current facts of one type of each account, newest first, at most `first` each; whichever connection brings them."""
    fact = FACTS[record]
    found: dict[int, list[sa.Row[Any]]] = {}
    for chunk in chunked(account_ids):
        place = sa.func.row_number().over(partition_by=link.c.account_id, order_by=(fact.c.at.desc(), fact.c.id.desc()))
        current = (
            sa.select(fact, link.c.account_id, connection_table.c.name.label("connection"), place.label("place"))
            .join(link, link.c.source_account_id == fact.c.source_account_id)
            .join(connection_table, connection_table.c.id == fact.c.connection_id)
            .where(link.c.account_id.in_(chunk), link.c.known_to.is_(None), fact.c.known_to.is_(None))
        )
        ranked = scope.limit(current, link.c.account_id).subquery()
        query = sa.select(ranked).where(ranked.c.place <= first).order_by(ranked.c.account_id, ranked.c.place)
        for row in connection.execute(query):
            found.setdefault(row.account_id, []).append(row)
    return found
