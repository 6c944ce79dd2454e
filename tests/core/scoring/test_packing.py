from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accountpulse.core.errors import StoreError
from accountpulse.core.metrics.states import ComponentState
from accountpulse.core.scoring.packing import MAX_ERROR, pack, unpack

cells = st.one_of(
    st.tuples(st.floats(0, 100), st.just(0)),
    st.tuples(st.just(float("nan")), st.sampled_from([int(state) for state in ComponentState if state])),
)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 20).flatmap(lambda k: st.lists(st.lists(cells, min_size=k, max_size=k), min_size=1, max_size=5)))
def test_what_is_packed_comes_back_within_the_stated_error(rows):
    components = np.array([[value for value, _ in row] for row in rows])
    states = np.array([[state for _, state in row] for row in rows], np.int8)
    packed = pack(components, states)
    assert packed.dtype == np.uint8
    back, back_states = unpack([row.tobytes() for row in packed])
    np.testing.assert_array_equal(back_states, states)
    np.testing.assert_array_equal(np.isnan(back), states != 0)
    known = states == 0
    assert np.abs(back[known] - components[known]).max(initial=0) < MAX_ERROR
    np.testing.assert_array_equal(pack(back, back_states), packed)


def test_the_ends_of_the_scale_and_the_codes_are_exact():
    packed = pack(np.array([[0.0, 100.0, np.nan, np.nan]]), np.array([[0, 0, 1, 6]], np.int8))
    assert packed.tolist() == [[0, 247, 249, 254]]
    assert unpack([packed[0].tobytes()])[0][0, :2].tolist() == [0, 100]


@pytest.mark.parametrize("byte", [248, 255])
def test_a_damaged_row_is_refused(byte):
    with pytest.raises(StoreError, match="damaged"):
        unpack([bytes([byte])])


def test_rows_of_different_models_are_refused_and_none_is_fine():
    with pytest.raises(StoreError, match="different lengths"):
        unpack([b"a", b"ab"])
    assert unpack([])[0].shape == (0, 0)
