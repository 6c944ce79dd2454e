"""Connections and streams as they stood at an instant, told by what is kept when they change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from accountpulse.core.store import connections, states
from accountpulse.core.store.connections import ConnectionSpec
from accountpulse.core.store.database import Store
from accountpulse.core.store.state_tables import connection_past, stream_gap

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def desk(*records: str, stream: str = "t") -> ConnectionSpec:
    return ConnectionSpec(
        name="desk", connector="desk", priority=0, anchor=True, provides=records, streams={stream: records} if records else {}
    )


def provided(store: Store, at: datetime | None, *, loads_assumed: bool = False) -> list[tuple[str, ...]]:
    with store.read() as connection:
        return [each.provides for each in states.connections_at(connection, at, loads_assumed=loads_assumed)]


def read_at(store: Store, at: datetime | None) -> list[datetime | None]:
    with store.read() as connection:
        return [each.succeeded_at for each in states.streams_at(connection, at)]


def test_what_a_connection_provided_and_when_it_was_not_configured(store: Store) -> None:
    with store.write() as connection:
        connections.register(connection, [desk("ticket")], NOON)
        connections.register(connection, [desk("ticket", "contact")], NOON + HOUR)
        connections.register(connection, [], NOON + 2 * HOUR)
        connections.register(connection, [desk("ticket")], NOON + 3 * HOUR)
    moments = [NOON - HOUR, NOON, NOON + HOUR, NOON + 2 * HOUR, NOON + 3 * HOUR, None]
    assert [provided(store, at) for at in moments] == [
        [],
        [("ticket",)],
        [("contact", "ticket")],
        [],
        [("ticket",)],
        [("ticket",)],
    ]
    # An audit asks what was so as if the first load had always been there; a time of absence is none all the same.
    assert [provided(store, at, loads_assumed=True) for at in (NOON - HOUR, NOON + 2 * HOUR)] == [[("ticket",)], []]


def test_each_state_is_kept_with_when_it_was(store: Store) -> None:
    with store.write() as connection:
        id = connections.register(connection, [desk("ticket")], NOON)["desk"]
        for hours, state in enumerate(("ok", "ok", "needs_reauth", "ok"), 1):
            connections.set_state(connection, id, state, NOON + hours * HOUR, message=state.upper())
        p = connection_past.c
        rows = connection.execute(sa.select(p.known_from, p.known_to, p.state, p.message).order_by(p.known_to)).all()
    assert [tuple(row) for row in rows] == [
        (None, NOON, states.NOT_CONFIGURED, None),
        (NOON, NOON + HOUR, "new", None),
        (NOON + HOUR, NOON + 3 * HOUR, "ok", "OK"),
        (NOON + 3 * HOUR, NOON + 4 * HOUR, "needs_reauth", "NEEDS_REAUTH"),
    ]


def test_when_a_stream_was_last_read_at_an_instant(store: Store) -> None:
    with store.write() as connection:
        id = connections.register(connection, [desk("ticket")], NOON)["desk"]
        connections.update_stream(connection, id, "t", first_loaded_at=NOON)
        for hours in (0, 1, 30, 31):
            connections.update_stream(connection, id, "t", last_success_at=NOON + hours * HOUR)
        connections.update_stream(connection, id, "t", state="failed")
        assert connection.execute(sa.select(sa.func.count()).select_from(stream_gap)).scalar() == 1
    asked = {-1: None, 0: 0, 1: 1, 20: 1, 29: 1, 30: 30, 31: 31, 90: 31}
    found = {hours: read_at(store, NOON + hours * HOUR)[0] for hours in asked}
    assert found == {hours: None if last is None else NOON + last * HOUR for hours, last in asked.items()}
    assert read_at(store, None) == [NOON + 31 * HOUR]


def test_a_stream_that_its_connector_no_longer_has_brings_no_record(store: Store) -> None:
    with store.write() as connection:
        connections.register(connection, [desk("ticket", stream="old")], NOON)
        ids = connections.register(connection, [desk("ticket", stream="new")], NOON + HOUR)
        known = {row.stream: row.records for row in connections.streams_of(connection, list(ids.values()))}
        assert known == {"new": ["ticket"], "old": []}
        assert connections.registered(connection, [desk("ticket", stream="new")]) == ids
