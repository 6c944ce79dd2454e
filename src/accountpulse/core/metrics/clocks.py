"""Clock metrics keep their anchor, a local calendar day: the number of days is derived from it, so nothing goes out of date."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from accountpulse.core.clock import start_of_day
from accountpulse.core.metrics.declare import Clock
from accountpulse.core.model import Kind
from accountpulse.core.store.types import from_epoch_day, to_micros

Days = NDArray[np.datetime64]
_DAY = 86_400_000_000
_NEVER = 2**62


def local_days(numbers: NDArray[np.float64], kind: Kind, zone: ZoneInfo) -> Days:
    """The calendar days of instants (microseconds since 1970) or of days (since 1970); NaT for NaN."""
    result = np.full(numbers.shape, np.datetime64("NaT", "D"))
    known = ~np.isnan(numbers)
    if not known.any():
        return result
    given = numbers[known].astype(np.int64)
    if kind is Kind.INSTANT:
        # No zone is a whole day away from UTC, so the local day is the UTC day or a neighbour of it.
        utc, which = np.unique(given // _DAY, return_inverse=True)
        begins = np.array([[_midnight(int(d) + n, zone) for n in (0, 1)] for d in utc], dtype=np.int64)[which]
        given = utc[which] - 1 + (given >= begins[:, 0]) + (given >= begins[:, 1])
    result[known] = given.astype("datetime64[D]")
    return result


@lru_cache(maxsize=16_384)
def _midnight(day: int, zone: ZoneInfo) -> int:
    """When a day (since 1970) begins in `zone`, in microseconds; never, for the day after the last one Python knows."""
    try:
        return to_micros(start_of_day(from_epoch_day(day), zone))
    except OverflowError:
        return _NEVER


def whole_days(anchors: Days, day: date, clock: Clock) -> NDArray[np.float64]:
    """The whole calendar days from the anchors to `day` (since), or from `day` to them (until); NaN for NaT."""
    asked = np.datetime64(day, "D")
    passed = (asked - anchors if clock == "since" else anchors - asked).astype(np.float64)
    return np.where(np.isnat(anchors), np.nan, passed)
