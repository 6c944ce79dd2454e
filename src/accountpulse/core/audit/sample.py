"""Snapshots with labels: who was scored on which days, and who of them left within the horizon."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date

import numpy as np

from accountpulse.core.audit.figures import Floats, Ints, Mask
from accountpulse.core.audit.outcomes import LEAVING, Outcome
from accountpulse.core.audit.schedule import Schedule
from accountpulse.core.audit.scores import DayOfScores
from accountpulse.core.audit.standing import Standing
from accountpulse.core.store.types import to_epoch_day, to_micros


@dataclass(frozen=True)
class Sample:
    """Snapshots, an entry each. day: days since 1970. event: whether the customer left within the window. mrr: minor units."""

    account: Ints
    day: Ints
    score: Floats
    band: Ints
    segment: Ints
    persisted: Mask
    event: Mask
    mrr: Floats
    components: Mapping[str, Floats]

    def __len__(self) -> int:
        return len(self.account)

    def where(self, mask: Mask) -> Sample:
        """Some of the snapshots."""
        columns = {f.name: getattr(self, f.name)[mask] for f in fields(self) if f.name != "components"}
        return Sample(**columns, components={name: values[mask] for name, values in self.components.items()})

    def on_days(self, days: Iterable[date]) -> Sample:
        """The snapshots of some days."""
        return self.where(np.isin(self.day, [to_epoch_day(day) for day in days]))

    @property
    def churned(self) -> int:
        """How many customers left."""
        return len(np.unique(self.account[self.event]))

    @property
    def customers(self) -> int:
        return len(np.unique(self.account))


@dataclass(slots=True)
class LeftOut:
    """Snapshots that say nothing about foretelling, by reason.

    departed: had left before. noticed: had given notice by then, as was known then. in_gap: left within the gap. unknown:
    belong to an account that is not known any more.
    """

    departed: int = 0
    noticed: int = 0
    in_gap: int = 0
    unknown: int = 0


class Labels:
    """Who left within a window of time; `accounts` as of `Standing`."""

    def __init__(self, standing: Standing, outcomes: Sequence[Outcome]) -> None:
        self._accounts = standing.accounts
        left = np.array([(o.account_id, to_micros(o.at)) for o in outcomes if o.kind in LEAVING], dtype=np.int64)
        self._left = left.reshape(-1, 2)

    def within(self, start: int, end: int) -> Mask:
        """Which accounts left in `[start, end)`."""
        at = self._left[:, 1]
        return np.isin(self._accounts, self._left[(at >= start) & (at < end), 0])


def label_day(
    day: DayOfScores, schedule: Schedule, standing: Standing, labels: Labels, left_out: LeftOut | None = None
) -> Sample:
    """A day's scores with their labels, without those of customers that had left or were leaving."""
    at = schedule.moment(day.day)
    start, end = schedule.moment(day.day, schedule.gap), schedule.moment(day.day, schedule.horizon)
    place = np.searchsorted(standing.accounts, day.account)
    place[place == len(standing.accounts)] = 0
    known = np.zeros(len(day.account), dtype=bool)
    if len(standing.accounts):
        known = standing.accounts[place] == day.account

    def of(answer: Mask) -> Mask:
        found = np.zeros(len(day.account), dtype=bool)
        found[known] = answer[place[known]]
        return found

    away, noticed, early = of(standing.away(at)), of(standing.noticed(at)), of(labels.within(at, start))
    if left_out is not None:
        left_out.unknown += int((~known).sum())
        left_out.departed += int((known & away).sum())
        left_out.noticed += int((known & noticed & ~away).sum())
        left_out.in_gap += int((known & early & ~noticed & ~away).sum())
    mrr = np.full(len(day.account), np.nan)
    mrr[known] = standing.mrr(at)[place[known]]
    everybody = Sample(
        account=day.account,
        day=np.full(len(day.account), to_epoch_day(day.day)),
        score=day.score,
        band=day.band,
        segment=day.segment,
        persisted=np.full(len(day.account), day.persisted),
        event=of(labels.within(start, end)),
        mrr=mrr,
        components=day.components,
    )
    return everybody.where(known & ~away & ~noticed & ~early)


def together(samples: Sequence[Sample]) -> Sample:
    """Samples put one after another; a component that one of them lacks is unknown there."""
    names = dict.fromkeys(name for sample in samples for name in sample.components)

    def joined(values: Callable[[Sample], np.ndarray], dtype: type) -> np.ndarray:
        return np.concatenate([np.empty(0, dtype=dtype), *(values(s) for s in samples)]).astype(dtype)

    return Sample(
        account=joined(lambda s: s.account, np.int64),
        day=joined(lambda s: s.day, np.int64),
        score=joined(lambda s: s.score, np.float64),
        band=joined(lambda s: s.band, np.int64),
        segment=joined(lambda s: s.segment, np.int64),
        persisted=joined(lambda s: s.persisted, np.bool_),
        event=joined(lambda s: s.event, np.bool_),
        mrr=joined(lambda s: s.mrr, np.float64),
        components={
            name: joined(lambda s, n=name: s.components.get(n, np.full(len(s), np.nan)), np.float64)  # type: ignore[misc]
            for name in names
        },
    )
