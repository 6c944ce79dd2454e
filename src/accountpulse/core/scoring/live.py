"""Runs a scoring of the current day: finds what must be scored, and writes all of it in one transaction, or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import orjson
import sqlalchemy as sa

from accountpulse.core.errors import StoreError
from accountpulse.core.notify.write import tell
from accountpulse.core.observe.trace import span
from accountpulse.core.scoring.archive import KeptRows, Partly, write_current, write_day
from accountpulse.core.scoring.booking import Booking, bookings
from accountpulse.core.scoring.day import DayScores, Scorecards
from accountpulse.core.scoring.incremental import Found, find
from accountpulse.core.scoring.live_header import Live
from accountpulse.core.scoring.stored_frame import pack
from accountpulse.core.scoring.types import ScoreChange
from accountpulse.core.store import metric_frames as store_frames
from accountpulse.core.store import scorecards as store_scorecards
from accountpulse.core.store import touched as store_touched
from accountpulse.core.store.database import Store
from accountpulse.core.store.metric_frames import KEPT
from accountpulse.core.store.revisions import bump
from accountpulse.core.store.scores import LIVE, SHADOW_LIVE, Basis

ATTEMPTS = 3
"""So often a run begins again when another was faster, before it makes the others wait."""


@dataclass(frozen=True, slots=True)
class LiveReport:
    """What a run did. accounts: scored this day in all. measured: of how many it read facts. scored: how many anew."""

    accounts: int
    measured: int
    scored: int
    rows_written: int
    changes: Sequence[ScoreChange]


def run_live(store: Store, live: Live, only: Sequence[int] | None = None) -> LiveReport | None:
    """Score the current day; `only` these accounts and whose scores rest on theirs, None where that needs the others too.

    Raises StoreError only where the store can't be locked.
    """
    for _ in range(ATTEMPTS):
        with span("scoring.measure"), store.read(scattered=True) as connection:
            found = find(connection, live, only=only)
        if found is None:
            return None
        with span("scoring.write"), store.write(scattered=True) as connection:
            report = _write(connection, live, found)
        if report is not None:
            return report
    with store.write(scattered=True) as connection:
        found = find(connection, live, only=only, lock=True)
        report = None if found is None else _write(connection, live, found)
        if found is not None and report is None:
            raise StoreError("another run is scoring this store for the first time; try again when it is done")
        return report


def _write(connection: sa.Connection, live: Live, found: Found) -> LiveReport | None:
    """Write what was found; None, and nothing, where another run has been there since."""
    scored = set(found.frame.account_ids.tolist())
    before = {row.account_id for row in found.before}
    accounts = len(scored) if found.everybody else found.accounts + len(scored - before) - len(before - scored)
    content = {**found.content, "accounts": accounts}
    if not store_frames.advance(connection, found.number, live.day, content):
        return None
    store_touched.settle(connection, found.marks)
    store_scorecards.forget_peers(connection, live.day, found.learnt_anew)
    told = orjson.loads("[" + ",".join(row.booked for row in found.before) + "]")
    booked = dict(zip((row.account_id for row in found.before), told, strict=True))
    asked = None if found.everybody else sorted(found.asked)
    counted: dict[int, dict[str, Any]] = {id: {} for id in scored}
    written, moved = 0, None
    stages: list[tuple[Basis, Scorecards, DayScores]] = [(LIVE, live.cards, found.scores)]
    if live.shadow is not None and found.shadow is not None:
        stages.append((SHADOW_LIVE, live.shadow, found.shadow))
    for basis, cards, scores in stages:
        came = bookings(cards, scores)
        for id, booking in came.items():
            counted[id][str(basis)] = booking.to_json()
        partly = None if asked is None else Partly(asked, _booked(booked, basis), accounts)
        beside = live.cards if basis == SHADOW_LIVE else None
        rows = write_day(connection, cards, scores, basis, live.now, came, partly, beside)
        if basis == LIVE:
            written = len(rows)
            moved = {account for account, _ in rows} if found.same_past else None
    kept = _kept(found, counted)
    current = write_current(connection, live.cards, live.yardstick, found.scores, found.earlier, live.now, kept, asked, moved)
    homeless = current.homeless
    if asked is not None:
        homeless |= set(content.get("homeless", ())) - found.asked
    store_frames.set_content(connection, {**content, "homeless": sorted(homeless)})
    written += current.rows
    if live.tell:
        tell(connection, live.tell, current.changes, live.day, live.now)
    if written:
        bump(connection, "scores")
    return LiveReport(accounts, found.measured, len(scored), written, current.changes)


def _booked(booked: Mapping[int, Mapping[str, Any]], basis: Basis) -> list[Booking]:
    return [Booking.from_json(by_basis[str(basis)]) for by_basis in booked.values() if str(basis) in by_basis]


def _kept(found: Found, counted: Mapping[int, Mapping[str, Any]]) -> KeptRows:
    content = itemgetter(*KEPT)
    before = {row[0]: row[1:] for row in found.before}  # the account, then `KEPT`
    rows = pack(found.frame, counted)
    return KeptRows(rows, {account for account, row in rows.items() if before.get(account) != content(row)})
