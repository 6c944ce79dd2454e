"""Two series of scores over the same snapshots."""

from __future__ import annotations

import numpy as np
import pytest

from accountpulse.core.audit.figures import auc
from accountpulse.core.audit.measure import compare, matched
from accountpulse.core.audit.sample import Sample


def test_a_comparison_is_of_the_snapshots_that_both_scored() -> None:
    random = np.random.default_rng(8)
    n = 300
    event = np.arange(n) < 60
    good, bad = random.normal(np.where(event, 40, 60), 10), random.normal(50, 10, n)
    zero = np.zeros(n, dtype=int)
    sample = Sample(np.arange(n), zero, good, zero, zero, event, event, np.zeros(n), {})
    theirs = matched(sample, np.arange(100, n), np.zeros(200, dtype=int), bad[100:])
    assert np.isnan(theirs[:100]).all()
    theirs[:30] = bad[:30]
    found = compare(sample, theirs, "them")
    both = np.isfinite(theirs)
    assert (found.snapshots, found.churned) == (230, 30)
    assert found.auc == pytest.approx(auc(good[both], event[both]))
    assert found.incumbent_auc == pytest.approx(auc(bad[both], event[both]))
    assert found.difference.value == pytest.approx(found.auc - found.incumbent_auc)
    assert found.difference.low > 0
    assert compare(sample, np.full(n, np.nan), "nobody").difference.value is None
