"""Where accounts stood before a day, read from the history of earlier days alone.

So a second run within the day is the same evaluation, and a day replayed says what it said.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from accountpulse.core.scoring.bands import UNKNOWN, Band
from accountpulse.core.scoring.model import ScoringModel
from accountpulse.core.scoring.parse import model_of
from accountpulse.core.scoring.steadiness import Before, Integers
from accountpulse.core.store import absence as store_absence
from accountpulse.core.store import scorecards as store_scorecards
from accountpulse.core.store import steadiness as store
from accountpulse.core.store.scores import Basis
from accountpulse.core.store.steadiness import NEVER, Evaluated, Rows
from accountpulse.core.store.types import from_epoch_day, to_epoch_day

Bands = tuple[Band, ...]

FEW = 20_000
"""So many accounts, or fewer, are asked for by name; of more, everybody's rows are read in one go."""


def bands_of(connection: sa.Connection, model_ids: Collection[int]) -> dict[int, Bands]:
    """The bands of models, by id: a row of the history is read with the bands of its own model."""
    contents = store_scorecards.model_contents(connection, sorted(model_ids))
    return {id: model_of(content).bands for id, content in contents.items()}


class Standing:
    """Where accounts stood at the end of the last evaluation of a series before `day`; who was no customer then stood nowhere.

    ids: (N,) accounts, ascending. basis: whose series. models: those that go on, with the ids the store gave them.
    asked: the accounts, where they are few enough to be asked for by name. rising_since: (N,), in days since 1970, or NEVER.
    """

    def __init__(
        self,
        connection: sa.Connection,
        ids: Integers,
        day: date,
        basis: Basis,
        models: Collection[ScoringModel],
        model_ids: Mapping[str, int],
    ) -> None:
        self.ids = ids
        self._bands: dict[int, Bands] = {model_ids[m.version]: m.bands for m in models if m.version in model_ids}
        self._connection = connection
        rules = [model.steadiness for model in models]
        dwell = max([0, *(rule.dwell for rule in rules)])
        past = store.evaluated(connection, basis, day, max([1, dwell, *(rule.rise_after for rule in rules)]))
        self.asked = asked = [int(id) for id in ids] if len(ids) <= FEW else None
        rows = store.in_force(connection, past.bases[0], day, asked) if past.bases else store.NO_ROWS
        self._days = past.days[::-1]
        self._numbers: dict[Bands, int] = {}
        n = len(ids)
        mine, at = self._mine(rows)
        self._score, self._band, self._scale = np.full(n, np.nan), np.full(n, UNKNOWN), np.full(n, NEVER)
        self._score[at], self._band[at], self._scale[at] = rows.score[mine] / 100, rows.band[mine], self._scales(rows)[mine]
        self.rising_since = np.full(n, NEVER)
        self.rising_since[at] = rows.rising_since[mine]
        if past.bases:
            self._forget_who_was_away(from_epoch_day(int(past.days[0])), past.bases[0])
        self._since_last = to_epoch_day(day) - int(past.days[0]) if len(past.days) else 0
        self._held = self._count(self._began(past, basis, day, dwell, asked)) if dwell else np.zeros(n, dtype=np.int64)

    def before(self, rows: Integers, bands: Bands) -> Before:
        """Where some of the accounts, by their places, stood on these bands; nowhere where they had others."""
        goes_on = self._scale[rows] == self._numbers.get(bands, NEVER - 1)
        return Before(
            score=np.where(goes_on, self._score[rows], np.nan),
            band=self._band[rows],
            rising=np.where(self.rising_since[rows] == NEVER, 0, self._count(self.rising_since[rows])),
            held=self._held[rows],
            days=np.full(len(rows), self._since_last),
        )

    def _count(self, since: Integers) -> Integers:
        """How many of the last evaluations were on a day or after it."""
        counted: Integers = len(self._days) - np.searchsorted(self._days, since, side="left")
        return counted

    def _mine(self, rows: Rows) -> tuple[NDArray[np.bool_], Integers]:
        """Which rows are of the accounts, and the place of each such row's account."""
        mine = np.isin(rows.account, self.ids)
        return mine, np.searchsorted(self.ids, rows.account[mine])

    def _scales(self, rows: Rows) -> Integers:
        """For each row a number that tells its model's bands from others."""
        models, which = np.unique(rows.model, return_inverse=True)
        ids = [int(id) for id in models]
        if former := set(ids) - self._bands.keys():
            self._bands |= bands_of(self._connection, former)
        numbers = [self._numbers.setdefault(self._bands[id], len(self._numbers)) for id in ids]
        return np.array(numbers, dtype=np.int64)[which]

    def _began(self, past: Evaluated, basis: Basis, day: date, dwell: int, asked: Sequence[int] | None) -> Integers:
        """The day on which each account came into its band (N,); any day long ago where that was before the last `dwell`."""
        began = np.full(len(self.ids), NEVER)
        if not past.bases:
            return began
        last = min(dwell, len(past.days)) - 1
        since = from_epoch_day(int(past.days[last]))
        opening = store.in_force(self._connection, past.bases[last], since, asked)
        rows = opening.followed_by(store.moves(self._connection, basis, since, day, asked))
        scale = self._scales(rows)
        other = np.ones(len(rows.account), dtype=bool)
        other[1:] = (np.diff(rows.account) != 0) | (np.diff(rows.band) != 0) | (np.diff(scale) != 0)
        mine, at = self._mine(rows)
        np.maximum.at(began, at[other[mine]], rows.day[mine & other])
        for id, back in store_absence.returned(self._connection, set(past.bases), from_epoch_day(int(past.days[0]))).items():
            place = int(np.searchsorted(self.ids, id))
            if place < len(self.ids) and self.ids[place] == id:
                began[place] = max(began[place], to_epoch_day(back))
        return began

    def _forget_who_was_away(self, day: date, basis: Basis) -> None:
        gone = np.isin(self.ids, sorted(store_absence.away(self._connection, basis, day)))
        self._score[gone], self._band[gone], self._scale[gone], self.rising_since[gone] = np.nan, UNKNOWN, NEVER, NEVER
