"""What a scored day leaves in the store: its peers, history, portfolio and, of the current day, the current scores."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import sqlalchemy as sa

from accountpulse.core.metrics.frame import MetricFrame
from accountpulse.core.scoring.bands import band_name
from accountpulse.core.scoring.booking import Booking, bookings, moves, portfolio, revenue_in_minor_units, segments
from accountpulse.core.scoring.day import DayScores, Scorecards, SegmentDay, Yardstick
from accountpulse.core.scoring.explain import Kept
from accountpulse.core.scoring.packing import pack
from accountpulse.core.scoring.scorer import Floats
from accountpulse.core.scoring.types import ScoreChange
from accountpulse.core.scoring.went import went
from accountpulse.core.store import profiles as store_profiles
from accountpulse.core.store import scorecards as store_scorecards
from accountpulse.core.store import scores as store_scores
from accountpulse.core.store.revisions import bump
from accountpulse.core.store.scores import Basis, HistoryPoint
from accountpulse.core.store.types import from_epoch_day


@dataclass(frozen=True, slots=True)
class Written:
    """rows: how many current scores changed. changes: what observers are told. homeless: accounts without a row of attributes,
    where their revenue would be kept."""

    rows: int
    changes: list[ScoreChange]
    homeless: set[int]


@dataclass(frozen=True, slots=True)
class KeptRows:
    """What the next run goes on from. rows: by account, the columns of `stored_frame.pack`. anew: whose differ from before."""

    rows: Mapping[int, Mapping[str, Any]]
    anew: Collection[int]


ROUNDING = 5e-7
"""Points by which a score may differ and be the same."""

THRESHOLD_CENTI = 100
"""History keeps what moved by a point, in hundredths."""


@dataclass(frozen=True)
class Partly:
    """Some accounts are written, the others stay. asked: they, and who is gone. booked: what these counted for before. total:
    how many are scored in all."""

    asked: Sequence[int]
    booked: Sequence[Booking]
    total: int


def write_day(
    connection: sa.Connection,
    cards: Scorecards,
    scores: DayScores,
    basis: Basis,
    now: datetime,
    booked: Mapping[int, Booking] | None = None,
    partly: Partly | None = None,
    beside: Scorecards | None = None,
    loading: Container[str] = (),
) -> set[tuple[int, date]]:
    """Write a day's peers, history, portfolio and segments; returns the rows of history that changed, by account and day.

    booked: `bookings` of these scores, where they are known. partly: given where the scores are of some accounts only. beside:
    of a shadow, what is published: what is typical where both have the same segment and model, the published ones say.
    loading: metrics of which what is typical is not kept, as it is that of what was loaded so far.
    """
    day = scores.day
    said = {(beside.segment_ids[rule.name], beside.model_of(rule).version) for rule in beside.rules} if beside else set()
    store_scorecards.save_peers(connection, _peer_rows(cards, scores, said, loading))
    written = store_scores.write_history(
        connection,
        day,
        basis,
        _history(cards, scores),
        threshold_centi=THRESHOLD_CENTI,
        now=now,
        total=partly.total if partly else None,
        asked=partly.asked if partly else None,
    )
    came = list((bookings(cards, scores) if booked is None else booked).values())
    places, held = portfolio(came), segments(cards, came)
    if partly is None:
        store_scores.write_portfolio(connection, day, basis, places)
    else:
        store_scores.move_portfolio(connection, day, basis, moves(portfolio(partly.booked), places))
        by = moves(segments(cards, partly.booked), held)
        held = dict.fromkeys(held, (0, 0)) | store_scorecards.segments_of(connection, day, basis)
        held |= {id: (held[id][0] + n, held[id][1] + taken) for id, (n, taken) in by.items()}
    store_scorecards.save_segments(connection, day, basis, held)
    return written


def write_current(
    connection: sa.Connection,
    cards: Scorecards,
    yardstick: Yardstick,
    scores: DayScores,
    earlier: MetricFrame | None,
    now: datetime,
    kept: KeptRows,
    accounts: Sequence[int] | None = None,
    moved: Collection[int] | None = None,
) -> Written:
    """Make these the current scores. earlier: the metrics some time before, for the reasons. kept: for the next run.

    accounts: given where the scores are of some only: those that may have changed, gone ones too. moved: accounts whose history
    is no longer what it was when their current score was written, None where that may be any. A trend rests on nothing else.
    """
    known = store_scores.said_last(connection, accounts)
    bands = {
        account: band_name(segment.model.bands, band)
        for segment in scores.segments
        for account, band in zip(_accounts(scores, segment), segment.evaluation.band.tolist(), strict=True)
    }
    scales = {cards.model_ids[model.version]: model.bands for model in cards.models.values()}
    came = went(connection, scores.day, bands, known, moved, accounts, scales)
    rows: list[dict[str, Any]] = []
    changes: list[ScoreChange] = []
    backdrops: dict[str, dict[str, Any]] = {}
    for segment in scores.segments:
        explained = scores.kept(segment, yardstick, earlier)
        backdrops[explained.backdrop.digest] = explained.backdrop.content
        for row in _current_rows(cards, scores, segment, explained, now):
            account = row["account_id"]
            row |= came[account]
            row |= kept.rows[account]
            rows.append(row)
            before = known.get(account)
            if before is None or before.band != row["band"] or abs(before.score - row["score"]) > ROUNDING:
                changes.append(_change(segment, row, before))
    written = store_scores.write_current(connection, rows, known, backdrops, kept.anew)
    revenue = dict(zip(scores.frame.account_ids.tolist(), revenue_in_minor_units(scores.frame), strict=True))
    set_anew, homeless = store_profiles.set_mrr(connection, revenue, accounts)
    if set_anew:
        bump(connection, "facts")
    return Written(written, changes, homeless)


def _peer_rows(
    cards: Scorecards, scores: DayScores, without: Collection[tuple[int, str]], loading: Container[str]
) -> list[dict[str, Any]]:
    return [
        {
            "model_id": cards.model_ids[segment.model.version],
            "segment_id": cards.segment_ids[segment.rule.name],
            "day": scores.day,
            "metric": metric,
            "component": peer.component,
            "value": peer.value,
            "accounts": peer.accounts,
            "curve": [list(point) for point in peer.curve],
        }
        for segment in scores.segments
        if (cards.segment_ids[segment.rule.name], segment.model.version) not in without
        for metric, peer in segment.new_peers.items()
        if metric not in loading
    ]


def _history(cards: Scorecards, scores: DayScores) -> list[HistoryPoint]:
    points: list[HistoryPoint] = []
    for segment in scores.segments:
        evaluation, course = segment.evaluation, segment.course
        n = len(segment.rows)
        published, raw = _centi(evaluation.score), _centi(evaluation.raw_score)
        band, raw_band = evaluation.band.tolist(), evaluation.raw_band.tolist()
        underneath: list[tuple[int, int] | None] = [None] * n
        rising_since: list[date | None] = [None] * n
        if course is not None:
            for i in np.flatnonzero(course.overridden).tolist():
                underneath[i] = round(float(course.after.score[i]) * 100), int(course.after.band[i])
            for i in np.flatnonzero(course.after.rising).tolist():
                rising_since[i] = from_epoch_day(int(course.rising_since[i]))
        components, k = pack(evaluation.components, evaluation.states).tobytes(), len(segment.model.lines)
        accounts, coverage = scores.frame.account_ids[segment.rows].tolist(), np.rint(evaluation.coverage * 100).tolist()
        for i in range(n):
            steady_centi, steady_band = underneath[i] or (None, None)
            points.append(
                HistoryPoint(
                    account_id=accounts[i],
                    model_id=cards.model_ids[segment.model.version],
                    segment_id=cards.segment_ids[segment.rule.name],
                    score_centi=published[i],
                    band=band[i],
                    coverage_percent=int(coverage[i]),
                    components=components[i * k : (i + 1) * k],
                    raw_centi=raw[i] if raw[i] != published[i] else None,
                    raw_band=raw_band[i] if raw_band[i] != band[i] else None,
                    steady_centi=steady_centi,
                    steady_band=steady_band,
                    rising_since=rising_since[i],
                    exact=segment.model.steadiness.points_per_day is not None,
                )
            )
    return points


def _centi(scores: Floats) -> list[int]:
    centi: list[int] = np.rint(scores * 100).astype(np.int64).tolist()
    return centi


def _accounts(scores: DayScores, segment: SegmentDay) -> list[int]:
    accounts: list[int] = scores.frame.account_ids[segment.rows].tolist()
    return accounts


def _current_rows(
    cards: Scorecards, scores: DayScores, segment: SegmentDay, kept: Kept, now: datetime
) -> Iterator[dict[str, Any]]:
    """Rows of current scores with what explains them, but for what rests on the days before."""
    evaluation, bands = segment.evaluation, segment.model.bands
    shared = {
        "day": scores.day,
        "segment_id": cards.segment_ids[segment.rule.name],
        "model_id": cards.model_ids[segment.model.version],
        "reference": evaluation.reference,
        "scored_at": now,
        "backdrop": kept.backdrop.digest,
    }
    columns = (evaluation.score, evaluation.raw_score, evaluation.coverage, evaluation.low, evaluation.high)
    numbers = zip(_accounts(scores, segment), *(column.tolist() for column in columns), strict=True)
    named = zip(evaluation.band.tolist(), evaluation.raw_band.tolist(), strict=True)
    for (account, score, raw_score, coverage, low, high), (band, raw_band), detail in zip(
        numbers, named, kept.rows, strict=True
    ):
        yield {
            **shared,
            "account_id": account,
            "score": score,
            "raw_score": raw_score,
            "band": band_name(bands, band),
            "raw_band": band_name(bands, raw_band),
            "coverage": coverage,
            "low": low,
            "high": high,
            **detail,
        }


def _change(segment: SegmentDay, row: Mapping[str, Any], before: sa.Row[Any] | None) -> ScoreChange:
    return ScoreChange(
        account_id=row["account_id"],
        day=row["day"],
        segment=segment.rule.name,
        model_version=segment.model.version,
        score_before=before.score if before is not None else None,
        score=row["score"],
        band_before=before.band if before is not None else None,
        band=row["band"],
    )
