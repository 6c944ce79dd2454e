"""What the history still answers after it was thinned, against the rows it had, on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accountpulse.core.scoring.retention import Retention, Thinned, thin
from accountpulse.core.store.absence import score_absence
from accountpulse.core.store.database import Store
from accountpulse.core.store.history_rows import Packed
from accountpulse.core.store.tables import account, peer, score_history, scored_day, scoring_model, segment

TODAY = date(2026, 6, 30)
NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)

Row = tuple[int, int, int, int, int]
"""Account, basis, days ago, score in hundredths, band."""


@pytest.fixture
def prepared(store: Store) -> Store:
    with store.write() as connection:
        connection.execute(sa.insert(segment), [{"id": 1, "name": "all"}])
        connection.execute(sa.insert(scoring_model), [{"id": 1, "version": "v", "name": "m", "content": {}, "created_at": NOW}])
        connection.execute(sa.insert(account), [{"id": i, "created_at": NOW} for i in (1, 2)])
    return store


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def put(store: Store, rows: list[Row]) -> None:
    with store.write() as connection:
        for table in (score_history, scored_day, peer):
            connection.execute(sa.delete(table))
        connection.execute(
            sa.insert(score_history),
            [
                {
                    "account_id": id,
                    "basis": basis,
                    "day": TODAY - timedelta(days=back),
                    "model_id": 1,
                    "segment_id": 1,
                    "score_centi": score,
                    "band": band,
                    "packed": Packed(50, b"").pack(TODAY - timedelta(days=back)),
                }
                for id, basis, back, score, band in rows
            ],
        )


def kept(store: Store) -> dict[tuple[int, int], list[tuple[date, int, int]]]:
    found: dict[tuple[int, int], list[tuple[date, int, int]]] = {}
    with store.read() as connection:
        for row in connection.execute(sa.select(score_history).order_by(score_history.c.day)):
            found.setdefault((row.account_id, row.basis), []).append((row.day, row.score_centi, row.band))
    return found


def in_force(series: list[tuple[date, int, int]], day: date) -> tuple[date, int, int] | None:
    return next((row for row in reversed(series) if row[0] <= day), None)


rows = st.dictionaries(
    st.tuples(st.integers(1, 2), st.sampled_from((0, 1, 2)), st.integers(0, 60)),
    st.tuples(st.integers(0, 10_000), st.integers(-1, 2)),
    min_size=1,
    max_size=60,
)


@given(rows=rows, daily=st.integers(0, 40), keep=st.none() | st.integers(0, 70))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
def test_every_day_that_is_kept_is_still_answered(
    prepared: Store, rows: dict[tuple[int, int, int], tuple[int, int]], daily: int, keep: int | None
) -> None:
    put(prepared, [(*key, *value) for key, value in rows.items()])
    before = kept(prepared)
    with prepared.write() as connection:
        report = thin(connection, TODAY, Retention(daily_days=daily, keep_days=keep))
    after = kept(prepared)
    assert sum(map(len, before.values())) - sum(map(len, after.values())) == report.thinned + report.forgotten
    first = TODAY - timedelta(days=60 if keep is None else min(keep, 60))
    for key, series in before.items():
        left = after[key]
        assert set(left) <= set(series)
        for day in (first + timedelta(days=i) for i in range((TODAY - first).days + 1)):
            was, now = in_force(series, day), in_force(left, day)
            assert (was is None) == (now is None), "a day that was answered still is"
            if was is None or now is None:
                continue
            if (TODAY - day).days < daily or day.weekday() == 6:
                assert now == was, "a day that is kept daily, and the end of a week, are answered as before"
            assert now[2] == was[2], "a band is exact to the day"
            week_before = in_force(series, day - timedelta(days=day.weekday() + 1))
            assert week_before is None or now[0] >= week_before[0], "an answer is at least that of the end of the week before"


def test_thinning_again_removes_nothing(prepared: Store) -> None:
    put(prepared, [(1, 0, back, back * 100, 1) for back in range(60)])
    with prepared.write() as connection:
        assert thin(connection, TODAY, Retention(daily_days=20, keep_days=45)).thinned > 0
        assert thin(connection, TODAY, Retention(daily_days=20, keep_days=45)) == Thinned()


def test_by_default_everything_is_kept(prepared: Store) -> None:
    put(prepared, [(1, 0, back, back * 100, 1) for back in range(60)])
    with prepared.write() as connection:
        assert thin(connection, TODAY, Retention()) == Thinned()


def test_what_explains_forgotten_days_goes_too(prepared: Store) -> None:
    put(prepared, [(1, 0, 60, 5000, 1), (1, 0, 5, 6000, 1)])
    days = [TODAY - timedelta(days=back) for back in (50, 10)]
    with prepared.write() as connection:
        connection.execute(sa.insert(scored_day), [{"day": day, "basis": 0, "scored_at": NOW, "accounts": 1} for day in days])
        connection.execute(
            sa.insert(peer),
            [
                {
                    "model_id": 1,
                    "segment_id": 1,
                    "day": day,
                    "metric": "mrr",
                    "component": 50.0,
                    "value": 1.0,
                    "accounts": 1,
                    "curve": [],
                }
                for day in days
            ],
        )
        spans = [(1, 60, 40), (1, 29, 20), (2, 60, 30), (2, 20, None)]
        connection.execute(
            sa.insert(score_absence),
            [
                {"account_id": id, "basis": 0, "day": ago(start), "until": None if end is None else ago(end)}
                for id, start, end in spans
            ],
        )
        thin(connection, TODAY, Retention(keep_days=30))
        left = connection.execute(sa.select(score_absence.c.until).order_by(score_absence.c.day)).scalars().all()
        assert left == [ago(30), ago(20), None], "who was back before the horizon is not told of any more"
        for table in (scored_day, peer):
            assert connection.execute(sa.select(table.c.day)).scalars().all() == days[1:]
    assert len(kept(prepared)[1, 0]) == 2, "the row in force at the horizon stays"
