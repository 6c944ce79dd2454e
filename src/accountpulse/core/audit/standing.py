"""How every account stood at an instant: had it left, had it given notice, what did it pay?

Whether it had left is judged by what is known now, since who had left is no one to foretell; whether it had given notice, by
what was known then. Instants are microseconds since 1970.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any

import numpy as np
import sqlalchemy as sa

from accountpulse.core.audit.figures import Floats, Ints, Mask
from accountpulse.core.audit.outcomes import LEAVING, Outcome, Return, Step
from accountpulse.core.store.types import to_micros

FOREVER = int(np.iinfo(np.int64).max)
WHOLE = (*LEAVING, "renewed")
"""The outcomes that are about all of an account's revenue."""

Loads = Mapping[tuple[int, str], datetime | None]
"""When a connection, by its id, first finished loading a record type; None: not yet."""


class Standing:
    """Answers for all accounts at once; `accounts` are the ids, ascending, that every answer has one entry for."""

    def __init__(
        self,
        accounts: Ints,
        outcomes: Sequence[Outcome],
        returns: Iterable[Return],
        steps: Sequence[Step],
        notices: Notices,
    ) -> None:
        self.accounts = accounts
        left = [(o.account_id, to_micros(o.at)) for o in outcomes if o.kind in LEAVING]
        back = [(r.account_id, to_micros(r.at)) for r in returns]
        back += [(o.account_id, to_micros(o.at)) for o in outcomes if o.kind in ("renewed", "expanded")]
        self._left, self._back = self._placed(left), self._placed(back)
        self._revenue = self._placed([(s.account_id, to_micros(s.at)) for s in steps])
        self._after = np.array([s.after if s.known else np.nan for s in steps])[self._revenue.kept]
        self._notices = notices

    def away(self, at: int) -> Mask:
        """Which accounts had left before an instant and not come back."""
        gone: Mask = self._left.last(at, len(self.accounts)) > self._back.last(at, len(self.accounts))
        return gone

    def noticed(self, at: int) -> Mask:
        """Which accounts were known, then, to be leaving."""
        return self._notices.at(at, self.accounts)

    def mrr(self, at: int) -> Floats:
        """Monthly recurring revenue just before an instant, in minor units; NaN where none is known."""
        revenue = np.full(len(self.accounts), np.nan)
        known = self._revenue.at < at
        # Steps are by account and time: the last assignment is the latest.
        revenue[self._revenue.place[known]] = self._after[known]
        return revenue

    def _placed(self, events: Sequence[tuple[int, int]]) -> _Events:
        table = np.array(events, dtype=np.int64).reshape(-1, 2)
        place = np.searchsorted(self.accounts, table[:, 0])
        kept = np.isin(table[:, 0], self.accounts)
        return _Events(place[kept], table[kept, 1], kept)


@dataclass(frozen=True)
class _Events:
    """When something happened to whom. kept: which of the events given are of an account that is asked about."""

    place: Ints
    at: Ints
    kept: Mask

    def last(self, before: int, n: int) -> Ints:
        """Each account's latest event before an instant; the least number where there was none."""
        latest = np.full(n, np.iinfo(np.int64).min)
        known = self.at < before
        np.maximum.at(latest, self.place[known], self.at[known])
        return latest


@dataclass(frozen=True)
class Notices:
    """What was known, and when, of ends to come.

    Announced: account, and from when until when it was known that it leaves. Subscriptions: their versions, with when each was
    known, when it ran, and whether it was known to end. An account whose every running subscription ends is leaving.
    """

    announced: Ints  # (n, 3): account, known from, known to
    subscriptions: Ints  # (n, 6): account, known from, known to, started, ended, 1 where it was to end

    def at(self, at: int, accounts: Ints) -> Mask:
        """Which of these accounts were known, at an instant, to be leaving."""
        a, s = self.announced, self.subscriptions
        noticed = np.isin(accounts, a[(a[:, 1] < at) & (a[:, 2] >= at), 0])
        running = s[(s[:, 1] < at) & (s[:, 2] >= at) & (s[:, 3] < at) & (s[:, 4] >= at)]
        ending = np.isin(accounts, running[running[:, 5] == 1, 0])
        staying = np.isin(accounts, running[running[:, 5] == 0, 0])
        result: Mask = noticed | (ending & ~staying)
        return result


def notices(announced: Iterable[sa.Row[Any]], subscriptions: Iterable[sa.Row[Any]], loads: Loads, now: datetime) -> Notices:
    """Read notices out of versions. loads: when each connection first loaded a record type.

    A version of a first load says nothing about when its end was announced, only that it was by the end of the load.
    """
    ends = [
        # After its day it is no announcement any more: who came back is not leaving.
        (row.account_id, _known(row, loads, row.record, now), min(_until(row.known_to), to_micros(row.ends_at)))
        for row in announced
    ]
    versions: list[tuple[int, ...]] = []
    for _, group in groupby(subscriptions, key=lambda row: (row.connection_id, row.source_id)):
        renewing = False
        for row in group:
            # A renewal date that was there and went away is a cancellation to come.
            withdrawn = renewing and row.renews_at is None
            renewing = row.renews_at is not None or withdrawn
            begun, closed = to_micros(row.known_from), _until(row.known_to)
            ran = (to_micros(row.started_at), _until(row.ended_at))
            told = closed
            if row.ended_at is not None or withdrawn:
                told = min(_known(row, loads, "subscription", now), closed)
                versions.append((row.account_id, told, closed, *ran, 1))
            if begun < told:
                versions.append((row.account_id, begun, told, *ran, 0))
    return Notices(np.array(ends, dtype=np.int64).reshape(-1, 3), np.array(versions, dtype=np.int64).reshape(-1, 6))


def with_revenue(outcomes: Sequence[Outcome], steps: Sequence[Step]) -> list[Outcome]:
    """The outcomes, with the revenue of the account at the time where they concern all of it and nobody says how much."""
    by_account: dict[int, list[Step]] = {}
    for step in steps:
        by_account.setdefault(step.account_id, []).append(step)
    return [
        replace(o, mrr=_paid_before(by_account.get(o.account_id, ()), o.at)) if o.mrr is None and o.kind in WHOLE else o
        for o in outcomes
    ]


def _paid_before(steps: Sequence[Step], at: datetime) -> int | None:
    """What an account paid last before it left: after the latest earlier step that left something."""
    paid = [step for step in steps if step.at < at and step.after > 0]
    return round(paid[-1].after) if paid and paid[-1].known else None


def _known(row: sa.Row[Any], loads: Loads, record: str, now: datetime) -> int:
    """When it was known for certain what a version says."""
    loaded = loads.get((row.connection_id, record)) or now
    return to_micros(max(row.known_from, loaded) if row.assumed else row.known_from)


def _until(at: datetime | None) -> int:
    return FOREVER if at is None else to_micros(at)
