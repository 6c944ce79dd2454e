"""Connections, how far their streams are, and their runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from accountpulse.core.errors import NotFound
from accountpulse.core.store import states
from accountpulse.core.store.chunks import TEXTS, among, texts
from accountpulse.core.store.revisions import bump
from accountpulse.core.store.tables import connection as connection_table
from accountpulse.core.store.tables import held_delete, quarantine, run, run_stream, source_account, stream_state
from accountpulse.core.store.upsert import insert

PEOPLE: Final = "people"
"""The name, and the connector, of the connection whose facts people enter themselves. It is never configured."""


_REGISTERING: Final = 4_150_116


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionSpec:
    """What the configuration and the connector say of a connection. `priority`: 0 is believed first."""

    name: str
    connector: str
    priority: int
    anchor: bool
    provides: tuple[str, ...]
    streams: Mapping[str, tuple[str, ...]]


def registered(connection: sa.Connection, specs: Sequence[ConnectionSpec]) -> dict[str, int] | None:
    """The ids of connections by name where the store's are these already; None where `register` has something to write."""
    known = {row.name: row for row in connection.execute(sa.select(connection_table))}
    same = all(spec.name in known and not _differs(known[spec.name], spec) for spec in specs)
    if not same or _gone(known, specs) or _other_streams(connection, specs, {name: row.id for name, row in known.items()}):
        return None
    return {spec.name: known[spec.name].id for spec in specs}


def register(connection: sa.Connection, specs: Sequence[ConnectionSpec], now: datetime) -> dict[str, int]:
    """Make the store's connections those of the configuration; returns their ids by name.

    A connection that is no longer configured is marked removed and keeps its facts, so that it may come back. Others that
    register wait until the transaction ends.
    """
    _registering_alone(connection)
    table = connection_table
    known = {row.name: row for row in connection.execute(sa.select(table))}
    bump(connection, "operations")
    for spec in specs:
        row = known.get(spec.name)
        if row is None:
            new = sa.insert(table).values(name=spec.name, state="new", state_since=now, **_values(spec)).returning(table.c.id)
            states.keep_unconfigured(connection, connection.execute(new).scalar_one(), now)
        elif _differs(row, spec):
            states.keep_connections(connection, [row.id], now)
            connection.execute(sa.update(table).where(table.c.id == row.id).values(**_values(spec)))
    gone = _gone(known, specs)
    if gone:
        states.keep_connections(connection, gone, now)
        connection.execute(sa.update(table).where(table.c.id.in_(gone)).values(removed_at=now))
    ids = {row.name: row.id for row in connection.execute(sa.select(table.c.name, table.c.id))}
    streams = _other_streams(connection, specs, ids)
    if streams:
        statement = insert(connection, stream_state)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["connection_id", "stream"], set_={"records": statement.excluded.records}
            ),
            streams,
        )
    return {spec.name: ids[spec.name] for spec in specs}


def repurposed(connection: sa.Connection, specs: Sequence[ConnectionSpec]) -> dict[str, str]:
    """The connections that another connector has read before, with that connector, by name.

    Its facts and cursors mean nothing to the new one.
    """
    wanted = {spec.name: spec.connector for spec in specs}
    query = sa.select(connection_table.c.name, connection_table.c.connector).where(_was_read())
    before = {row.name: row.connector for row in connection.execute(query)}
    return {name: connector for name, connector in before.items() if wanted.get(name, connector) != connector}


def _registering_alone(connection: sa.Connection) -> None:
    """Let no other transaction register until this one ends: two that begin on a new store would both add what is missing.

    SQLite has one writer at a time anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("select pg_advisory_xact_lock(:key)"), {"key": _REGISTERING})


def _was_read() -> sa.ColumnElement[bool]:
    """Whether a connection has facts, or was begun to be read."""
    id = connection_table.c.id
    tried = sa.select(stream_state.c.stream).where(
        stream_state.c.connection_id == id, stream_state.c.last_attempt_at.is_not(None)
    )
    known = sa.select(source_account.c.id).where(source_account.c.connection_id == id)
    return sa.or_(tried.exists(), known.exists())


def _values(spec: ConnectionSpec) -> dict[str, Any]:
    return {
        "connector": spec.connector,
        "priority": spec.priority,
        "anchor": spec.anchor,
        "provides": sorted(spec.provides),
        "removed_at": None,
    }


def _differs(row: sa.Row[Any], spec: ConnectionSpec) -> bool:
    return any(getattr(row, key) != value for key, value in _values(spec).items())


def _gone(known: Mapping[str, sa.Row[Any]], specs: Sequence[ConnectionSpec]) -> list[int]:
    configured = {spec.name for spec in specs}
    gone = [row for row in known.values() if row.removed_at is None and row.name not in configured]
    return [row.id for row in gone if (row.name, row.connector) != (PEOPLE, PEOPLE)]


def _other_streams(
    connection: sa.Connection, specs: Sequence[ConnectionSpec], ids: Mapping[str, int]
) -> list[dict[str, object]]:
    """The rows of streams that are not known yet, or with other records.

    One that its connector no longer has keeps its row and brings no record any more: else what it last read would be out of
    date for ever, beside the stream that took its place.
    """
    known = {(row.connection_id, row.stream): row.records for row in connection.execute(sa.select(stream_state))}
    wanted = {(ids[spec.name], stream): sorted(records) for spec in specs for stream, records in spec.streams.items()}
    mine = {ids[spec.name] for spec in specs}
    retired = {key: list[str]() for key in known if key[0] in mine and key not in wanted}
    return [
        {"connection_id": id, "stream": stream, "records": records, "state": "new"}
        for (id, stream), records in (wanted | retired).items()
        if known.get((id, stream)) != records
    ]


def by_name(connection: sa.Connection, name: str) -> sa.Row[Any]:
    """One connection. Raises NotFound naming those that exist."""
    row = connection.execute(sa.select(connection_table).where(connection_table.c.name == name)).one_or_none()
    if row is None:
        names = connection.execute(sa.select(connection_table.c.name).order_by(connection_table.c.name)).scalars()
        raise NotFound(f"there is no connection {name!r}; there are: {', '.join(names) or 'none'}")
    return row


def names(connection: sa.Connection) -> dict[int, str]:
    """The names of all connections by id, those that are no longer configured included."""
    return dict(connection.execute(sa.select(connection_table.c.id, connection_table.c.name)).all())


def priorities(connection: sa.Connection) -> list[tuple[int, int]]:
    """(id, priority) of every connection that ever was: whom to believe."""
    query = sa.select(connection_table.c.id, connection_table.c.priority).order_by(connection_table.c.id)
    return [(id, priority) for id, priority in connection.execute(query)]


def naming(connection: sa.Connection) -> set[int]:
    """The connections that have named an account."""
    c = connection_table.c
    named = sa.exists().where(source_account.c.connection_id == c.id)
    return set(connection.execute(sa.select(c.id).where(named)).scalars())


def listing(connection: sa.Connection) -> list[sa.Row[Any]]:
    """The configured connections in order of priority."""
    query = sa.select(connection_table).where(connection_table.c.removed_at.is_(None))
    return list(connection.execute(query.order_by(connection_table.c.priority)))


def streams_of(connection: sa.Connection, connection_ids: Sequence[int]) -> list[sa.Row[Any]]:
    """How far the streams of some connections are."""
    query = sa.select(stream_state).where(stream_state.c.connection_id.in_(connection_ids))
    return list(connection.execute(query.order_by(stream_state.c.connection_id, stream_state.c.stream)))


def stream(connection: sa.Connection, connection_id: int, name: str) -> sa.Row[Any]:
    """How far one stream is."""
    return connection.execute(
        sa.select(stream_state).where(stream_state.c.connection_id == connection_id, stream_state.c.stream == name)
    ).one()


def lock(connection: sa.Connection, connection_id: int) -> None:
    """Let no other transaction write this connection's facts until this one ends (a drain, while a stream is read).

    SQLite has one writer at a time anyway, and leaves the clause out.
    """
    query = sa.select(connection_table.c.id).where(connection_table.c.id == connection_id)
    connection.execute(query.with_for_update(key_share=True))


def lock_all(connection: sa.Connection) -> set[int]:
    """Let no connection's facts change until this transaction ends; returns the ids of the connections there are."""
    query = sa.select(connection_table.c.id).order_by(connection_table.c.id).with_for_update(key_share=True)
    return set(connection.execute(query).scalars())


def update_stream(connection: sa.Connection, connection_id: int, name: str, **values: Any) -> None:
    """Set columns of a stream's state. That it had not been read for long before a success is kept."""
    if values.get("last_success_at") is not None:
        states.keep_gap(connection, connection_id, name, values["last_success_at"])
    connection.execute(
        sa.update(stream_state)
        .where(stream_state.c.connection_id == connection_id, stream_state.c.stream == name)
        .values(**values)
    )


def set_state(
    connection: sa.Connection,
    connection_id: int,
    state: str,
    now: datetime,
    *,
    message: str | None = None,
    paused_until: datetime | None = None,
) -> None:
    """Set a connection's state; `state_since` moves only when the state changes, so that one fault is one notice."""
    bump(connection, "operations")
    table = connection_table
    values: dict[str, Any] = {"state": state, "message": message, "paused_until": paused_until}
    if connection.execute(sa.select(table.c.state).where(table.c.id == connection_id)).scalar() != state:
        states.keep_connections(connection, [connection_id], now)
        values["state_since"] = now
    connection.execute(sa.update(table).where(table.c.id == connection_id).values(values))


def same_account(connection: sa.Connection, connection_id: int, identity_id: str) -> sa.Row[Any] | None:
    """Another connection of the same connector that talks to the vendor's account of this id, configured ones first.

    One that is no longer configured counts where it was read.
    """
    table = connection_table
    own = sa.select(table.c.connector).where(table.c.id == connection_id).scalar_subquery()
    there = sa.or_(table.c.removed_at.is_(None), _was_read())
    query = sa.select(table).where(table.c.id != connection_id, table.c.connector == own, table.c.identity.is_not(None), there)
    found = [row for row in connection.execute(query) if row.identity and row.identity.get("id") == identity_id]
    return min(found, key=lambda row: (row.removed_at is not None, row.id), default=None)


def state_before(connection: sa.Connection, connection_id: int) -> str:
    """How the last run of a connection ended, if it was not asked to rest then; `new` where none has."""
    ended = sa.select(run.c.state).where(run.c.connection_id == connection_id, run.c.state.not_in(["running", "paused"]))
    return connection.execute(ended.order_by(run.c.id.desc()).limit(1)).scalar() or "new"


def set_identity(connection: sa.Connection, connection_id: int, identity: Mapping[str, Any]) -> None:
    """Remember who the connection talks to."""
    bump(connection, "operations")
    connection.execute(
        sa.update(connection_table).where(connection_table.c.id == connection_id).values(identity=dict(identity))
    )


# --- runs ---------------------------------------------------------------------------------------------------------------


def begin_run(connection: sa.Connection, connection_id: int, now: datetime) -> int:
    """Start a run; returns its id. One that is still said to be running was stopped without a word, and is closed."""
    connection.execute(
        sa.update(run)
        .where(run.c.connection_id == connection_id, run.c.state == "running")
        .values(state="failed", finished_at=now, message="the process was stopped during this run; what it stored stays")
    )
    result = connection.execute(sa.insert(run).values(connection_id=connection_id, started_at=now, state="running"))
    return int(result.inserted_primary_key[0])  # type: ignore[index]


def end_run(connection: sa.Connection, run_id: int, state: str, message: str | None, now: datetime) -> None:
    connection.execute(sa.update(run).where(run.c.id == run_id).values(state=state, message=message, finished_at=now))


def ask_to_end(connection: sa.Connection, connection_id: int, now: datetime) -> bool:
    """Ask for what is being read of a connection to stop; False where nothing is."""
    bump(connection, "operations")
    running = sa.update(run).where(run.c.connection_id == connection_id, run.c.state == "running")
    return connection.execute(running.values(cancelled_at=now)).rowcount > 0


def asked_to_end(connection: sa.Connection, run_id: int) -> bool:
    """Whether somebody asked for a run to stop."""
    return connection.execute(sa.select(run.c.cancelled_at).where(run.c.id == run_id)).scalar() is not None


def record_stream(connection: sa.Connection, run_id: int, name: str, **values: Any) -> None:
    """Write what a run did in a stream."""
    connection.execute(sa.insert(run_stream).values(run_id=run_id, stream=name, **values))


# --- what needs a person ------------------------------------------------------------------------------------------------


def put_in_quarantine(
    connection: sa.Connection, connection_id: int, name: str, records: Mapping[str, str], now: datetime
) -> None:
    """Keep the ids and reasons of records that could not be understood."""
    rows = [
        {"connection_id": connection_id, "stream": name, "source_id": id, "reason": reason, "seen_at": now}
        for id, reason in records.items()
    ]
    if rows:
        bump(connection, "operations")
        statement = insert(connection, quarantine)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["connection_id", "stream", "source_id"],
                set_={"reason": statement.excluded.reason, "seen_at": statement.excluded.seen_at},
            ),
            rows,
        )


def release_from_quarantine(connection: sa.Connection, connection_id: int, name: str, source_ids: Sequence[str]) -> None:
    """Drop records that have since been understood, or are gone."""
    of_stream = sa.select(quarantine.c.source_id).where(
        quarantine.c.connection_id == connection_id, quarantine.c.stream == name
    )
    if connection.execute(of_stream.limit(1)).first() is None:
        return  # as nearly always: the ids need not be sent
    connection.execute(
        sa.delete(quarantine).where(
            quarantine.c.connection_id == connection_id,
            quarantine.c.stream == name,
            among(connection.dialect.name, quarantine.c.source_id),
        ),
        {TEXTS: texts(connection, source_ids)},
    )


def release_unseen(connection: sa.Connection, connection_id: int, name: str, since: datetime) -> None:
    """Drop records of a stream that have not been met since an instant."""
    connection.execute(
        sa.delete(quarantine).where(
            quarantine.c.connection_id == connection_id, quarantine.c.stream == name, quarantine.c.seen_at < since
        )
    )


def quarantined(connection: sa.Connection, connection_id: int) -> list[sa.Row[Any]]:
    query = sa.select(quarantine).where(quarantine.c.connection_id == connection_id)
    return list(connection.execute(query.order_by(quarantine.c.stream, quarantine.c.source_id)))


def hold_deletes(connection: sa.Connection, connection_id: int, name: str, vanished: int, known: int, now: datetime) -> None:
    """Note that a snapshot would delete too much."""
    statement = insert(connection, held_delete).values(
        connection_id=connection_id, stream=name, held_at=now, vanished=vanished, known=known
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["connection_id", "stream"],
            set_={
                "held_at": statement.excluded.held_at,
                "vanished": statement.excluded.vanished,
                "known": statement.excluded.known,
            },
        )
    )


def release_deletes(connection: sa.Connection, connection_id: int, name: str) -> None:
    """A complete read no longer lacks too much, or a person confirmed it: nothing is held."""
    connection.execute(sa.delete(held_delete).where(held_delete.c.connection_id == connection_id, held_delete.c.stream == name))


def held(connection: sa.Connection, connection_id: int) -> list[sa.Row[Any]]:
    """The snapshots of a connection that wait for a person's word."""
    query = sa.select(held_delete).where(held_delete.c.connection_id == connection_id)
    return list(connection.execute(query.order_by(held_delete.c.stream)))


def paused(row: sa.Row[Any], now: datetime) -> timedelta | None:
    """How long a connection still has to rest, None when it may run."""
    return row.paused_until - now if row.paused_until is not None and row.paused_until > now else None
