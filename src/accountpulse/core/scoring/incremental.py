"""Scores the current day, measuring only what may have changed since the last run.

Whose facts must be read again, who must be scored again, whose rows differ? What is written is what measuring everybody would
have given, with the same stored peers.

* Measured again: accounts whose facts or links were written, or of whom a row passes a boundary as days pass (`dirty.py`).
  Everybody, where that is more than a fifth, or where what all share changed: rates, key features, who is believed, a release.
* Scored again: those; parents of those, where scores roll up; whose override began or ended. Everybody, from what is kept and
  without a query over facts, on a new day, with other models, where a source went stale or came back, where days before were
  scored anew, and where something became typical that was not, or was typical of what had been loaded so far.

What is kept, the scores, and the marks taken from accounts are written in one transaction (`live.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import sqlalchemy as sa

from accountpulse.core.metrics.asof import AsCorrected, Moment
from accountpulse.core.metrics.coverage import Witnesses, linked_by, loading, providers_of
from accountpulse.core.metrics.declare import Metric
from accountpulse.core.metrics.evaluate import records_of
from accountpulse.core.metrics.features import KeyFeatures
from accountpulse.core.metrics.frame import MetricFrame
from accountpulse.core.metrics.measure import Measurements, judged, measure, question_of
from accountpulse.core.metrics.money import conversion
from accountpulse.core.scoring import dirty
from accountpulse.core.scoring.day import COMPARED_DAYS, DayScores, Scorecards, ScoredThere, score_frame
from accountpulse.core.scoring.dirty import ACCOUNT, ACCOUNT_RECORD, WHOLLY, Need, Needs
from accountpulse.core.scoring.live_header import Header, Live, read_header, rests_on
from accountpulse.core.scoring.spread_day import spread_today
from accountpulse.core.scoring.steady import steadied
from accountpulse.core.scoring.stored_frame import Attributes, Columns, StoredFrame, attributes_of, blank, frame_of, unpack
from accountpulse.core.store import metric_frames as store_frames
from accountpulse.core.store import touched as store_touched
from accountpulse.core.store.people import overrides_in_force
from accountpulse.core.store.scores import LIVE, SHADOW_LIVE, Basis
from accountpulse.core.store.touched import Touch

MEASURE_ALL_ABOVE = 0.2
"""Where more than this share of the accounts must be measured, one pass over everything is cheaper."""
FEW = 200
"""Up to so many are never too many."""
WORTH_A_QUERY = 50
"""So many accounts of whom the same metrics may have changed are measured apart from the others."""

Batch = tuple[tuple[Metric, ...], list[int]]
"""Metrics, and the accounts to measure them of, by ascending id."""


@dataclass(frozen=True)
class Found:
    """What a run found, before it writes.

    accounts: how many there were. frame: the accounts that were scored: all, where `everybody`. asked: those that may have
    changed; who is asked and not in the frame is a customer no longer. measured: how many were measured. before: the rows that
    were kept of the asked, of all where `everybody`. same_past: whether the days before are as they were
    then. content: of the header, but for what only writing tells. learnt_anew: metrics of which what was typical no longer is.
    """

    number: int
    accounts: int
    content: Mapping[str, Any]
    marks: Mapping[int, Touch]
    frame: StoredFrame
    everybody: bool
    same_past: bool
    asked: frozenset[int]
    measured: int
    before: Sequence[sa.Row[Any]]
    scores: DayScores
    earlier: MetricFrame
    shadow: DayScores | None
    learnt_anew: frozenset[str]


class _Untypical(Exception):
    """Something is measured of which nothing typical is stored yet, or not to stay: it is learnt from everybody."""


def find(connection: sa.Connection, live: Live, *, only: Sequence[int] | None = None, lock: bool = False) -> Found | None:
    """Measure and score what must be. Reads only.

    only: just these accounts, and whose scores rest on theirs; then None where that can't be had without the others.
    """
    number, header = read_header(connection, live, lock=lock)
    # Before any fact is read: what is written after this will be marked for the next run.
    marks = store_touched.touched(connection) if only is None else {}
    finder = _Finder(connection, live, number, header, marks, only)
    needs = None if live.everybody else finder.needs()
    if only is not None:
        try:
            return None if needs is None else finder.some(needs)
        except _Untypical:
            return None
    if needs is None:
        return finder.all()
    try:
        return finder.some(needs)
    except _Untypical:
        return finder.some(needs, everybody=True)


class _Finder:
    def __init__(
        self,
        connection: sa.Connection,
        live: Live,
        number: int,
        header: Header | None,
        marks: Mapping[int, Touch],
        only: Sequence[int] | None,
    ) -> None:
        self.connection = connection
        self.live = live
        self.number = number
        self.header = header
        unplaced = store_touched.unplaced(connection) if only is None else {}
        self.marks = {source: mark for source, mark in marks.items() if source not in unplaced}
        self.only = only
        self.plan = live.plan
        self.providers = providers_of(connection, AsCorrected())
        self.rests_on = rests_on(connection, live, self.plan, self.providers)
        self.overrides = {str(id): row.id for id, row in overrides_in_force(connection, live.now).items()}
        self.loading = loading(connection, self.providers, live.yardstick.metrics.values(), set(unplaced.values()))
        same_day = header is not None and header.day == live.day
        self.provisional = frozenset(header.content.get("provisional", ()) if header is not None and same_day else ())
        """Metrics of which what is typical was learnt today while a source was in the midst of its first load."""
        self.learnt_anew = self.provisional - self.loading

    # --- who must be measured -----------------------------------------------------------------------------------------

    def needs(self) -> Needs | None:
        """Who must be measured; None for everybody."""
        header, yardstick, day = self.header, self.live.yardstick, self.live.day
        if header is None:
            return None
        if self.only is not None and (header.day != day or header.content["cards"] != self.rests_on["cards"]):
            return None
        if dirty.rates_changed(self.connection, header.sheets, yardstick, day):
            return None
        if dirty.features_changed(self.connection, header.sheets, yardstick, header.day, day, self.marks):
            return None
        needs = dirty.needs_of(self.connection, self.marks)
        needs.add(self.only or (), WHOLLY)
        limit = max(FEW, int(header.content["accounts"] * MEASURE_ALL_ABOVE))
        if header.day != day and len(needs) <= limit:
            dirty.add_crossing(self.connection, needs, header.sheets, yardstick, header.day, day, limit)
        return needs if len(needs) <= limit else None

    def _missing(self, header: Header) -> dict[int, list[Metric]]:
        """The metrics that are wanted and not kept, by offset."""
        kept = {columns.offset: {m.name for m in columns.metrics} for columns in header.sheets}
        wanted = {offset: [m for m in metrics if m.name not in kept.get(offset, ())] for offset, metrics in self.plan.items()}
        return {offset: metrics for offset, metrics in wanted.items() if metrics or offset not in kept}

    # --- measuring ----------------------------------------------------------------------------------------------------

    def all(self) -> Found:
        """Measure and score everybody, where the facts are if the engine can."""
        there = spread_today(self.connection, self.live, self.plan, self.learnt_anew)
        if there is None:
            frame = frame_of({offset: self._measure(offset, metrics) for offset, metrics in self.plan.items()})
        else:
            frame = there.frame
        before = store_frames.load(self.connection)
        asked = frozenset({row.account_id for row in before} | set(frame.account_ids.tolist()))
        scored = None if there is None else there.segments
        return self._scored(frame, before, asked, len(frame.account_ids), everybody=True, there=scored)

    def some(self, needs: Needs, *, everybody: bool = False) -> Found:
        """Measure the accounts in need; score them and those that rest on them, or everybody, from what is kept."""
        header = self.header
        assert header is not None
        missing = self._missing(header) if self.only is None else {}
        other = any(header.content[name] != value for name, value in self.rests_on.items())
        if self.only is None and (header.day != self.live.day or other or missing):
            everybody = True
        known = {row.account_id: row for row in store_frames.load(self.connection, sorted(needs))}
        changed = self._measure_again(header, needs, list(known.values()))
        gone = needs.keys() - set(changed.account_ids.tolist())
        if everybody:
            before = store_frames.load(self.connection)
            frame = unpack(before, header.sheets).with_rows(changed, gone)
            for offset, metrics in missing.items():
                frame.widened(offset, self._measure(offset, metrics))
            asked = frozenset({row.account_id for row in before} | set(frame.account_ids.tolist()))
            return self._scored(frame, before, asked, len(needs), everybody=True)
        wanted = self._wanted(header, needs, changed)
        others = store_frames.load(self.connection, sorted(wanted - needs.keys()))
        frame = unpack(others, header.sheets).with_rows(changed, gone)
        before = [*known.values(), *others]
        return self._scored(frame, before, frozenset(wanted), len(needs), everybody=False)

    def _wanted(self, header: Header, needs: Needs, changed: StoredFrame) -> set[int]:
        """The accounts to score: those in need, whose override began or ended, and the families of these."""
        wanted = set(needs)
        if self.only is None:
            said: dict[str, int] = header.content["overrides"]
            wanted |= {int(id) for id in said.keys() | self.overrides.keys() if said.get(id) != self.overrides.get(id)}
            wanted |= set(header.content["homeless"])
        cards = [self.live.cards, *([self.live.shadow] if self.live.shadow else [])]
        if any(model.roll_up for each in cards for model in each.models.values()):
            wanted |= self._families(wanted, changed)
        return wanted

    def _families(self, accounts: set[int], changed: StoredFrame) -> set[int]:
        """All ancestors of accounts, those they had and those they have, and all descendants of both."""
        now = dict(zip(changed.account_ids.tolist(), changed.parents, strict=True))
        found = set(accounts)
        level = found
        while level:
            above = store_frames.parents(self.connection, sorted(level)) | {p for id in level if (p := now.get(id)) is not None}
            level = above - found
            found |= level
        level = found
        while level:
            level = store_frames.children(self.connection, sorted(level)) - found
            found |= level
        return found

    def _measure_again(self, header: Header, needs: Needs, rows: Sequence[sa.Row[Any]]) -> StoredFrame:
        """The accounts in need as they are now; those that are customers no longer are left out."""
        kept = unpack(rows, header.sheets)
        place = {id: i for i, id in enumerate(kept.account_ids.tolist())}
        # Who they are may differ, or nothing is kept of them: then everything must be measured.
        others: dict[Need, list[int]] = {}
        same: dict[Need, list[int]] = {}
        for id, need in needs.items():
            if id not in place:
                others.setdefault(WHOLLY, []).append(id)
            else:
                (others if need.records & ACCOUNT else same).setdefault(need, []).append(id)
        today: dict[int, Attributes] = {id: kept.attributes[place[id]] for ids in same.values() for id in ids}
        results: list[tuple[int, Measurements, list[int]]] = []
        for columns in header.sheets:
            there = kept.sheets[columns.offset].exists
            known, unknown = self._batches(columns, same, others)
            for metrics, batch in known:
                customers = [id for id in batch if there[place[id]]]
                if customers:
                    measured = self._measure(columns.offset, metrics, customers, columns.features, customers=True)
                    results.append((columns.offset, measured, customers))
            for metrics, batch in unknown:
                measured = self._measure(columns.offset, metrics, batch, columns.features)
                results.append((columns.offset, measured, batch))
                if columns.offset == 0:
                    found = measured.population
                    today |= dict(zip(found.account_ids.tolist(), attributes_of(found), strict=True))
        ids = np.array(sorted(today), dtype=np.int64)
        frame = StoredFrame(ids, [today[id] for id in ids.tolist()], {})
        staying = np.isin(kept.account_ids, ids)
        at = np.searchsorted(ids, kept.account_ids[staying])
        for columns in header.sheets:
            sheet, was = blank(columns, len(ids)), kept.sheets[columns.offset]
            sheet.exists[at], sheet.values[at], sheet.flags[at] = was.exists[staying], was.values[staying], was.flags[staying]
            if was.problems:
                now = dict(zip(np.flatnonzero(staying).tolist(), at.tolist(), strict=True))
                sheet.problems = {m: {now[r]: t for r, t in found.items() if r in now} for m, found in was.problems.items()}
            frame.sheets[columns.offset] = sheet
        for offset, measured, asked in results:
            frame.sheets[offset].put(measured, ids, np.intersect1d(ids, np.array(asked, dtype=np.int64)))
        return frame

    def _batches(
        self, columns: Columns, same: Mapping[Need, list[int]], others: Mapping[Need, list[int]]
    ) -> tuple[list[Batch], list[Batch]]:
        """Who is to be measured in a sheet, by the metrics that may have changed: of whom attributes are known, and the others.

        The known are asked by record type, so that there are few queries, the same in every run. Of the others a few are not
        worth a query of their own.
        """
        day = self.live.day - timedelta(days=columns.offset)
        known: dict[tuple[Metric, ...], list[int]] = {}
        unknown: dict[tuple[Metric, ...], list[int]] = {}
        for need, ids in same.items():
            for metrics in need.by_record(columns) if need.since <= day else ():
                # A metric that reads an attribute needs the population's.
                plain = tuple(m for m in metrics if ACCOUNT_RECORD not in m.sources)
                rest = tuple(m for m in metrics if ACCOUNT_RECORD in m.sources)
                for part, batches in ((plain, known), (rest, unknown)):
                    if part:
                        batches.setdefault(part, []).extend(ids)
        for need, ids in others.items():
            metrics = need.metrics(columns)
            # On the current day attributes may differ, whichever metrics do.
            if columns.offset == 0 or (metrics and need.since <= day):
                unknown.setdefault(metrics, []).extend(ids)
        large = {metrics: ids for metrics, ids in unknown.items() if len(ids) >= WORTH_A_QUERY}
        small = [(metrics, ids) for metrics, ids in unknown.items() if metrics not in large]
        if small:
            together = {m.name for metrics, _ in small for m in metrics}
            union = tuple(m for m in columns.metrics if m.name in together)
            large.setdefault(union, []).extend(id for _, ids in small for id in ids)
        return [_batch(*each) for each in known.items()], [_batch(*each) for each in large.items()]

    def _measure(
        self,
        offset: int,
        metrics: Sequence[Metric],
        accounts: Sequence[int] | None = None,
        features: KeyFeatures | None = None,
        *,
        customers: bool = False,
    ) -> Measurements:
        yardstick = self.live.yardstick
        facts = yardstick.engine.facts(self.connection, accounts)
        question = question_of(
            self.connection,
            metrics,
            facts,
            day=self.live.day - timedelta(days=offset),
            zone=yardstick.zone,
            mode=AsCorrected(),
            reporting_currency=yardstick.currency,
            precedence=yardstick.precedence,
            accounts=accounts,
            features=features,
            customers=customers,
        )
        return measure(facts, question)

    # --- scoring ------------------------------------------------------------------------------------------------------

    def _scored(
        self,
        frame: StoredFrame,
        before: Sequence[sa.Row[Any]],
        asked: frozenset[int],
        measured: int,
        *,
        everybody: bool,
        there: Sequence[ScoredThere] | None = None,
    ) -> Found:
        live = self.live
        evaluated: dict[int, MetricFrame] = {}
        known = None if everybody else frame.account_ids.tolist()
        seen = Witnesses(self.providers, linked_by(self.connection, mode=AsCorrected(), accounts=known))

        def on(offset: int) -> MetricFrame:
            if offset not in evaluated:
                evaluated[offset] = self._judged(frame, offset, seen)
            return evaluated[offset]

        def scored(cards: Scorecards, basis: Basis, published: DayScores | None = None) -> DayScores:
            raw = score_frame(
                self.connection,
                cards,
                live.yardstick,
                on(0),
                lambda _, past: on((live.day - past).days),
                learn=True,
                void=self.learnt_anew,
                published=published,
                there=there if basis == LIVE else None,
            )
            if not everybody and (self.learnt_anew or any(segment.new_peers for segment in raw.segments)):
                raise _Untypical
            return steadied(self.connection, raw, cards, live.yardstick, basis=basis, at=live.now)

        scores = scored(live.cards, LIVE)
        shadow = scored(live.shadow, SHADOW_LIVE, scores) if live.shadow else None
        new = {name for each in (scores, shadow) if each for segment in each.segments for name in segment.new_peers}
        provisional = sorted(self.loading & (self.provisional | new))
        return Found(
            number=self.number,
            accounts=0 if self.header is None else self.header.content["accounts"],
            content={**self._content(frame), "provisional": provisional},
            marks=self.marks,
            frame=frame,
            everybody=everybody,
            same_past=self._same_past(),
            asked=asked,
            measured=measured,
            before=before,
            scores=scores,
            earlier=on(COMPARED_DAYS),
            shadow=shadow,
            learnt_anew=self.learnt_anew,
        )

    def _judged(self, frame: StoredFrame, offset: int, seen: Witnesses) -> MetricFrame:
        yardstick, day = self.live.yardstick, self.live.day - timedelta(days=offset)
        worth = conversion(self.connection, Moment(day, yardstick.zone, AsCorrected()), yardstick.currency)
        measured = frame.measurements(offset, self.live.day, yardstick.zone, worth)
        stale_before = self.live.now - yardstick.stale_after if offset == 0 else None
        covered = seen.coverage(records_of(measured.metrics), measured.population.account_ids, stale_before)
        return judged(measured, covered)

    def _same_past(self) -> bool:
        header = self.header
        return header is not None and (header.day, header.content["history"]) == (self.live.day, self.rests_on["history"])

    def _content(self, frame: StoredFrame) -> dict[str, Any]:
        sheets = [sheet.columns.content() for sheet in frame.sheets.values()]
        if self.header is None or self.only is None:
            homeless = [] if self.header is None else self.header.content["homeless"]
            return {**self.rests_on, "sheets": sheets, "overrides": self.overrides, "homeless": homeless}
        # The others still rest on what they rested on.
        mine = {str(id) for id in frame.account_ids.tolist()}
        overrides = {id: row for id, row in self.header.content["overrides"].items() if id not in mine}
        overrides |= {id: row for id, row in self.overrides.items() if id in mine}
        return {**self.header.content, "overrides": overrides}


def _batch(metrics: tuple[Metric, ...], accounts: Iterable[int]) -> Batch:
    return metrics, sorted(set(accounts))
