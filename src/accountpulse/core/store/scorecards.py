"""Models, segments and peers in the store: which model a segment had and when, and what was typical on each day."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, Final, Literal

import sqlalchemy as sa

from accountpulse.core.store.revisions import bump
from accountpulse.core.store.tables import peer, publication, release, scoring_model, segment, segment_daily
from accountpulse.core.store.upsert import insert

PUBLISHED: Final = "published"
SHADOW: Final = "shadow"
Stage = Literal["published", "shadow"]
Action = Literal["publish", "rollback", "shadow", "withdraw"]


@dataclass(frozen=True, slots=True)
class Published:
    """A segment as it is scored: its place in the order of rules, its rule, and its model by id."""

    segment_id: int
    model_id: int
    position: int
    rule: Mapping[str, Any]


def lock(connection: sa.Connection) -> None:
    """Let no other transaction change what is in force until this one ends. SQLite has one writer at a time anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("lock table release in exclusive mode"))


def known_segments(connection: sa.Connection, names: Collection[str]) -> dict[str, int]:
    """The ids of segments by name; one that was never published or in shadow is not in it."""
    return {row.name: row.id for row in connection.execute(sa.select(segment).where(segment.c.name.in_(names)))}


def segment_ids(connection: sa.Connection, names: Sequence[str]) -> dict[str, int]:
    """The ids of segments, created where they are new."""
    found = known_segments(connection, names)
    new = [name for name in names if name not in found]
    if new:
        connection.execute(sa.insert(segment), [{"name": name} for name in new])
        found |= known_segments(connection, new)
    return found


def known_models(connection: sa.Connection, versions: Collection[str]) -> dict[str, int]:
    """The ids of models by version; one that was never published or in shadow is not in it."""
    table = scoring_model
    query = sa.select(table.c.version, table.c.id).where(table.c.version.in_(versions))
    return {row.version: row.id for row in connection.execute(query)}


def model_ids(connection: sa.Connection, models: Mapping[str, tuple[str, Mapping[str, Any]]], now: datetime) -> dict[str, int]:
    """The ids of models by version, stored where they are new. models: version to (name, content)."""
    found = known_models(connection, models)
    new = [
        {"version": version, "name": name, "content": dict(content), "created_at": now}
        for version, (name, content) in models.items()
        if version not in found
    ]
    if new:
        connection.execute(sa.insert(scoring_model), new)
        found |= known_models(connection, [version for version in models if version not in found])
    return found


def publish(connection: sa.Connection, stage: Stage, wanted: Sequence[Published], now: datetime) -> bool:
    """Make these the segments of a stage; what differs is closed and opened as of now. True when anything changed."""
    table = publication
    in_force = sa.select(table).where(table.c.known_to.is_(None), table.c.stage == stage)
    current = {row.segment_id: row for row in connection.execute(in_force)}
    new = [p for p in wanted if not _same(current.get(p.segment_id), p)]
    kept = {p.segment_id for p in wanted if _same(current.get(p.segment_id), p)}
    ended = [row.id for segment_id, row in current.items() if segment_id not in kept]
    if ended:
        connection.execute(sa.update(table).where(table.c.id.in_(ended)).values(known_to=now))
    if new:
        rows = [
            {
                "stage": stage,
                "segment_id": p.segment_id,
                "model_id": p.model_id,
                "position": p.position,
                "rule": dict(p.rule),
                "known_from": now,
            }
            for p in new
        ]
        connection.execute(sa.insert(table), rows)
    if new or ended:
        bump(connection, "models")
    return bool(new or ended)


def _same(row: sa.Row[Any] | None, wanted: Published) -> bool:
    return row is not None and (row.model_id, row.position, row.rule) == (wanted.model_id, wanted.position, wanted.rule)


def in_force(connection: sa.Connection, stage: Stage, at: datetime | None = None) -> list[sa.Row[Any]]:
    """The segments of a stage at an instant, None for now, in the order of their rules, each with its model.

    Columns: those of a publication, `segment` (its name), `version` and `content` of its model.
    """
    given = {"stage": stage} if at is None else {"stage": stage, "at": at}
    return list(connection.execute(_in_force(at is not None), given))


@cache
def _in_force(pinned: bool) -> sa.Select[Any]:
    p = publication.c
    at = sa.bindparam("at", type_=p.known_from.type)
    then = sa.and_(p.known_from <= at, sa.or_(p.known_to.is_(None), p.known_to > at)) if pinned else p.known_to.is_(None)
    return (
        sa.select(publication, segment.c.name.label("segment"), scoring_model.c.version, scoring_model.c.content)
        .join(segment, segment.c.id == p.segment_id)
        .join(scoring_model, scoring_model.c.id == p.model_id)
        .where(p.stage == sa.bindparam("stage", type_=p.stage.type), then)
        .order_by(p.position, p.id)
    )


def write_release(
    connection: sa.Connection,
    *,
    stage: Stage,
    action: Action,
    author: str,
    reason: str | None,
    at: datetime,
    restored: int | None = None,
) -> int:
    """Note who changed which models are in force; returns the note's number. restored: what a rollback put back."""
    values = {"stage": stage, "action": action, "author": author, "reason": reason, "at": at, "restored": restored}
    result = connection.execute(sa.insert(release).values(values))
    return int(result.inserted_primary_key[0])  # type: ignore[index]


def releases(connection: sa.Connection, stage: Stage | None = None) -> list[sa.Row[Any]]:
    """The releases of a stage, or of all, newest first."""
    query = sa.select(release).order_by(release.c.id.desc())
    return list(connection.execute(query if stage is None else query.where(release.c.stage == stage)))


def last_release_at(connection: sa.Connection) -> datetime | None:
    """When what is in force was last changed."""
    at: datetime | None = connection.execute(sa.select(sa.func.max(release.c.at, type_=release.c.at.type))).scalar()
    return at


def segments_of(connection: sa.Connection, day: date, basis: int) -> dict[int, tuple[int, int]]:
    """What is kept of the segments of a day: accounts and taken, by segment id."""
    table = segment_daily
    query = sa.select(table.c.segment_id, table.c.accounts, table.c.taken)
    rows = connection.execute(query.where(table.c.day == day, table.c.basis == basis))
    return {row.segment_id: (row.accounts, row.taken) for row in rows}


def save_segments(connection: sa.Connection, day: date, basis: int, wanted: Mapping[int, tuple[int, int]]) -> None:
    """Make this what is kept of the segments of a day: accounts and taken, by segment id."""
    if segments_of(connection, day, basis) == wanted:
        return
    table = segment_daily
    connection.execute(sa.delete(table).where(table.c.day == day, table.c.basis == basis))
    if wanted:
        rows = [{"day": day, "basis": basis, "segment_id": s, "accounts": n, "taken": t} for s, (n, t) in wanted.items()]
        connection.execute(sa.insert(table), rows)
    bump(connection, "scores")


def segments_on(connection: sa.Connection, basis: int) -> dict[int, sa.Row[Any]]:
    """What is kept of each segment of the newest day of a basis: day, accounts, taken."""
    table = segment_daily
    newest = sa.select(sa.func.max(table.c.day, type_=table.c.day.type)).where(table.c.basis == basis).scalar_subquery()
    query = sa.select(table).where(table.c.basis == basis, table.c.day == newest)
    return {row.segment_id: row for row in connection.execute(query)}


def model_contents(connection: sa.Connection, ids: Sequence[int]) -> dict[int, Mapping[str, Any]]:
    """The content of models by id."""
    query = sa.select(scoring_model.c.id, scoring_model.c.content).where(scoring_model.c.id.in_(ids))
    return {row.id: row.content for row in connection.execute(query)}


def peers_of(connection: sa.Connection, model_id: int, segment_id: int, day: date) -> dict[str, sa.Row[Any]]:
    """The stored peers of a segment on a day, by metric."""
    query = sa.select(peer).where(peer.c.model_id == model_id, peer.c.segment_id == segment_id, peer.c.day == day)
    return {row.metric: row for row in connection.execute(query)}


def forget_peers(connection: sa.Connection, day: date, metrics: Collection[str]) -> None:
    """Forget what was typical in some metrics on a day, in every segment and model."""
    if metrics:
        connection.execute(sa.delete(peer).where(peer.c.day == day, peer.c.metric.in_(sorted(metrics))))


def save_peers(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store peers that are new; what is stored once stays."""
    if rows:
        connection.execute(insert(connection, peer).on_conflict_do_nothing(), list(rows))
