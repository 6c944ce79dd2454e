"""The answer to an evaluation: values, states and reasons as arrays over accounts and metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from accountpulse.core.errors import MetricError
from accountpulse.core.metrics.clocks import Days
from accountpulse.core.metrics.declare import Metric
from accountpulse.core.metrics.engine import Floats
from accountpulse.core.metrics.population import Population
from accountpulse.core.metrics.states import ComponentState


@dataclass(frozen=True)
class MetricFrame:
    """What metrics are worth on one day. Rows are accounts by ascending id, columns are `metrics` in the order asked for.

    values: (n, m), NaN where there is none. states: (n, m), numbers of ComponentState. anchors: clock metric -> the local day
    it counts from or to (NaT where there is none). fresh_at: record type -> the newest success of the streams that bring it.
    """

    day: date
    metrics: tuple[Metric, ...]
    population: Population
    values: Floats
    states: NDArray[np.int8]
    anchors: Mapping[str, Days]
    fresh_at: Mapping[str, datetime | None]
    reason_numbers: NDArray[np.int32]
    sentences: Sequence[str]

    @property
    def account_ids(self) -> NDArray[np.int64]:
        return self.population.account_ids

    @property
    def attributes(self) -> Mapping[str, Sequence[object]]:
        """Attribute -> its value for each account; see Population."""
        return self.population.values

    def index(self, metric: str) -> int:
        """The column of a metric. Raises MetricError when it was not asked for."""
        for i, m in enumerate(self.metrics):
            if m.name == metric:
                return i
        raise MetricError(f"metric {metric!r} is not in this frame; it has {', '.join(m.name for m in self.metrics)}")

    def state(self, row: int, metric: str) -> ComponentState:
        return ComponentState(int(self.states[row, self.index(metric)]))

    def reason(self, row: int, metric: str) -> str | None:
        """Why there is no value, in a sentence; None when there is one."""
        return self.reason_at(row, self.index(metric))

    def reason_at(self, row: int, column: int) -> str | None:
        """`reason`, by the metric's column."""
        return self.sentences[self.reason_numbers[row, column]] or None
