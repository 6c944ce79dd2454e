"""Two ways to score the same accounts: the parts of the difference add up, whatever the models."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.scoring.builders import Case, cases

from accountpulse.core.scoring.beside import parts, reasons
from accountpulse.core.scoring.day import SegmentDay
from accountpulse.core.scoring.segments import Rule


def segment_of(case: Case, name: str) -> SegmentDay:
    rows = np.arange(len(case.values))
    return SegmentDay(Rule(name, case.model.name, None), case.model, rows, case.evaluate(), case.peers or (), {})


@pytest.mark.slow
@given(before=cases(), after=cases(), name=st.sampled_from(["one", "other"]))
def test_the_parts_add_up_to_the_difference(before: Case, after: Case, name: str) -> None:
    """Models with metrics, groups, scorers, policies, caps and bands of their own; metrics of the same name are in both."""
    was, now = segment_of(before, "one"), segment_of(after, name)
    for row in range(min(len(before.values), len(after.values))):
        found = parts((was, row), (now, row), {})
        difference = now.evaluation.score[row] - was.evaluation.score[row]
        assert sum(part.points for part in found) == pytest.approx(difference, abs=1e-9)
        assert [abs(part.points) for part in found] == sorted((abs(part.points) for part in found), reverse=True)
        told = reasons((was, row), (now, row), {})
        assert (told[:1] == [f"counts as {name}, no longer as one"]) == (name != "one")
        assert len(told) <= 4


@given(case=cases())
def test_a_model_beside_itself_has_nothing_to_tell(case: Case) -> None:
    segment = segment_of(case, "one")
    for row in range(len(case.values)):
        assert {part.points for part in parts((segment, row), (segment, row), {})} == {0}
        assert reasons((segment, row), (segment, row), {}) == []
