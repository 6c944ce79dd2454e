"""Counts the writes that can change an answer, by domain, so that caches know when they are stale."""

from __future__ import annotations

from typing import Literal

import sqlalchemy as sa

from accountpulse.core.store.tables import revision
from accountpulse.core.store.upsert import insert

Domain = Literal["facts", "scores", "people", "models", "operations"]


NOTED = "accountpulse_revisions"


def bump(connection: sa.Connection, *domains: Domain) -> None:
    """Advance the revision of each domain when the caller's transaction ends, which `Store.write` began.

    At its end and in one order: two transactions that advance several wait for each other shortly, and never both.
    """
    noted: set[Domain] = connection.get_execution_options()[NOTED]
    noted.update(domains)


def advance(connection: sa.Connection) -> None:
    """Write what was noted by `bump`; the last thing a transaction does."""
    for domain in sorted(connection.get_execution_options()[NOTED]):
        statement = insert(connection, revision).values(domain=domain, number=1)
        connection.execute(statement.on_conflict_do_update(index_elements=["domain"], set_={"number": revision.c.number + 1}))


def current(connection: sa.Connection) -> dict[str, int]:
    """The revision of every domain that was ever written."""
    return {row.domain: row.number for row in connection.execute(sa.select(revision))}
