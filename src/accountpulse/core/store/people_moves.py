"""Moves what people decided, promised and noted between accounts, as these join and part.

A row is of one account all its life. Moving one ends it and opens another with the same content, so that what held for an
account on a past day is still told of that day. `home_id` keeps for whom it was entered.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from accountpulse.core.store.people import close, open_row
from accountpulse.core.store.people_tables import account_note, account_target, score_override
from accountpulse.core.store.revisions import bump

ONE_AT_A_TIME: Final = (score_override, account_target)
TABLES: Final = (*ONE_AT_A_TIME, account_note)
_OF_THE_ROW = ("id", "account_id", "home_id", "known_from", "known_to", "ended_by")


def homes(connection: sa.Connection) -> set[int]:
    """The accounts for which something was entered that still holds."""
    return {
        id
        for table in TABLES
        for id in connection.execute(sa.select(_home(table)).where(table.c.known_to.is_(None)).distinct()).scalars()
    }


def bring(connection: sa.Connection, accounts: Mapping[int, int], now: datetime) -> None:
    """Move what still holds to where it belongs. accounts: by the account that it was entered for; others stay.

    Of overrides, and of targets, an account has one: its own stays, and one that would come beside it ends.
    """
    for table in TABLES:
        rows = connection.execute(sa.select(table).where(table.c.known_to.is_(None)).order_by(table.c.id)).all()
        moving = [row for row in rows if accounts.get(_home_of(row), row.account_id) != row.account_id]
        # Who leaves makes room for who comes, whichever is looked at first.
        for row in moving:
            close(connection, table, table.c.id == row.id, f"joined account {accounts[_home_of(row)]}", now)
        leaving = {row.id for row in moving}
        taken = {row.account_id for row in rows if row.id not in leaving} if table in ONE_AT_A_TIME else set()
        # At home before a guest, and then the latest word.
        for row in sorted(moving, key=lambda row: (accounts[_home_of(row)] != _home_of(row), -row.id)):
            account_id = accounts[_home_of(row)]
            if account_id in taken:
                continue
            if table in ONE_AT_A_TIME:
                taken.add(account_id)
            values: dict[str, Any] = {name: value for name, value in row._mapping.items() if name not in _OF_THE_ROW}
            home = None if account_id == _home_of(row) else _home_of(row)
            # An override counts here from now on. What was promised or written is as old as it is.
            since = now if table is score_override else row.known_from
            open_row(connection, table, account_id, values | {"home_id": home}, now=since)
        if moving:
            bump(connection, "people")


def _home(table: sa.Table) -> sa.ColumnElement[int]:
    return sa.func.coalesce(table.c.home_id, table.c.account_id)


def _home_of(row: sa.Row[Any]) -> int:
    home: int = row.account_id if row.home_id is None else row.home_id
    return home
