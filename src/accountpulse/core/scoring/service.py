"""Runs scoring against the store: publishes the scorecards, scores days, writes history and current scores, explains."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import takewhile
from typing import Any

import numpy as np
import sqlalchemy as sa

from accountpulse.core.clock import Clock, day_of
from accountpulse.core.errors import NotFound
from accountpulse.core.metrics.frame import MetricFrame
from accountpulse.core.metrics.states import ComponentState
from accountpulse.core.scoring.bands import Band, band_name
from accountpulse.core.scoring.day import (
    COMPARED_DAYS,
    DayScores,
    Scorecards,
    SegmentDay,
    Yardstick,
    metrics_on,
    score_day,
)
from accountpulse.core.scoring.inputs import REVENUE
from accountpulse.core.scoring.packing import pack
from accountpulse.core.scoring.trend import WINDOWS, trends
from accountpulse.core.scoring.types import Score, ScoreChange
from accountpulse.core.store import profiles as store_profiles
from accountpulse.core.store import scorecards as store_scorecards
from accountpulse.core.store import scores as store_scores
from accountpulse.core.store.database import Store
from accountpulse.core.store.revisions import bump
from accountpulse.core.store.scores import LIVE, RESTATED, Basis, HistoryPoint

THRESHOLD_CENTI = 100
"""History keeps what moved by a point, in hundredths."""

Observer = Callable[[ScoreChange], None]
OnDay = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class ScoreReport:
    """What a scoring run did: accounts by segment and band on its last day, and rows written over all its days."""

    day: date
    accounts: int
    segments: dict[str, int] = field(default_factory=dict)
    bands: dict[str, int] = field(default_factory=dict)
    rows_written: int = 0


class ScoringService:
    """Scores with fixed scorecards; make a new one when the configuration changes."""

    def __init__(
        self, store: Store, clock: Clock, yardstick: Yardstick, cards: Scorecards, observe: Observer | None = None
    ) -> None:
        self._store = store
        self._clock = clock
        self._yardstick = yardstick
        self._cards = cards
        self._observe = observe

    @property
    def today(self) -> date:
        return day_of(self._clock.now(), self._yardstick.zone)

    def run(self, until: date, *, since: date | None = None, on_day: OnDay | None = None) -> ScoreReport:
        """Score the days from `since` (or only `until`) to `until`, oldest first. Raises NotFound for a day to come."""
        if until > self.today:
            raise NotFound(f"{until} has not come yet; today is {self.today} in {self._yardstick.zone.key}")
        first = since or until
        if first > until:
            raise NotFound(f"the range {first} to {until} is empty; give the earlier day first")
        days = [first + timedelta(days=i) for i in range((until - first).days + 1)]
        report = ScoreReport(day=until, accounts=0)
        written = 0
        for number, day in enumerate(days, 1):
            report = self._score(day)
            written += report.rows_written
            if on_day is not None:
                on_day(number, len(days))
        return ScoreReport(report.day, report.accounts, report.segments, report.bands, written)

    def scores(self, day: date | None = None) -> list[Score]:
        """Every account's score with what explains it: the stored ones of today, or as of a past day, evaluated now."""
        if day is None or day == self.today:
            with self._store.read() as connection:
                return [_stored(row) for row in store_scores.explained(connection).values()]
        with self._store.read() as connection:
            scores = score_day(connection, self._cards, self._yardstick, day)
            earlier = self._compared(connection, day)
        return [score for segment in scores.segments for score in scores.explained(segment, self._yardstick, earlier)]

    def explain(self, account_id: int, day: date | None = None) -> Score:
        """One account's score; see `scores`. Raises NotFound when it was not scored, or was no customer that day."""
        if day is None or day == self.today:
            with self._store.read() as connection:
                row = store_scores.explained(connection, account_id).get(account_id)
            if row is None:
                raise NotFound(
                    f"account {account_id} has no score: run `accountpulse score`, unless it is no longer a customer"
                )
            return _stored(row)
        with self._store.read() as connection:
            scores = score_day(connection, self._cards, self._yardstick, day)
            earlier = self._compared(connection, day)
        for segment in scores.segments:
            if account_id in scores.frame.account_ids[segment.rows]:
                return scores.explained(segment, self._yardstick, earlier, only=account_id)[0]
        raise NotFound(f"account {account_id} was not a customer on {day}")

    def _compared(self, connection: sa.Connection, day: date) -> MetricFrame:
        return metrics_on(connection, self._cards, self._yardstick, day - timedelta(days=COMPARED_DAYS))

    # --- one day ------------------------------------------------------------------------------------------------------

    def _score(self, day: date) -> ScoreReport:
        now = self._clock.now()
        live = day == self.today
        basis: Basis = LIVE if live else RESTATED
        earlier: MetricFrame | None = None
        with self._store.read() as connection:
            scores = score_day(connection, self._cards, self._yardstick, day, now=now if live else None)
            if live:
                earlier = self._compared(connection, day)
        changes: list[ScoreChange] = []
        with self._store.write() as connection:
            store_scorecards.save_peers(connection, self._peer_rows(scores))
            written = store_scores.write_history(
                connection, day, basis, self._history(scores), threshold_centi=THRESHOLD_CENTI, now=now
            )
            store_scores.write_portfolio(connection, day, basis, self._portfolio(scores))
            if live:
                current, changes = self._write_current(connection, scores, earlier, now)
                written += current
            if written:
                bump(connection, "scores")
        for change in changes:
            if self._observe is not None:
                self._observe(change)
        return self._report(scores, written)

    def _report(self, scores: DayScores, written: int) -> ScoreReport:
        bands: Counter[str] = Counter()
        for segment in scores.segments:
            bands.update(band_name(segment.model.bands, int(b)) for b in segment.evaluation.band)
        return ScoreReport(
            day=scores.day,
            accounts=len(scores.frame.account_ids),
            segments={s.rule.name: len(s.rows) for s in scores.segments},
            bands=dict(sorted(bands.items())),
            rows_written=written,
        )

    def _peer_rows(self, scores: DayScores) -> list[dict[str, Any]]:
        return [
            {
                "model_id": self._cards.model_ids[segment.model.version],
                "segment_id": self._cards.segment_ids[segment.rule.name],
                "day": scores.day,
                "metric": metric,
                "component": peer.component,
                "value": peer.value,
                "accounts": peer.accounts,
                "curve": [list(point) for point in peer.curve],
            }
            for segment in scores.segments
            for metric, peer in segment.new_peers.items()
        ]

    def _history(self, scores: DayScores) -> list[HistoryPoint]:
        points: list[HistoryPoint] = []
        for segment in scores.segments:
            evaluation = segment.evaluation
            packed = pack(evaluation.components, evaluation.states)
            for i, row in enumerate(segment.rows):
                points.append(
                    HistoryPoint(
                        account_id=int(scores.frame.account_ids[row]),
                        model_id=self._cards.model_ids[segment.model.version],
                        segment_id=self._cards.segment_ids[segment.rule.name],
                        score_centi=round(float(evaluation.score[i]) * 100),
                        band=int(evaluation.band[i]),
                        coverage_percent=round(float(evaluation.coverage[i]) * 100),
                        components=packed[i].tobytes(),
                    )
                )
        return points

    def _portfolio(self, scores: DayScores) -> list[dict[str, Any]]:
        counts: Counter[tuple[int, str, str]] = Counter()
        revenue: Counter[tuple[int, str, str]] = Counter()
        mrr = _revenue(scores.frame)
        owners = scores.frame.population.values["owner"]
        for segment in scores.segments:
            segment_id = self._cards.segment_ids[segment.rule.name]
            for i, row in enumerate(segment.rows):
                key = (segment_id, str(owners[row] or ""), band_name(segment.model.bands, int(segment.evaluation.band[i])))
                counts[key] += 1
                revenue[key] += 12 * (mrr[row] or 0)
        return [
            {"segment_id": s, "owner": owner, "band": band, "accounts": n, "arr": revenue[s, owner, band]}
            for (s, owner, band), n in sorted(counts.items())
        ]

    def _write_current(
        self, connection: sa.Connection, scores: DayScores, earlier: MetricFrame | None, now: datetime
    ) -> tuple[int, list[ScoreChange]]:
        known = store_scores.current(connection)
        history = store_scores.history_since(connection, scores.day - timedelta(days=max(WINDOWS)))
        rows: list[dict[str, Any]] = []
        changes: list[ScoreChange] = []
        for segment in scores.segments:
            explained = scores.explained(segment, self._yardstick, earlier)
            since = self._bands_since(connection, explained, history, known)
            steps = [[(row.day, row.score_centi / 100) for row in history.get(s.account_id, ())] for s in explained]
            moves = [trends(steps, scores.day, window) for window in WINDOWS]
            for i, score in enumerate(explained):
                before = known.get(score.account_id)
                trend = {f"trend_{window}d": move[i] for window, move in zip(WINDOWS, moves, strict=True)}
                rows.append(self._current_row(segment, score, since[score.account_id], now) | trend)
                if before is None or (round(before.score, 6), before.band) != (round(score.score, 6), score.band):
                    changes.append(_change(score, before))
        written = store_scores.write_current(connection, rows, known)
        mrr = _revenue(scores.frame)
        if store_profiles.set_mrr(connection, {int(id): mrr[i] for i, id in enumerate(scores.frame.account_ids)}):
            bump(connection, "facts")
        return written, changes

    def _bands_since(
        self,
        connection: sa.Connection,
        scores: Sequence[Score],
        history: Mapping[int, Sequence[sa.Row[Any]]],
        known: Mapping[int, sa.Row[Any]],
    ) -> dict[int, date]:
        """The first day of the unbroken run of the band that each account is in now.

        history: the rows of the last months; known: what was said last. Where neither reaches back to the beginning of the run,
        all of the account's history is read.
        """
        bands = {self._cards.model_ids[model.version]: model.bands for model in self._cards.models.values()}
        since: dict[int, date] = {}
        unfinished: dict[int, str] = {}
        for score in scores:
            series, before = history.get(score.account_id, []), known.get(score.account_id)
            run = _run_of(score.band, series, bands)
            since[score.account_id] = run[0].day if run else score.day
            if not run or len(run) < len(series):
                continue
            if before is not None and before.band == score.band and before.band_since <= run[0].day <= before.day:
                since[score.account_id] = before.band_since
            else:
                unfinished[score.account_id] = score.band
        for account_id, series in store_scores.history_since(connection, date.min, list(unfinished)).items():
            if run := _run_of(unfinished[account_id], series, bands):
                since[account_id] = run[0].day
        return since

    def _current_row(self, segment: SegmentDay, score: Score, band_since: date, now: datetime) -> dict[str, Any]:
        content = score.to_json()
        return {
            "account_id": score.account_id,
            "day": score.day,
            "segment_id": self._cards.segment_ids[segment.rule.name],
            "model_id": self._cards.model_ids[segment.model.version],
            "score": score.score,
            "reference": score.reference,
            "band": score.band,
            "band_since": band_since,
            "coverage": score.coverage,
            "low": score.low,
            "high": score.high,
            "components": content["components"],
            "adjustments": content["adjustments"],
            "matched": content["matched"],
            "scored_at": now,
        }


def _stored(row: sa.Row[Any]) -> Score:
    """A row of `store_scores.explained` as a `Score`."""
    return Score.from_json(
        {
            "account_id": row.account_id,
            "day": row.day.isoformat(),
            "segment": row.segment,
            "model_version": row.model_version,
            "score": row.score,
            "reference": row.reference,
            "band": row.band,
            "coverage": row.coverage,
            "low": row.low,
            "high": row.high,
            "components": row.components,
            "adjustments": row.adjustments,
            "matched": row.matched,
        }
    )


def _run_of(band: str, series: Sequence[sa.Row[Any]], bands: Mapping[int, Sequence[Band]]) -> list[sa.Row[Any]]:
    """The rows at the end of a series that are all in a band, oldest first. bands: those of each model, by its id."""

    def is_in(row: sa.Row[Any]) -> bool:
        return row.model_id in bands and band_name(bands[row.model_id], row.band) == band

    return list(takewhile(is_in, reversed(series)))[::-1]


def _change(score: Score, before: sa.Row[Any] | None) -> ScoreChange:
    return ScoreChange(
        account_id=score.account_id,
        day=score.day,
        segment=score.segment,
        model_version=score.model_version,
        score_before=before.score if before is not None else None,
        score=score.score,
        band_before=before.band if before is not None else None,
        band=score.band,
    )


def _revenue(frame: MetricFrame) -> list[int | None]:
    """The monthly recurring revenue of each account, None where it is not measured."""
    if REVENUE not in {metric.name for metric in frame.metrics}:
        return [None] * len(frame.account_ids)
    column = frame.index(REVENUE)
    measured = (frame.states[:, column] == ComponentState.MEASURED) & np.isfinite(frame.values[:, column])
    return [round(float(v)) if ok else None for v, ok in zip(frame.values[:, column], measured, strict=True)]
