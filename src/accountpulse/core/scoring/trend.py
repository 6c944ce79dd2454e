"""The trend of a score: a robust slope (Theil-Sen), so that one bad day doesn't make a trend."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

import numpy as np

from accountpulse.core.scoring.scorer import Floats

History = Sequence[tuple[date, float]]
"""(day, score) where the score changed, in any order; each is in force until the next."""

WINDOWS = (28, 90)
MINIMUM_DAYS = 7
_BLOCK = 512  # accounts at a time: 90 days have 4,005 pairs of days


def trend(history: History, today: date, window: int) -> float | None:
    """Points per `window` days, over the `window` days that end with `today`.

    `history` holds (day, score) where the score changed, in any order; each is in force until the next. None with fewer than
    7 days of history.
    """
    return trends([history], today, window)[0]


def trends(histories: Sequence[History], today: date, window: int) -> list[float | None]:
    """`trend` of many accounts at once, in their order: those with equally long series share the work."""
    found: list[float | None] = [None] * len(histories)
    alike: dict[int, list[tuple[int, Floats]]] = defaultdict(list)
    for place, history in enumerate(histories):
        series = daily(history, today, window)
        if series.size >= MINIMUM_DAYS:
            alike[series.size].append((place, series))
    for members in alike.values():
        together = slopes(np.stack([series for _, series in members])) * window
        for (place, _), slope in zip(members, together, strict=True):
            found[place] = float(slope)
    return found


def daily(history: History, today: date, window: int) -> Floats:
    """The score in force on each of the `window` days up to `today`, from the first day that has one."""
    steps = sorted((day.toordinal(), score) for day, score in history if day <= today)
    if not steps:
        return np.empty(0)
    days = np.array([day for day, _ in steps])
    first = max(today.toordinal() - window + 1, int(days[0]))
    in_force = np.searchsorted(days, np.arange(first, today.toordinal() + 1), side="right") - 1
    series: Floats = np.array([score for _, score in steps], dtype=np.float64)[in_force]
    return series


def slopes(series: Floats) -> Floats:
    """The median slope over all pairs of days, in points per day: (n,) for daily series (n, days) of at least two days."""
    n, days = series.shape
    early, late = np.triu_indices(days, k=1)
    result = np.empty(n)
    for start in range(0, n, _BLOCK):
        block = series[start : start + _BLOCK]
        result[start : start + _BLOCK] = np.median((block[:, late] - block[:, early]) / (late - early), axis=1)
    return result
