"""What became of the accounts of each band."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from accountpulse.core.audit.figures import Floats, Interval, Ints, Mask, rate_interval
from accountpulse.core.names import UNKNOWN_NAME

Order = Literal["apart", "ordered", "not ordered", "too few"]

ENOUGH = 20
"""Snapshots of a band below which its rate says nothing: one that stayed would break the order, one that left would make it."""


@dataclass(frozen=True, slots=True)
class BandRow:
    """One band: its snapshots, the customers among them, how many left, and what they paid.

    rate: the share that left, with its interval. share_of_events: of all who left, how many were in this band. mrr, mrr_lost:
    monthly recurring revenue of its accounts at the snapshots, and of those that left (minor units, reporting currency).
    """

    band: str
    snapshots: int
    customers: int
    events: int
    rate: Interval
    share_of_events: float | None
    mrr: int
    mrr_lost: int

    @property
    def revenue_rate(self) -> float | None:
        """The share of its revenue that left."""
        return self.mrr_lost / self.mrr if self.mrr else None


def band_table(names: Sequence[str], band: Ints, event: Mask, customer: Ints, mrr: Floats) -> tuple[BandRow, ...]:
    """A row for each band that holds a snapshot. names: lowest first; band: an index into them; mrr: NaN where unknown."""
    everything = int(event.sum())
    paid = np.where(np.isfinite(mrr), mrr, 0.0)
    rows = []
    for i, name in enumerate(names):
        here = band == i
        n, events = int(here.sum()), int((here & event).sum())
        if not n:
            continue
        rows.append(
            BandRow(
                band=name,
                snapshots=n,
                customers=len(np.unique(customer[here])),
                events=events,
                rate=rate_interval(events, n),
                share_of_events=events / everything if everything else None,
                mrr=round(float(paid[here].sum())),
                mrr_lost=round(float(paid[here & event].sum())),
            )
        )
    return tuple(rows)


def order_of(rows: Sequence[BandRow]) -> Order:
    """Whether a better band means fewer who leave.

    `apart`: in order, and no two neighbours' intervals overlap; `ordered`: in order, but they do. The unknown band has no place
    in the order, and one of fewer than `ENOUGH` snapshots is not asked.
    """
    known = [row for row in rows if row.band != UNKNOWN_NAME and row.snapshots >= ENOUGH]
    if len(known) < 2:
        return "too few"
    pairs = [(worse.rate, better.rate) for worse, better in pairwise(known)]
    if not all((worse.value or 0) > (better.value or 0) for worse, better in pairs):
        return "not ordered"
    return "apart" if all((worse.low or 0) > (better.high or 0) for worse, better in pairs) else "ordered"
