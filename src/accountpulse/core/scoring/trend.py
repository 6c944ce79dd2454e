"""The trend of a score: a robust slope (Theil-Sen), so that one bad day doesn't make a trend.

Of a long time a few consecutive days count as one, by their mean: two of 56 days and more, three of 84. In simulated scores
with white or autocorrelated noise, weekends, spikes or a bad last week, the slope errs by 4 % more at most than over all pairs
of days, for a ninth of the pairs; a test simulates them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from accountpulse.core.scoring.scorer import Floats

Integers = NDArray[np.int64]

WINDOWS = (28, 90)
MINIMUM_DAYS = 7
_FEWEST = 28  # so many points, of one day or more each, a long time is divided into at least
_BLOCK = 256  # accounts at a time: 55 points have 1,485 pairs, which should fit a cache

Centi = NDArray[np.float32]
"""Hundredths of a point, NaN for none. Whole numbers: they and what lies between them are exact in as few bits."""


def daily(place: Integers, day: Integers, centi: Integers, n: int, today: int, window: int) -> Centi:
    """The score in force on each of the `window` days up to `today`: (n, window), NaN before the first.

    place, day, centi: (m,) when a score changed, by place and then by day: whose it is, 0 to n - 1, and the day as a number.
    """
    past = day <= today
    place, day, centi = place[past], day[past], centi[past]
    row = np.full((n, window), -1)
    # Of several that come to the first day, the last one assigned remains, which is the latest.
    row[place, np.maximum(day - (today - window + 1), 0)] = np.arange(len(place))
    np.maximum.accumulate(row, axis=1, out=row)
    series = np.full((n, window), np.nan, dtype=np.float32)
    series[row >= 0] = centi[row[row >= 0]]
    return series


def trends(series: Centi) -> Floats:
    """Points per window of daily scores (n, window), the last days known: (n,), NaN with fewer than 7 days of them."""
    n, window = series.shape
    found: Floats = np.full(n, np.nan)
    known = np.isfinite(series).sum(axis=1)
    for days in np.unique(known[known >= MINIMUM_DAYS]).tolist():
        alike = known == days
        together = max(1, days // _FEWEST)
        found[alike] = slopes(_sums(series[alike, window - days :], together)) / together**2 * window
    return found


def _sums(series: Centi, together: int) -> Centi:
    """The sums of so many consecutive days (n, days // together), which are whole numbers; the first days may be left out."""
    n, days = series.shape
    points = days // together
    sums: Centi = series[:, days - points * together :].reshape(n, points, together).sum(axis=2)
    return sums


def slopes(series: Centi) -> Floats:
    """The median slope over all pairs of numbers, in points from one number to the next, to a ten-millionth of it.

    (n,) for series (n, length) of at least two hundredths of a point each.
    """
    n, length = series.shape
    pairs = length * (length - 1) // 2
    middle = sorted({(pairs - 1) // 2, pairs // 2})
    # One room for all blocks, filled by how far apart the numbers are: fresh memory takes longer than the numbers in it.
    room = np.empty((min(n, _BLOCK), pairs), dtype=np.float32)
    result = np.empty(n)
    for start in range(0, n, _BLOCK):
        block = series[start : start + _BLOCK]
        found = room[: len(block)]
        end = 0
        for apart in range(1, length):
            begin, end = end, end + length - apart
            np.subtract(block[:, apart:], block[:, :-apart], out=found[:, begin:end])
            found[:, begin:end] /= apart
        found.partition(middle, axis=1)
        result[start : start + _BLOCK] = found[:, middle].mean(axis=1, dtype=np.float64) / 100
    return result
