"""The metrics' kit passes a metric that is right, and finds what is wrong with others."""

from __future__ import annotations

import dataclasses
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from accountpulse.core.metrics.tables import TableFunction
from accountpulse.plugins import Floats, Tables, UsageDay, rows, table_metric
from accountpulse.testing.metrics import MetricSuite


@table_metric(
    "longest_pause_60d",
    title="Longest pause, 60 days",
    group="usage",
    unit="days",
    better="lower",
    uses=rows("usage_day", "day", where="count > 0", window=60),
)
def LONGEST_PAUSE(tables: Tables) -> Floats:
    return tables["uses"].apply(lambda uses: np.diff(np.unique(uses["day"])).astype(float).max(initial=0))


def used(account: str, day: date) -> UsageDay:
    return UsageDay(source_id=f"{account}{day}", account=account, user="ann", feature="export", day=day, count=1)


class TestLongestPause(MetricSuite):
    metric = LONGEST_PAUSE
    facts = (
        used("acme", date(2026, 1, 2)),
        used("acme", date(2026, 1, 5)),
        used("acme", date(2026, 1, 19)),
        used("beta", date(2026, 1, 4)),
    )
    expected: ClassVar[dict[date, Any]] = {
        date(2026, 1, 6): {"acme": 3, "beta": 0},
        date(2026, 1, 20): {"acme": 14, "beta": 0},
    }


def longest_of_all(tables: Tables) -> Floats:
    return np.full(tables.accounts, len(tables["uses"]), dtype=np.float64)


def test_a_metric_that_looks_at_other_accounts_is_found(tmp_path: Path) -> None:
    suite = TestLongestPause()
    suite.metric = dataclasses.replace(LONGEST_PAUSE, compute=TableFunction(longest_of_all))  # type: ignore[misc]
    with pytest.raises(AssertionError, match="when it is asked about alone"):
        suite.test_an_account_stands_for_itself(tmp_path)
