"""What became of each band, how early the worst one warned, and how often bands change."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accountpulse.core.audit.bands import BandRow, band_table, order_of
from accountpulse.core.audit.figures import rate_interval
from accountpulse.core.audit.spells import flips_per_quarter, lead_days, lead_time

NAMES = ("red", "yellow", "green", "unknown")
rows = st.lists(
    st.tuples(st.integers(0, 3), st.booleans(), st.integers(0, 8), st.one_of(st.integers(0, 10**6), st.just(None))), max_size=60
)


@given(rows)
def test_the_band_table_adds_up(drawn) -> None:
    band = np.array([r[0] for r in drawn], dtype=np.int64)
    event = np.array([r[1] for r in drawn], dtype=np.bool_)
    customer = np.array([r[2] for r in drawn], dtype=np.int64)
    mrr = np.array([np.nan if r[3] is None else r[3] for r in drawn], dtype=np.float64)
    table = band_table(NAMES, band, event, customer, mrr)
    assert sum(row.snapshots for row in table) == len(drawn)
    assert sum(row.events for row in table) == event.sum()
    assert sum(row.mrr for row in table) == np.nansum(mrr)
    assert sum(row.mrr_lost for row in table) == np.nansum(mrr[event])
    if event.any():
        assert sum(row.share_of_events for row in table) == pytest.approx(1)
    for row in table:
        assert row.events <= row.snapshots
        assert row.rate.low <= row.rate.value <= row.rate.high
        assert row.mrr_lost <= row.mrr
    assert [row.band for row in table] == [name for name in NAMES if name in {r.band for r in table}]


def row(name: str, events: int, n: int) -> BandRow:
    return BandRow(name, n, n, events, rate_interval(events, n), None, 0, 0)


def test_the_order_of_bands() -> None:
    assert order_of([row("red", 60, 100), row("yellow", 20, 100), row("green", 1, 100)]) == "apart"
    assert order_of([row("red", 12, 100), row("yellow", 10, 100), row("green", 8, 100)]) == "ordered"
    assert order_of([row("red", 8, 100), row("yellow", 10, 100), row("green", 1, 100)]) == "not ordered"
    assert order_of([row("red", 10, 100), row("yellow", 10, 100)]) == "not ordered", "the same is no better"
    assert order_of([row("red", 60, 100), row("unknown", 99, 100)]) == "too few"
    small = [row("red", 0, 1), row("yellow", 60, 100), row("green", 1, 100)]
    assert order_of(small) == "apart", "one account that stayed says nothing about its band"


def test_the_last_spell_begins_where_it_was_entered_for_good() -> None:
    days = np.array([0, 10, 20, 30, 40])
    assert lead_days(days, np.array([1, 0, 1, 1, 1], dtype=bool), 45) == 25
    assert lead_days(days, np.array([1, 1, 1, 1, 1], dtype=bool), 45) == 45
    assert lead_days(days, np.array([1, 1, 1, 1, 0], dtype=bool), 45) is None
    assert lead_days(days, np.array([0, 0, 0, 1, 0], dtype=bool), 40) == 10, "what is said on the day itself comes too late"
    assert lead_days(days, np.array([1, 1, 1, 1, 1], dtype=bool), 0) is None


def test_lead_time_is_of_all_who_left() -> None:
    found = lead_time([70, 20, None, None])
    assert (found.customers, found.warned, found.median_days) == (4, 2, 45)
    assert found.ahead == {14: 0.5, 30: 0.25, 60: 0.25}
    assert lead_time([]).median_days is None


def test_flips_are_counted_within_an_account() -> None:
    account, day = np.array([1, 1, 1, 2, 2]), np.array([0, 7, 14, 7, 0])
    assert flips_per_quarter(account, day, np.array([0, 1, 1, 2, 2])) == pytest.approx(1 / 21 * 91.3125)
    assert flips_per_quarter(np.array([1, 2]), np.array([0, 7]), np.array([0, 1])) is None
