"""What is kept of a score reads exactly as what was explained."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from tests.core.scoring.builders import cases, kept
from tests.core.scoring.test_explain import setting

from accountpulse.core.errors import StoreError
from accountpulse.core.metrics.states import ComponentState
from accountpulse.core.scoring.backdrop import Backdrop, kept_parts, reasons_told
from accountpulse.core.scoring.explain import kept_of, scores_of
from accountpulse.core.scoring.types import Component

PART = Component("a", "A", "g", "count", ComponentState.MEASURED, 3.0, None, 30.0, 60.0, 0.5, -15.0, "as it was said", ("x",))


@settings(max_examples=60, deadline=None)
@given(cases())
def test_what_is_kept_reads_as_what_was_explained(case):
    result = case.evaluate()
    n = len(case.values)
    previous = np.where(np.arange(case.values.size).reshape(case.values.shape) % 2, case.values - 1, np.nan)

    def cause(i, name):
        return None if i % 2 else f"row {i} of {name} is no number"

    explained = scores_of(result, range(n), setting(case.model), previous=previous, cause=cause)
    stored = kept_of(result, setting(case.model), previous=previous, matched=[[]] * n, cause=cause, steadiness=lambda _: None)
    backdrop = Backdrop.from_content(json.loads(json.dumps(stored.backdrop.content, allow_nan=False)))
    assert backdrop.digest == stored.backdrop.digest
    for score, row in zip(explained, stored.rows, strict=True):
        parts = kept_parts(backdrop, row["numbers"], reasons_told(backdrop, row["told"]))
        assert tuple(part.whole() for part in parts) == score.components
        assert row["adjustments"] == [adjustment.to_json() for adjustment in score.adjustments]


def test_a_reason_in_words_is_told_as_it_is():
    backdrop, numbers, told = kept([PART])
    assert [part.whole() for part in kept_parts(backdrop, numbers, reasons_told(backdrop, told))] == [PART]


def test_numbers_of_other_components_are_refused():
    with pytest.raises(StoreError, match="score --full"):
        kept_parts(kept([PART, PART])[0], b"\x00" * 41, [None, None])
