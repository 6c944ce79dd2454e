"""What an operator sees at a glance: the accounts, worst first, and how every connection stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from accountpulse.core.observe.freshness import Contracts, State, standing
from accountpulse.core.scoring.types import Component, Score
from accountpulse.core.store import connections as store_connections
from accountpulse.core.store import connections_read, figures
from accountpulse.core.store import profiles as store_profiles
from accountpulse.core.store import scores as store_scores


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One line of the table. coverage: measured share, 0..1. trend_28d: points in 28 days; None where there is no history."""

    account_id: int
    name: str
    segment: str
    band: str
    score: float
    coverage: float
    trend_28d: float | None
    top_reason: str | None


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """How far one stream is. fresh_at: its last success."""

    name: str
    state: str
    fresh_at: datetime | None
    message: str | None


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A record that could not be understood, and why. It is tried again whenever it is read again."""

    stream: str
    source_id: str
    reason: str
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class ConnectionStatus:
    """How a connection stands, and since when.

    fresh_at: the oldest last success of its streams, None before all have one; of one that only pushes, its last message.
    freshness: fresh, late, never or unpromised, see `core/observe/freshness.py`. fresh_within_hours: how old its data may be.
    late_from: from when on it is late, unless it is read before.
    """

    name: str
    connector: str
    state: str
    since: datetime
    message: str | None
    paused_until: datetime | None
    fresh_at: datetime | None
    freshness: State
    fresh_within_hours: float | None
    late_from: datetime | None
    streams: tuple[StreamStatus, ...] = field(default_factory=tuple)
    quarantine: tuple[Quarantined, ...] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class RunStream:
    """What one run did in one stream: records that came, that changed anything, that could not be understood."""

    name: str
    state: str
    read: int
    changed: int
    quarantined: int
    retries: int
    message: str | None


@dataclass(frozen=True, slots=True)
class RunReport:
    """One run of a connection. finished_at: None while it goes on."""

    connection: str
    state: str
    started_at: datetime
    finished_at: datetime | None
    message: str | None
    streams: tuple[RunStream, ...]


def latest_runs(connection: sa.Connection, name: str | None, first: int) -> list[RunReport]:
    """The latest runs of a connection, or of each, newest first. Raises NotFound."""
    rows = store_connections.listing(connection) if name is None else [store_connections.by_name(connection, name)]
    names = {row.id: row.name for row in rows}
    found = [run for runs in connections_read.latest_runs(connection, list(names), first).values() for run in runs]
    streams = connections_read.streams_of_runs(connection, [run.id for run in found])
    return [
        RunReport(
            connection=names[run.connection_id],
            state=run.state,
            started_at=run.started_at,
            finished_at=run.finished_at,
            message=run.message,
            streams=tuple(
                RunStream(s.stream, s.state, s.read, s.opened + s.closed, s.quarantined, s.retries, s.message)
                for s in streams.get(run.id, ())
            ),
        )
        for run in sorted(found, key=lambda run: run.id, reverse=True)
    ]


def score_table(connection: sa.Connection, scores: Sequence[Score]) -> list[ScoreRow]:
    """The scores as lines, worst first, those with an unknown band last."""
    names = store_profiles.names(connection)
    trends = store_scores.trends(connection)
    rows = [
        ScoreRow(
            account_id=score.account_id,
            name=names.get(score.account_id, f"account {score.account_id}"),
            segment=score.segment,
            band=score.band,
            score=score.score,
            coverage=score.coverage,
            trend_28d=trends.get((score.account_id, score.day)),
            top_reason=_top_reason(score.components),
        )
        for score in scores
    ]
    return sorted(rows, key=lambda row: (row.band == "unknown", row.score, row.name))


def _top_reason(components: Sequence[Component]) -> str | None:
    """The reason of the component that moves the score most."""
    top = max(components, key=lambda c: abs(c.delta), default=None)
    return top.reason if top is not None and top.delta else None


def connection_status(connection: sa.Connection, contracts: Contracts, now: datetime) -> list[ConnectionStatus]:
    """Every configured connection with its streams, and whether it keeps its contract now."""
    rows = store_connections.listing(connection)
    streams: Mapping[int, list[StreamStatus]] = {row.id: [] for row in rows}
    for row in store_connections.streams_of(connection, list(streams)):
        streams[row.connection_id].append(StreamStatus(row.stream, row.state, row.last_success_at, row.message))
    fresh = figures.fresh_at(connection, list(streams))
    kept = {row.id: standing(contracts.of(row.name, only_pushes=not streams[row.id]), fresh.get(row.id)) for row in rows}
    return [
        ConnectionStatus(
            name=row.name,
            connector=row.connector,
            state=row.state,
            since=row.state_since,
            message=row.message,
            paused_until=row.paused_until,
            fresh_at=fresh.get(row.id),
            freshness=kept[row.id].state(now),
            fresh_within_hours=None if (within := kept[row.id].within) is None else within / timedelta(hours=1),
            late_from=kept[row.id].late_from,
            streams=tuple(streams[row.id]),
            quarantine=tuple(
                Quarantined(found.stream, found.source_id, found.reason, found.seen_at)
                for found in store_connections.quarantined(connection, row.id)
            ),
        )
        for row in rows
    ]
