"""Runs scoring against the store: scores days with what is in force, writes what they leave, and explains."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import sqlalchemy as sa

from accountpulse.core.clock import Clock, day_of, start_of_day
from accountpulse.core.errors import NotFound
from accountpulse.core.garbage import ACCOUNTS, fewer_collections
from accountpulse.core.metrics.asof import AsCorrected
from accountpulse.core.metrics.coverage import loading, providers_of
from accountpulse.core.metrics.frame import MetricFrame
from accountpulse.core.observe.meters import SCORED
from accountpulse.core.observe.trace import span
from accountpulse.core.scoring.archive import write_day
from accountpulse.core.scoring.bands import band_name
from accountpulse.core.scoring.change import ScoreMove
from accountpulse.core.scoring.day import COMPARED_DAYS, DayScores, Scorecards, Yardstick, metrics_on, score_day
from accountpulse.core.scoring.explain_change import explain_change
from accountpulse.core.scoring.live import run_live
from accountpulse.core.scoring.live_header import Live
from accountpulse.core.scoring.next_band import NextBand, next_band
from accountpulse.core.scoring.publication import Draft, cards_in_force, not_installed, publish_first, require_installed
from accountpulse.core.scoring.spread_day import spread_day
from accountpulse.core.scoring.steady import steadied
from accountpulse.core.scoring.stored import stored_scores
from accountpulse.core.scoring.types import Score, ScoreChange
from accountpulse.core.scoring.unscored import unscored
from accountpulse.core.scoring.went import band_began
from accountpulse.core.store import metric_frames as store_frames
from accountpulse.core.store import scorecards as store_scorecards
from accountpulse.core.store import scores as store_scores
from accountpulse.core.store import touched as store_touched
from accountpulse.core.store.database import Store
from accountpulse.core.store.outbox import Event
from accountpulse.core.store.revisions import bump
from accountpulse.core.store.scorecards import PUBLISHED, SHADOW
from accountpulse.core.store.scores import LIVE, RESTATED, SHADOW_RESTATED, Basis

log = logging.getLogger("accountpulse.scoring")

Observer = Callable[[ScoreChange], None]
OnDay = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class ScoreReport:
    """What a scoring run did: accounts by segment and band on its last day, and rows written over all its days.

    measured: of how many accounts the facts were read on the last day; scored: how many were scored anew on it. The others had
    not changed. published: the release by which it put the configuration in force, where nothing was; None otherwise.
    """

    day: date
    accounts: int
    segments: dict[str, int] = field(default_factory=dict)
    bands: dict[str, int] = field(default_factory=dict)
    rows_written: int = 0
    measured: int = 0
    scored: int = 0
    published: int | None = None


class ScoringService:
    """Scores with what is published. draft: what the configuration says, published by the first run, where nothing is yet.

    tell: of what others are told, by the outbox.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        yardstick: Yardstick,
        draft: Draft,
        observe: Observer | None = None,
        tell: frozenset[Event] = frozenset(),
    ) -> None:
        self.draft = draft
        self._store = store
        self._clock = clock
        self._yardstick = yardstick
        self._observe = observe
        self._events = tell

    @property
    def today(self) -> date:
        return day_of(self._clock.now(), self._yardstick.zone)

    @fewer_collections(ACCOUNTS)
    def run(self, until: date, *, since: date | None = None, full: bool = False, on_day: OnDay | None = None) -> ScoreReport:
        """Score the days from `since` (or only `until`) to `until`, oldest first. Raises NotFound for a day to come.

        Of the current day only what changed since the last run is read and scored, everything where `full`.
        """
        self._require_come(until)
        first = since or until
        if first > until:
            raise NotFound(f"the range {first} to {until} is empty; give the earlier day first")
        days = [first + timedelta(days=i) for i in range((until - first).days + 1)]
        published = self._publish_first()
        cards, shadow = self._in_force()
        report = ScoreReport(day=until, accounts=0)
        written = 0
        for number, day in enumerate(days, 1):
            if day == self.today:
                report = self._score_today(cards, shadow, full=full)
            else:
                report = self._score_past(cards, day)
                if shadow is not None:
                    self._score_shadow(shadow, day, beside=cards)
            written += report.rows_written
            if on_day is not None:
                on_day(number, len(days))
        return replace(report, rows_written=written, published=published)

    def scores(self, day: date | None = None) -> list[Score]:
        """Every account's score with what explains it: the stored ones of today, or as of a past day, evaluated now."""
        if day is None or day == self.today:
            with self._store.read() as connection:
                return list(stored_scores(connection).values())
        with self._store.read() as connection:
            scores, earlier = self._looked_at(connection, day)
        return [score for segment in scores.segments for score in scores.explained(segment, self._yardstick, earlier)]

    def explain(self, account_id: int, day: date | None = None) -> Score:
        """One account's score; see `scores`. Raises NotFound when it was not scored, or was no customer that day."""
        if day is None or day == self.today:
            with self._store.read() as connection:
                score = stored_scores(connection, [account_id]).get(account_id)
                if score is None:
                    raise unscored(connection, account_id)
            return score
        with self._store.read() as connection:
            scores, earlier = self._looked_at(connection, day)
            for segment in scores.segments:
                if account_id in scores.frame.account_ids[segment.rows]:
                    score = scores.explained(segment, self._yardstick, earlier, only=account_id)[0]
                    return replace(score, band_since=band_began(connection, score))
        raise NotFound(f"account {account_id} was not a customer on {day}")

    def explain_change(self, account_id: int, start: date, end: date | None = None) -> ScoreMove:
        """Why an account's score moved from one day to another, part by part; see `explain_change.py`."""
        for day in (start, end or start):
            self._require_come(day)
        with self._store.read() as connection:
            return explain_change(connection, self._yardstick, account_id, start, end)

    def counterfactual(self, account_id: int, band: str | None = None) -> NextBand:
        """What it would take for an account to reach a band, the next better one unless given; see `next_band.py`."""
        with self._store.read() as connection:
            return next_band(connection, self._yardstick, account_id, band)

    def _looked_at(self, connection: sa.Connection, day: date) -> tuple[DayScores, MetricFrame]:
        """A day evaluated to be read, not kept, and the metrics some time before it, for the reasons."""
        cards = self._cards(connection)
        scores = self._published(connection, cards, day, LIVE)
        return scores, metrics_on(connection, cards, self._yardstick, day - timedelta(days=COMPARED_DAYS))

    def _require_come(self, day: date) -> None:
        if day > self.today:
            raise NotFound(f"{day} has not come yet; today is {self.today} in {self._yardstick.zone.key}")

    # --- what is in force ---------------------------------------------------------------------------------------------

    def _cards(self, connection: sa.Connection) -> Scorecards:
        cards = cards_in_force(connection)
        if cards is None:
            return self.draft.cards()
        require_installed(connection, cards, PUBLISHED, self._yardstick.metrics, self._yardstick.scorers)
        return cards

    def _publish_first(self) -> int | None:
        """Publish the draft where nothing has been yet; returns the release."""
        with self._store.read() as connection:
            if cards_in_force(connection) is not None:
                return None
        with self._store.write() as connection:
            return publish_first(connection, self.draft, self._clock.now())

    def _in_force(self) -> tuple[Scorecards, Scorecards | None]:
        """What is published and what is in shadow. A shadow that can't be scored costs only itself."""
        with self._store.read() as connection:
            cards, shadow = self._cards(connection), cards_in_force(connection, SHADOW)
        missing = not_installed(shadow, self._yardstick.metrics, self._yardstick.scorers) if shadow is not None else []
        if missing:
            log.warning("nothing is scored in shadow: %s; not installed here", "; ".join(missing))
            return cards, None
        return cards, shadow

    # --- one day ------------------------------------------------------------------------------------------------------

    def _score_today(self, cards: Scorecards, shadow: Scorecards | None, *, full: bool) -> ScoreReport:
        with span("scoring.day"), SCORED.time():
            report = run_live(self._store, self._live(cards, shadow, full=full))
        assert report is not None
        log.info(
            "scored %s: %s accounts, %s measured, %s scored anew", self.today, report.accounts, report.measured, report.scored
        )
        self._tell(report.changes)
        with self._store.read() as connection:
            held = store_scorecards.segments_of(connection, self.today, LIVE)
            bands = store_scores.in_bands(connection, self.today, LIVE)
        return ScoreReport(
            day=self.today,
            accounts=report.accounts,
            segments={name: held[id][0] for name, id in cards.segment_ids.items()},
            bands=bands,
            rows_written=report.rows_written,
            measured=report.measured,
            scored=report.scored,
        )

    def run_accounts(self, accounts: Sequence[int]) -> bool:
        """Score some accounts again at once, and those whose scores rest on theirs, as after a person's override.

        False, and nothing done, where that can't be had without the others: nothing was scored today yet, or what all share
        changed. The next run sees to it.
        """
        cards, shadow = self._in_force()
        report = run_live(self._store, self._live(cards, shadow), only=accounts)
        if report is None:
            return False
        self._tell(report.changes)
        return True

    def _live(self, cards: Scorecards, shadow: Scorecards | None, *, full: bool = False) -> Live:
        now = self._clock.now()
        full = full or self._yardstick.engine.elsewhere
        return Live(self._yardstick, cards, shadow, day_of(now, self._yardstick.zone), now, full, self._events)

    def _tell(self, changes: Sequence[ScoreChange]) -> None:
        for change in changes:
            if self._observe is not None:
                self._observe(change)

    def _score_past(self, cards: Scorecards, day: date) -> ScoreReport:
        with self._store.read() as connection:
            scores = self._published(connection, cards, day, RESTATED, to_keep=True)
            partly = self._loading(connection)
        with self._store.write() as connection:
            written = len(write_day(connection, cards, scores, RESTATED, self._clock.now(), loading=partly))
            store_frames.note_history(connection)
            if written:
                bump(connection, "scores")
        return _report(scores, written)

    def _score_shadow(self, cards: Scorecards, day: date, *, beside: Scorecards) -> None:
        with self._store.read() as connection:
            scores = self._published(connection, cards, day, SHADOW_RESTATED, to_keep=True)
            partly = self._loading(connection)
        with self._store.write() as connection:
            write_day(connection, cards, scores, SHADOW_RESTATED, self._clock.now(), beside=beside, loading=partly)
            store_frames.note_history(connection)

    def _loading(self, connection: sa.Connection) -> frozenset[str]:
        unplaced = store_touched.unplaced(connection).values()
        return loading(connection, providers_of(connection, AsCorrected()), self._yardstick.metrics.values(), set(unplaced))

    def _published(
        self, connection: sa.Connection, cards: Scorecards, day: date, basis: Basis, *, to_keep: bool = False
    ) -> DayScores:
        """A day's scores as they are published: raw, then held steady by the days before, then what people decided.

        to_keep: they are written, and not explained, so an engine that scores itself need not tell why.
        """
        now = self._clock.now() if day == self.today else None
        raw = spread_day(connection, cards, self._yardstick, day) if to_keep and now is None else None
        if raw is None:
            raw = score_day(connection, cards, self._yardstick, day, now=now)
        at = now or start_of_day(day + timedelta(days=1), self._yardstick.zone)
        return steadied(connection, raw, cards, self._yardstick, basis=basis, at=at)


def _report(scores: DayScores, written: int) -> ScoreReport:
    bands: Counter[str] = Counter()
    for segment in scores.segments:
        bands.update(band_name(segment.model.bands, int(b)) for b in segment.evaluation.band)
    return ScoreReport(
        day=scores.day,
        accounts=len(scores.frame.account_ids),
        segments={s.rule.name: len(s.rows) for s in scores.segments},
        bands=dict(sorted(bands.items())),
        rows_written=written,
        measured=len(scores.frame.account_ids),
        scored=len(scores.frame.account_ids),
    )
