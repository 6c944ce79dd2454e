from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accountpulse.core.errors import StoreError
from accountpulse.core.store.history_rows import Packed, has_aside, unpack

DAY = date(2026, 6, 30)
CENTI, BAND = st.none() | st.integers(0, 10_000), st.none() | st.integers(-1, 25)


@given(
    st.integers(0, 100), st.binary(max_size=20), CENTI, BAND, CENTI, BAND, st.none() | st.dates(DAY - timedelta(days=4000), DAY)
)
def test_what_is_packed_comes_back(coverage, components, raw, raw_band, steady, steady_band, rising):
    said = Packed(coverage, components, raw, raw_band, steady, steady_band, rising)
    packed = said.pack(DAY)
    assert unpack(packed, DAY) == said
    assert has_aside(packed) == ((raw, raw_band, steady, steady_band, rising) != (None,) * 5)


def test_a_row_that_says_the_same_before_and_after_has_a_byte_beside_its_components():
    assert len(Packed(100, b"x" * 15).pack(DAY)) == 16


@pytest.mark.parametrize("packed", [b"", b"\x80", b"\x80\x01\x05"])
def test_damaged_bytes_are_named(packed):
    with pytest.raises(StoreError, match="damaged"):
        unpack(packed, DAY)
