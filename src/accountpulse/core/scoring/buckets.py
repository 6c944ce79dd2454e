"""A score's history as even steps: what a chart of days, weeks or months shows, worked out from the moves that are kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Generic, Literal, Protocol, TypeVar

Step = Literal["day", "week", "month"]


class Move(Protocol):
    """From `day` on the score is this, in hundredths of a point, on a basis."""

    @property
    def day(self) -> date: ...
    @property
    def basis(self) -> int: ...
    @property
    def score_centi(self) -> int: ...


M = TypeVar("M", bound=Move)


@dataclass(frozen=True, slots=True)
class Away:
    """Days, on a basis, on which the account was no customer: from `day` up to, not including, `until` (None: for good)."""

    basis: int
    day: date
    until: date | None


@dataclass(slots=True)
class Bucket(Generic[M]):
    """What the score was within a step. first, last: its days that had a score, both included; days: how many those are.

    opening, closing: the rows in force on them. low, high, total: of the days' scores, in hundredths.
    """

    start: date
    first: date
    last: date
    opening: M
    closing: M
    low: int
    high: int
    total: int = 0
    days: int = 0

    @property
    def mean(self) -> float:
        """The mean of its days' scores, 0 to 100."""
        return self.total / self.days / 100


def start_of(day: date, step: Step) -> date:
    """The first day of the step that a day is in. Weeks begin on Monday."""
    if step == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if step == "month" else day


def buckets(moves: Sequence[M], away: Iterable[Away], start: date, end: date, step: Step) -> list[Bucket[M]]:
    """The steps from one day to another, both included, that have a day with a score; the outer ones may be cut.

    moves: oldest first; the first may be older than `start`, and is in force then.
    """
    absences = list(away)
    found: list[Bucket[M]] = []
    place = -1
    day = start
    while day <= end:
        while place + 1 < len(moves) and moves[place + 1].day <= day:
            place += 1
        if place >= 0 and not any(_covers(each, moves[place].basis, day) for each in absences):
            _add(found, day, moves[place], start_of(day, step))
        day += timedelta(days=1)
    return found


def _covers(absence: Away, basis: int, day: date) -> bool:
    return absence.basis == basis and absence.day <= day and (absence.until is None or day < absence.until)


def _add(found: list[Bucket[M]], day: date, move: M, start: date) -> None:
    score = move.score_centi
    if not found or found[-1].start != start:
        found.append(Bucket(start, day, day, move, move, score, score))
    bucket = found[-1]
    bucket.last, bucket.closing = day, move
    bucket.low, bucket.high = min(bucket.low, score), max(bucket.high, score)
    bucket.total += score
    bucket.days += 1
