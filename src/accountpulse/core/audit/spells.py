"""How long before customers left their band said so, and how often bands change: pure functions over series of bands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from accountpulse.core.audit.figures import Ints, Mask

AHEAD = (14, 30, 60)
DAYS_A_QUARTER = 365.25 / 4


@dataclass(frozen=True, slots=True)
class LeadTime:
    """How early the worst band warned of those who left.

    customers: who left and had been scored. warned: who was in the worst band at the end. median_days: from the first day of
    that last spell to the leaving, of those warned. ahead: of all who left, the share warned so many days ahead or more.
    """

    customers: int
    warned: int
    median_days: float | None
    ahead: dict[int, float]


def lead_days(days: Ints, worst: Mask, left: int) -> int | None:
    """Days from the first one of the last unbroken run in the worst band until `left`; None when it ended in a better one.

    days: when each evaluation was, ascending; worst: whether it was in the worst band. Evaluations from `left` on don't count.
    """
    known = int(np.searchsorted(days, left))
    if not known or not worst[known - 1]:
        return None
    better = np.flatnonzero(~worst[:known])
    return left - int(days[better[-1] + 1 if len(better) else 0])


def lead_time(leads: Sequence[int | None]) -> LeadTime:
    """Put together what `lead_days` said of each customer who left."""
    found = [lead for lead in leads if lead is not None]
    return LeadTime(
        customers=len(leads),
        warned=len(found),
        median_days=float(np.median(found)) if found else None,
        ahead={n: sum(lead >= n for lead in found) / len(leads) for n in AHEAD} if leads else {},
    )


def flips_per_quarter(account: Ints, day: Ints, band: Ints) -> float | None:
    """Changes of band for each account and quarter, counted between consecutive snapshots; None with no two of an account."""
    order = np.lexsort((day, account))
    account, day, band = account[order], day[order], band[order]
    pair = account[1:] == account[:-1]
    observed = float((day[1:] - day[:-1])[pair].sum())
    return float((band[1:] != band[:-1])[pair].sum()) / observed * DAYS_A_QUARTER if observed else None
