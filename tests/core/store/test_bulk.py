"""Many rows at once: as SQLAlchemy would have written them, and with its errors."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa

from accountpulse.core.store.bulk import insert_rows, upsert_rows
from accountpulse.core.store.chunks import one_of
from accountpulse.core.store.database import Store
from accountpulse.core.store.tables import api_token, fx_rate, scoring_model

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


def test_a_row_of_a_known_key_is_replaced(store: Store) -> None:
    names, first, second = ("rate", "day", "currency"), date(2026, 3, 2), date(2026, 3, 3)
    with store.write() as connection:
        upsert_rows(connection, fx_rate, names, [(1.5, first, "EUR"), (0.9, first, "CHF")])
        upsert_rows(connection, fx_rate, names, [(2.5, first, "EUR"), (3.5, second, "EUR")])
        upsert_rows(connection, fx_rate, names, [])
        found = connection.execute(sa.select(fx_rate).order_by(fx_rate.c.currency, fx_rate.c.day)).all()
    assert found == [("CHF", first, 0.9), ("EUR", first, 2.5), ("EUR", second, 3.5)]


@pytest.mark.parametrize("ids", [[], [2], list(range(2, 100_000))], ids=["none", "one", "many"])
def test_rows_of_any_number_of_ids_are_found_by_their_index(store: Store, ids: list[int]) -> None:
    names = ("id", "version", "name", "content", "created_at")
    with store.write(scattered=True) as connection:
        insert_rows(connection, scoring_model, names, [(id, f"v{id}", "m", {}, NOON) for id in (1, 2, 3)])
        wanted = sa.select(scoring_model.c.id).where(one_of(scoring_model.c.id, ids), scoring_model.c.name == "m")
        assert sorted(connection.execute(wanted).scalars()) == [id for id in (1, 2, 3) if id in ids]
        if store.is_sqlite:
            plan = connection.exec_driver_sql(f"explain query plan {wanted.compile(connection)}", ("[]", "m")).all()
            assert "SEARCH scoring_model USING INTEGER PRIMARY KEY" in plan[0].detail
