"""Marks on source accounts: what they say, and that no run takes away one it did not read."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa

from accountpulse.core.store import connections, touched
from accountpulse.core.store.connections import ConnectionSpec
from accountpulse.core.store.database import Store
from accountpulse.core.store.touched import Touch, record_bit
from accountpulse.core.store.types import EPOCH_DAY
from accountpulse.core.store.writes import AccountKeys

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
JUNE, MAY = date(2026, 6, 1), date(2026, 5, 1)


def sources(connection: sa.Connection, many: int) -> list[int]:
    spec = ConnectionSpec(name="app", connector="app", priority=0, anchor=False, provides=(), streams={})
    ids = connections.register(connection, [spec], NOW)
    return list(AccountKeys(ids["app"]).intern(connection, [f"k{n}" for n in range(many)], NOW).values())


def source(connection: sa.Connection) -> int:
    (id,) = sources(connection, 1)
    return id


def test_a_mark_joins_what_an_earlier_one_said(store: Store) -> None:
    with store.write() as connection:
        id = source(connection)
        touched.touch(connection, {id: MAY}, NOW, records=record_bit("ticket"))
        touched.touch(connection, {id: JUNE}, NOW, records=record_bit("usage_day"))
        (mark,) = touched.touched(connection).values()
        assert (mark.records, mark.since) == (record_bit("ticket") | record_bit("usage_day"), MAY)
        touched.touch_wholly(connection, [id], NOW)
        (mark,) = touched.touched(connection).values()
        assert mark.since == EPOCH_DAY
        assert all(mark.records & record_bit(record) for record in ("account", "invoice"))


def test_every_mark_differs_from_the_one_before(store: Store) -> None:
    with store.write() as connection:
        id = source(connection)
        seen: list[Touch] = []
        for _ in range(3):
            touched.touch(connection, {id: JUNE}, NOW, records=1)
            seen.append(touched.touched(connection)[id])
        assert len({mark.at for mark in seen}) == 3
        assert seen[0].at == NOW
        touched.settle(connection, {id: seen[1]})
        assert touched.touched(connection) == {id: seen[2]}
        touched.settle(connection, {id: seen[2]})
        assert not touched.touched(connection)


@pytest.mark.slow
@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_who_marks_and_who_takes_marks_away_never_wait_for_each_other_in_a_circle(store: Store) -> None:
    with store.write() as connection:
        ids = sources(connection, 400)

    def set_marks(seed: int) -> None:
        dice = random.Random(seed)
        for _ in range(120):
            with store.write() as connection:
                touched.touch(connection, dict.fromkeys(dice.sample(ids, 150), JUNE), NOW, records=1)

    def take_away() -> None:
        for _ in range(120):
            with store.write() as connection:
                touched.settle(connection, touched.touched(connection))

    with ThreadPoolExecutor(6) as beside:
        work = [beside.submit(set_marks, seed) for seed in range(4)] + [beside.submit(take_away) for _ in range(2)]
    for each in work:
        each.result()
