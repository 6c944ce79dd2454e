"""The accounts' current attributes, one row an account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from accountpulse.core.store.chunks import chunked, one_of
from accountpulse.core.store.scope import RowScope
from accountpulse.core.store.tables import account_profile
from accountpulse.core.store.upsert import insert


def write(connection: sa.Connection, rows: Sequence[Mapping[str, Any]], accounts: Sequence[int] | None = None) -> int:
    """Insert or update rows that differ, and drop accounts that are no longer there; `mrr` is left as it is.

    accounts: the rows are only of these.
    """
    table = account_profile
    query = sa.select(table) if accounts is None else sa.select(table).where(one_of(table.c.account_id, accounts))
    known = {row.account_id: row for row in connection.execute(query)}
    changed = [row for row in rows if _differs(known.get(row["account_id"]), row)]
    gone = sorted(set(known) - {row["account_id"] for row in rows})
    if gone:
        connection.execute(
            sa.delete(table).where(table.c.account_id == sa.bindparam("account")), [{"account": id} for id in gone]
        )
    if changed:
        statement = insert(connection, table)
        columns = [name for name in changed[0] if name != "account_id"]
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["account_id"], set_={name: statement.excluded[name] for name in columns}
            ),
            list(changed),
        )
    return len(changed) + len(gone)


def set_mrr(
    connection: sa.Connection, mrr: Mapping[int, int | None], accounts: Sequence[int] | None = None
) -> tuple[int, set[int]]:
    """Set the monthly recurring revenue, in minor units of the reporting currency, of all accounts or of some.

    An account that is not named in `mrr` is no customer any longer, and has none. Returns how many changed, and the named ones
    that have no row: they have not been linked yet since they became customers.
    """
    table = account_profile
    wanted = sa.true() if accounts is None else one_of(table.c.account_id, accounts)
    known = dict(connection.execute(sa.select(table.c.account_id, table.c.mrr).where(wanted)).all())
    changed = [{"account": id, "new": mrr.get(id)} for id, value in known.items() if value != mrr.get(id)]
    if changed:
        connection.execute(
            sa.update(table).where(table.c.account_id == sa.bindparam("account")).values(mrr=sa.bindparam("new")), changed
        )
    return len(changed), mrr.keys() - known.keys()


def names(connection: sa.Connection, accounts: Sequence[int] | None = None) -> dict[int, str]:
    """What each account is called, of all or of some."""
    query = sa.select(account_profile.c.account_id, account_profile.c.name)
    if accounts is None:
        return dict(connection.execute(query).all())
    found: dict[int, str] = {}
    for chunk in chunked(accounts):
        found |= dict(connection.execute(query.where(account_profile.c.account_id.in_(chunk))).all())
    return found


def ids(connection: sa.Connection, *, scope: RowScope) -> list[int]:
    """The accounts of a scope."""
    return list(
        connection.execute(scope.limit(sa.select(account_profile.c.account_id), account_profile.c.account_id)).scalars()
    )


def _differs(row: sa.Row[Any] | None, wanted: Mapping[str, Any]) -> bool:
    return row is None or any(getattr(row, name) != value for name, value in wanted.items())
