"""Where one block of accounts ends and the next begins must not show."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.scoring.builders import cases

from accountpulse.core.scoring import blocks


@settings(max_examples=60, deadline=None)
@given(cases(), st.integers(1, 3))
def test_blocks_of_any_size_give_the_same_to_the_last_bit(case, rows):
    whole = case.evaluate()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(blocks, "ROWS", rows)
        cut = case.evaluate()
    for name in ("components", "states", "deltas", "own", "coverage", "score", "low", "high", "band"):
        np.testing.assert_array_equal(getattr(cut, name), getattr(whole, name), name)
    assert [(a.code, a.label) for a in cut.adjustments] == [(a.code, a.label) for a in whole.adjustments]
    for one, other in zip(cut.adjustments, whole.adjustments, strict=True):
        np.testing.assert_array_equal(one.points, other.points, one.code)
