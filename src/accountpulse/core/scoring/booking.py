"""What each account counts for in a day's portfolio and segments, so that one can be taken out and put back alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np

from accountpulse.core.metrics.frame import MetricFrame
from accountpulse.core.metrics.states import ComponentState
from accountpulse.core.scoring.bands import band_name
from accountpulse.core.scoring.day import DayScores, Scorecards
from accountpulse.core.scoring.inputs import REVENUE
from accountpulse.core.store.scores import Place

Key = TypeVar("Key", int, Place)


class Booking(NamedTuple):
    """Where an account is counted. arr: yearly revenue, minor units. taken: the later segments whose rules it matches too."""

    place: Place
    arr: int
    taken: tuple[int, ...]

    def to_json(self) -> list[object]:
        return [*self.place, self.arr, list(self.taken)]

    @classmethod
    def from_json(cls, data: Sequence[Any]) -> Booking:
        segment_id, owner, band, arr, taken = data
        return cls((segment_id, owner, band), arr, tuple(taken))


def bookings(cards: Scorecards, scores: DayScores) -> dict[int, Booking]:
    """What every scored account counts for, by account."""
    found: dict[int, Booking] = {}
    revenue = revenue_in_minor_units(scores.frame)
    owners = scores.frame.population.values["owner"]
    accounts = scores.frame.account_ids.tolist()
    ids = [cards.segment_ids[rule.name] for rule in scores.assignment.rules]
    index, matched = scores.assignment.index.tolist(), scores.assignment.matched
    several = (matched.sum(axis=1) > 1).tolist()
    for segment in scores.segments:
        segment_id = cards.segment_ids[segment.rule.name]
        names = [band_name(segment.model.bands, band) for band in segment.evaluation.band.tolist()]
        for row, band in zip(segment.rows.tolist(), names, strict=True):
            later = np.flatnonzero(matched[row]).tolist() if several[row] else ()
            taken = tuple(ids[position] for position in later if position > index[row])
            found[accounts[row]] = Booking((segment_id, str(owners[row] or ""), band), 12 * (revenue[row] or 0), taken)
    return found


def portfolio(found: Iterable[Booking]) -> dict[Place, tuple[int, int]]:
    """How many accounts and how much revenue are in each place."""
    counts: Counter[Place] = Counter()
    arr: Counter[Place] = Counter()
    for booking in found:
        counts[booking.place] += 1
        arr[booking.place] += booking.arr
    return {place: (n, arr[place]) for place, n in counts.items()}


def segments(cards: Scorecards, found: Iterable[Booking]) -> dict[int, tuple[int, int]]:
    """How many accounts each segment holds, and how many more match its rule but were taken by an earlier one."""
    held: Counter[int] = Counter()
    taken: Counter[int] = Counter()
    for booking in found:
        held[booking.place[0]] += 1
        if booking.taken:  # of most nothing, and counting nothing takes as long as counting
            taken.update(booking.taken)
    return {id: (held[id], taken[id]) for id in (cards.segment_ids[rule.name] for rule in cards.rules)}


def moves(left: Mapping[Key, tuple[int, int]], came: Mapping[Key, tuple[int, int]]) -> dict[Key, tuple[int, int]]:
    """By how much counts differ without what left and with what came, where they do."""
    found: dict[Key, tuple[int, int]] = {}
    for key in {**left, **came}:
        (out, out_more), (new, new_more) = left.get(key, (0, 0)), came.get(key, (0, 0))
        if (out, out_more) != (new, new_more):
            found[key] = new - out, new_more - out_more
    return found


def revenue_in_minor_units(frame: MetricFrame) -> list[int | None]:
    """The monthly recurring revenue of each account, None where it is not measured."""
    if REVENUE not in {metric.name for metric in frame.metrics}:
        return [None] * len(frame.account_ids)
    column = frame.index(REVENUE)
    measured = (frame.states[:, column] == ComponentState.MEASURED) & np.isfinite(frame.values[:, column])
    return [round(float(v)) if ok else None for v, ok in zip(frame.values[:, column], measured, strict=True)]
