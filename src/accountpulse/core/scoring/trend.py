"""The trend of a score: a robust slope (Theil-Sen), so that one bad day doesn't make a trend."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from accountpulse.core.scoring.scorer import Floats

Integers = NDArray[np.int64]

WINDOWS = (28, 90)
MINIMUM_DAYS = 7
_BLOCK = 256  # accounts at a time: 90 days have 4,005 pairs of days, which should fit a cache

Centi = NDArray[np.float32]
"""Hundredths of a point, NaN for none. Whole numbers: they and what lies between them are exact in as few bits."""


def daily(place: Integers, day: Integers, centi: Integers, n: int, today: int, window: int) -> Centi:
    """The score in force on each of the `window` days up to `today`: (n, window), NaN before the first.

    place, day, centi: (m,) when a score changed, by place and then by day: whose it is, 0 to n - 1, and the day as a number.
    """
    past = day <= today
    place, day, centi = place[past], day[past], centi[past]
    first = today - window + 1
    lowest = min(first, int(day.min(initial=first)))
    span = today - lowest + 1
    asked = np.arange(n)[:, None] * span + (np.arange(first, today + 1) - lowest)[None, :]
    at = np.searchsorted(place * span + (day - lowest), asked.ravel(), side="right").reshape(n, window) - 1
    series = np.full((n, window), np.nan, dtype=np.float32)
    known = at >= 0
    known[known] = place[at[known]] == np.broadcast_to(np.arange(n)[:, None], known.shape)[known]
    series[known] = centi[at[known]]
    return series


def trends(series: Centi) -> Floats:
    """Points per window of daily scores (n, window), the last days known: (n,), NaN with fewer than 7 days of them."""
    n, window = series.shape
    found: Floats = np.full(n, np.nan)
    known = np.isfinite(series).sum(axis=1)
    for days in np.unique(known[known >= MINIMUM_DAYS]).tolist():
        alike = known == days
        found[alike] = slopes(series[alike, window - days :]) * window
    return found


def slopes(series: Centi) -> Floats:
    """The median slope over all pairs of days, in points per day, to a ten-millionth of it.

    (n,) for daily series (n, days) of at least two days.
    """
    n, days = series.shape
    pairs = days * (days - 1) // 2
    middle = sorted({(pairs - 1) // 2, pairs // 2})
    # One room for all blocks, filled by how far apart the days are: fresh memory takes longer than the numbers in it.
    room = np.empty((min(n, _BLOCK), pairs), dtype=np.float32)
    result = np.empty(n)
    for start in range(0, n, _BLOCK):
        block = series[start : start + _BLOCK]
        found = room[: len(block)]
        end = 0
        for apart in range(1, days):
            begin, end = end, end + days - apart
            np.subtract(block[:, apart:], block[:, :-apart], out=found[:, begin:end])
            found[:, begin:end] /= apart
        found.partition(middle, axis=1)
        result[start : start + _BLOCK] = found[:, middle].mean(axis=1, dtype=np.float64) / 100
    return result
