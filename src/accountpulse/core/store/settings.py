"""What holds for the whole store, by key: small JSON values."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from accountpulse.core.store.tables import setting
from accountpulse.core.store.upsert import insert


def read_setting(connection: sa.Connection, key: str) -> Any:
    """The value of a key; None where it was never written."""
    return connection.execute(sa.select(setting.c.value).where(setting.c.key == key)).scalar()


def write_setting(connection: sa.Connection, key: str, value: Any) -> None:
    """Write the value of a key."""
    statement = insert(connection, setting).values(key=key, value=value)
    connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_={"value": statement.excluded.value}))
