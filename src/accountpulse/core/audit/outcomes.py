"""What became of accounts: outcomes entered by a person or a connector, and those that follow from the facts.

| kind | derived from |
| --- | --- |
| churned | the account's recurring revenue is gone (`GRACE` long), all its subscriptions ended, or `churned_at` |
| lost_renewal | a renewal deal closed as lost, with none won within `NEAR` |
| contracted | revenue fell by `SHARE` or more within a day, and some is left |
| renewed | a renewal deal closed as won |
| expanded | revenue rose by `SHARE` or more within a day |

Labels may use everything that is known now; only scores may not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Literal

import sqlalchemy as sa

from accountpulse.core.metrics.money import factor
from accountpulse.core.store.types import to_micros

Kind = Literal["churned", "lost_renewal", "contracted", "renewed", "expanded"]
LEAVING: tuple[Kind, ...] = ("churned", "lost_renewal")

GRACE = timedelta(days=14)
"""Revenue that comes back sooner was a change of contract, not a departure."""
NEAR = timedelta(days=45)
"""Two sources that tell of one outcome do it within so many days."""
SHARE = 0.10
"""Of its recurring revenue: smaller movements are seats coming and going."""

_DAY = timedelta(days=1) // timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an account, and when. mrr: the recurring revenue concerned, in minor units of the reporting currency.

    origin: who says so. record: the record it rests on, as `connection record source_id`.
    """

    account_id: int
    kind: Kind
    at: datetime
    mrr: int | None
    origin: Literal["entered", "derived"]
    record: str


@dataclass(frozen=True, slots=True)
class Return:
    """An account that had left and came back."""

    account_id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Rates:
    """What amounts are worth in the reporting currency, by the rates in force now: a rate's moves are no customer's."""

    reporting: str
    rates: Mapping[str, float]

    def worth(self, amount: int | None, currency: str | None) -> float | None:
        """An amount in minor units of the reporting currency; None without a rate."""
        if amount is None or currency is None:
            return None
        if currency == self.reporting:
            return float(amount)
        return amount * factor(self.rates[currency], currency, self.reporting) if currency in self.rates else None


@dataclass(frozen=True, slots=True)
class Step:
    """Recurring revenue that changed within one day. before, after: in minor units; known: whether all amounts had a rate."""

    account_id: int
    at: datetime
    before: float
    after: float
    known: bool
    record: str


def revenue_steps(movements: Iterable[sa.Row[Any]], rates: Rates) -> list[Step]:
    """Each account's revenue as steps, a day's movements together: an upgrade may be written as an end and a beginning.

    movements: by account, oldest first. An amount without a rate counts as if in the reporting currency: it still tells
    something from nothing.
    """
    steps: list[Step] = []
    for account_id, rows in groupby(movements, key=lambda row: row.account_id):
        total, known = 0.0, True
        for _, days in groupby(rows, key=lambda row: to_micros(row.at) // _DAY):
            before = total
            for row in days:
                worth = rates.worth(row.mrr_delta, row.currency)
                known = known and worth is not None
                total += row.mrr_delta if worth is None else worth
            # Rounding of converted cents must not leave a customer of a hundredth of a cent.
            total = 0.0 if abs(total) < 0.5 else total
            record = f"{row.connection} subscription_change {row.source_id}"
            steps.append(Step(account_id, row.at, before, total, known, record))
    return steps


def subscription_steps(subscriptions: Iterable[sa.Row[Any]], without: frozenset[int]) -> list[Step]:
    """Running subscriptions counted as if they were revenue, for accounts whose revenue nobody reports.

    without: accounts to leave out. A trial that ended within its trial was no customer.
    """
    changes: list[tuple[int, datetime, int, str]] = []
    for row in subscriptions:
        trial = row.ended_at is not None and row.trial_ends_at is not None and row.ended_at <= row.trial_ends_at
        if row.account_id in without or trial:
            continue
        record = f"{row.connection} subscription {row.source_id}"
        changes.append((row.account_id, row.started_at, 1, record))
        if row.ended_at is not None:
            changes.append((row.account_id, max(row.ended_at, row.started_at), -1, record))
    # A beginning before an end of the same moment: a contract that follows another leaves no gap.
    changes.sort(key=lambda change: (change[0], change[1], -change[2]))
    steps: list[Step] = []
    for account_id, group in groupby(changes, key=lambda change: change[0]):
        running = 0
        for _, at, by, record in group:
            steps.append(Step(account_id, at, float(running), float(running + by), False, record))
            running += by
    return steps


def from_steps(steps: Iterable[Step], now: datetime, *, sizes: bool) -> tuple[list[Outcome], list[Return]]:
    """Departures, downgrades and expansions, and who came back. sizes: whether the steps' heights mean anything.

    What lies in the future has not happened yet.
    """
    outcomes: list[Outcome] = []
    returns: list[Return] = []
    for account_id, group in groupby((s for s in steps if s.at < now), key=lambda step: step.account_id):
        mine = list(group)
        for i, step in enumerate(mine):
            following = mine[i + 1] if i + 1 < len(mine) else None
            if step.before > 0 >= step.after:
                # What is gone when the books are settled, not between two movements.
                back = next((s.at for s in mine[i + 1 :] if s.after > 0), None)
                if back is None or back - step.at > GRACE:
                    outcomes.append(_of_step(step, "churned", step.before))
                    if back is not None:
                        returns.append(Return(account_id, back))
            elif sizes and step.before > 0 and step.known:
                change = (step.after - step.before) / step.before
                kind: Kind | None = "contracted" if change <= -SHARE else "expanded" if change >= SHARE else None
                undone = following is not None and following.at - step.at <= GRACE and following.after >= step.before
                if kind is not None and not (kind == "contracted" and undone):
                    outcomes.append(_of_step(step, kind, abs(step.after - step.before)))
    return outcomes, returns


def from_renewals(renewals: Sequence[sa.Row[Any]], now: datetime) -> list[Outcome]:
    """Renewals won and lost. One that was lost while another was won was only written anew."""
    happened = [row for row in renewals if row.closed_at < now]
    won: dict[int, list[datetime]] = {}
    for row in happened:
        if row.won:
            won.setdefault(row.account_id, []).append(row.closed_at)
    outcomes = []
    for row in happened:
        replaced = any(abs(at - row.closed_at) <= NEAR for at in won.get(row.account_id, ()))
        if row.won or not replaced:
            record = f"{row.connection} opportunity {row.source_id}"
            kind: Kind = "renewed" if row.won else "lost_renewal"
            outcomes.append(Outcome(row.account_id, kind, row.closed_at, None, "derived", record))
    return outcomes


def from_attribute(churned_at: Mapping[int, datetime], now: datetime) -> list[Outcome]:
    """Departures that the accounts' own records tell of."""
    return [Outcome(id, "churned", at, None, "derived", "account churned_at") for id, at in churned_at.items() if at < now]


def from_records(entered: Iterable[sa.Row[Any]], rates: Rates, now: datetime) -> list[Outcome]:
    """What a person or a connector entered."""
    outcomes = []
    for row in entered:
        worth = rates.worth(row.amount, row.currency)
        record = f"{row.connection} outcome {row.source_id}"
        if row.at < now:
            mrr = None if worth is None else round(worth)
            outcomes.append(Outcome(row.account_id, row.kind, row.at, mrr, "entered", record))
    return outcomes


def settled(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """One list by account and time, in which each outcome stands once.

    What was entered stands; of derived outcomes of one kind within `NEAR` of each other the first stands, and none that was
    entered too. A lost renewal and the departure that follows it are kept both: they are two moments of one story.
    """
    kept: list[Outcome] = []
    by_account: dict[int, list[Outcome]] = {}
    for outcome in sorted(outcomes, key=lambda o: (o.account_id, o.origin != "entered", o.at, o.kind, o.record)):
        mine = by_account.setdefault(outcome.account_id, [])
        same = [i for i, other in enumerate(mine) if _covers(other, outcome)]
        if not same:
            mine.append(outcome)
        elif mine[same[0]].mrr is None and outcome.mrr is not None:
            mine[same[0]] = replace(mine[same[0]], mrr=outcome.mrr)
    for mine in by_account.values():
        kept += mine
    return sorted(kept, key=lambda o: (o.account_id, o.at, o.kind))


def _covers(known: Outcome, new: Outcome) -> bool:
    if abs(known.at - new.at) > NEAR or new.origin == "entered":
        return False
    if known.origin == "entered" and known.kind in LEAVING:
        return new.kind in LEAVING
    # Two downgrades a month apart are two; two sources that tell of one departure are not.
    return known.kind == new.kind and (known.origin == "entered" or known.kind in LEAVING)


def _of_step(step: Step, kind: Kind, amount: float) -> Outcome:
    return Outcome(step.account_id, kind, step.at, round(amount) if step.known else None, "derived", step.record)
