"""Scores as they stood at the end of past days: the persisted ones of live days, else evaluated from what was known then.

Restated rows are re-scored with today's knowledge, so they are never read here.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import sqlalchemy as sa

from accountpulse.core.audit.figures import Floats, Ints, Mask
from accountpulse.core.clock import start_of_day
from accountpulse.core.metrics.asof import AsKnown
from accountpulse.core.metrics.states import ComponentState
from accountpulse.core.names import UNKNOWN_NAME
from accountpulse.core.scoring.bands import UNKNOWN
from accountpulse.core.scoring.day import Scorecards, Yardstick, score_day
from accountpulse.core.scoring.model import ScoringModel
from accountpulse.core.scoring.packing import unpack
from accountpulse.core.scoring.parse import model_of
from accountpulse.core.store import series as store_series
from accountpulse.core.store.series import Series
from accountpulse.core.store.types import MICROSECOND, to_epoch_day

REACH = 7
"""A live score is in force for at most so many days after the last live run: older, nobody was looking any more."""


@dataclass(frozen=True)
class DayOfScores:
    """One day's scores, an entry an account. persisted: said live on that day, not evaluated now.

    band, segment: places in the `Names`. worst: in its model's lowest band. components: metric -> 0..100, NaN where unknown.
    """

    day: date
    persisted: bool
    account: Ints
    score: Floats
    band: Ints
    worst: Mask
    segment: Ints
    components: Mapping[str, Floats]


class Names:
    """The names of segments, and of bands from the lowest up over all models, `unknown` last."""

    def __init__(self, segments: Sequence[str], models: Sequence[ScoringModel]) -> None:
        starts: dict[str, list[float]] = {}
        for model in models:
            for band in model.bands:
                starts.setdefault(band.name, []).append(band.start)
        known = sorted(starts, key=lambda name: (sum(starts[name]) / len(starts[name]), name))
        self.bands = (*known, UNKNOWN_NAME)
        self.segments = tuple(sorted(set(segments)))

    def places(self, model: ScoringModel, band: Ints) -> Ints:
        """The places of a model's bands, given by their index in the model."""
        own = np.array([self.bands.index(b.name) for b in model.bands] + [len(self.bands) - 1], dtype=np.int64)
        placed: Ints = own[np.where(band == UNKNOWN, len(own) - 1, band)]
        return placed


class LiveDays:
    """The days that were scored as they came, on one basis."""

    def __init__(self, days: Sequence[date]) -> None:
        self.days = days

    def cover(self, day: date) -> bool:
        """Whether there was a persisted score to look at on a day."""
        before = bisect_right(self.days, day)
        return before > 0 and day - self.days[before - 1] < timedelta(days=REACH)


class Scores:
    """Answers for any day. basis: of the persisted scores. cards: what other days are evaluated with; None evaluates none."""

    def __init__(
        self, connection: sa.Connection, yardstick: Yardstick, basis: int, until: date, cards: Scorecards | None
    ) -> None:
        self._connection = connection
        self._yardstick = yardstick
        self._basis = basis
        self._cards = cards
        self.live = LiveDays(store_series.scored_days(connection, basis))
        self.series: Series = store_series.series(connection, basis, until)
        self._models = {id: model_of(content) for id, content in store_series.model_contents(connection).items()}
        self._segments = store_series.segment_names(connection)
        evaluated = cards.models.values() if cards is not None else ()
        rules = [rule.name for rule in cards.rules] if cards is not None else []
        self.names = Names([*self._segments.values(), *rules], [*self._models.values(), *evaluated])

    def on(self, day: date, *, components: bool = False) -> DayOfScores | None:
        """The scores of a day; None where none was persisted and none may be evaluated."""
        if self.live.cover(day):
            return self._persisted(day, components)
        return None if self._cards is None else self._evaluated(self._cards, day)

    def _persisted(self, day: date, components: bool) -> DayOfScores:
        s = self.series
        rows = s.in_force(to_epoch_day(day))
        band = np.full(len(rows), len(self.names.bands) - 1)
        for model_id in np.unique(s.model[rows]):
            mine = s.model[rows] == model_id
            band[mine] = self.names.places(self._models[int(model_id)], s.band[rows][mine])
        place = {id: self.names.segments.index(name) for id, name in self._segments.items()}
        return DayOfScores(
            day=day,
            persisted=True,
            account=s.account[rows],
            score=s.score[rows],
            band=band,
            worst=s.band[rows] == 0,
            segment=np.array([place[int(id)] for id in s.segment[rows]], dtype=np.int64),
            components=self._unpacked(day, s.account[rows]) if components else {},
        )

    def _unpacked(self, day: date, accounts: Ints) -> dict[str, Floats]:
        found: dict[str, Floats] = {}
        by_model: dict[int, list[tuple[int, bytes]]] = {}
        for row in store_series.components_in_force(self._connection, self._basis, day):
            by_model.setdefault(row.model_id, []).append((row.account_id, bytes(row.components)))
        for model_id, rows in by_model.items():
            values, _ = unpack([packed for _, packed in rows])
            places = np.searchsorted(accounts, np.array([account for account, _ in rows]))
            for i, metric in enumerate(self._models[model_id].metrics):
                found.setdefault(metric, np.full(len(accounts), np.nan))[places] = values[:, i]
        return found

    def _evaluated(self, cards: Scorecards, day: date) -> DayOfScores:
        # Just before the day's end: what was learnt at T was not known on the day.
        known = start_of_day(day + timedelta(days=1), self._yardstick.zone) - MICROSECOND
        scores = score_day(self._connection, cards, self._yardstick, day, mode=AsKnown(known, loads_assumed=True))
        n = len(scores.frame.account_ids)
        score, band = np.zeros(n), np.full(n, len(self.names.bands) - 1)
        worst, place = np.zeros(n, dtype=bool), np.zeros(n, dtype=np.int64)
        components: dict[str, Floats] = {}
        for part in scores.segments:
            found, rows = part.evaluation, part.rows
            score[rows] = found.score
            band[rows] = self.names.places(part.model, found.band)
            worst[rows] = found.band == 0
            place[rows] = self.names.segments.index(part.rule.name)
            measured = np.where(found.states == ComponentState.MEASURED, found.components, np.nan)
            for i, metric in enumerate(part.model.metrics):
                components.setdefault(metric, np.full(n, np.nan))[rows] = measured[:, i]
        # As history keeps them: a score that differs by less than a hundredth is the same.
        rounded = np.round(score, 2)
        return DayOfScores(day, False, scores.frame.account_ids, rounded, band, worst, place, components)
