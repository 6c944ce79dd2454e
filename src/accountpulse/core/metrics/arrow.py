"""Answers that engines give as Arrow tables."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from accountpulse.core.metrics.engine import Floats


class Columns:
    """An answer that came by column."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def objects(self, column: int) -> list[object]:
        values = self._table.column(column)
        if pa.types.is_timestamp(values.type):
            values = values.cast(pa.int64())
        found: list[object] = values.to_pylist()
        return found

    def floats(self, first: int, count: int) -> Floats:
        numbers = np.empty((self._table.num_rows, count))
        for i in range(count):
            numbers[:, i] = self._table.column(first + i).cast(pa.float64()).to_numpy()
        return numbers
