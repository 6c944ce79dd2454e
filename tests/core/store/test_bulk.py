"""Many rows at once: as SQLAlchemy would have written them, and with its errors."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa

from accountpulse.core.store.bulk import insert_rows
from accountpulse.core.store.database import Store
from accountpulse.core.store.tables import api_token, fx_rate

NOON = datetime(2026, 3, 2, 12, 0, 0, 250, tzinfo=UTC)


def test_values_of_every_kind_come_back_whatever_the_order_of_columns(store: Store) -> None:
    names = ("scopes", "expires_at", "hash", "created_at", "name", "prefix")
    rows = [
        (["read", "näch\\t"], None, b"\x00\\\xff", NOON, "tab\tand\nline \\N", "a"),
        ({"deep": [1, None, True]}, NOON, b"", NOON, "", "b"),
    ]
    with store.write() as connection:
        insert_rows(connection, api_token, names, rows)
        found = connection.execute(sa.select(*(api_token.c[name] for name in names)).order_by(api_token.c.prefix))
        assert [tuple(row) for row in found] == rows


def test_a_row_that_is_there_already_takes_back_all_of_them(store: Store) -> None:
    names = ("currency", "day", "rate")
    with pytest.raises(sa.exc.IntegrityError), store.write() as connection:
        insert_rows(connection, fx_rate, names, [("EUR", date(2026, 3, 2), 1.5), ("EUR", date(2026, 3, 2), 2.5)])
    with store.write() as connection:
        insert_rows(connection, fx_rate, names, [("EUR", date(2026, 3, 2), 1.5)])
        insert_rows(connection, fx_rate, names, [])
        assert connection.execute(sa.select(fx_rate)).all() == [("EUR", date(2026, 3, 2), 1.5)]
