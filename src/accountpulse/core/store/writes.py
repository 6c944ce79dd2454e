"""Writes facts: an unchanged record writes nothing, a changed one closes a version and opens the next.

All functions work inside the caller's transaction, which also holds the checkpoint, so that both commit together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from accountpulse.core.model import schemas
from accountpulse.core.store.bulk import insert_rows
from accountpulse.core.store.chunks import TEXTS, among, chunked, texts
from accountpulse.core.store.erasures import without_erased
from accountpulse.core.store.facts import FACTS
from accountpulse.core.store.mirror import note_changes
from accountpulse.core.store.tables import source_account
from accountpulse.core.store.touched import Marks, record_bit, touch
from accountpulse.core.store.types import EPOCH_DAY

_OPENING = ("connection_id", "source_id", "known_from", "assumed")
_PAYLOAD = ("source_account_id", "hash", "raw_ref")
"""Columns of a version besides its record's fields: those it begins with, and those that a correction in place changes too."""


class FactRow(NamedTuple):
    """What is stored of a record. `since` is its earliest own time, None where it has none; `values` its fields, in the
    order of its schema."""

    source_id: str
    account_key: str
    raw_ref: str | None
    hash: bytes
    since: datetime | None
    values: tuple[Any, ...]


@dataclass(slots=True)
class WriteCounts:
    """What a write did, in versions."""

    opened: int = 0
    closed: int = 0
    unchanged: int = 0

    def add(self, other: WriteCounts) -> None:
        self.opened += other.opened
        self.closed += other.closed
        self.unchanged += other.unchanged


class AccountKeys:
    """Interns the accounts' keys of one connection as integers; remembers those it has seen in this run."""

    def __init__(self, connection_id: int) -> None:
        self.connection_id = connection_id
        self._known: dict[str, int] = {}

    def intern(self, connection: sa.Connection, keys: Iterable[str], now: datetime) -> dict[str, int]:
        """The ids of source accounts, created where they are new."""
        wanted = set(keys)
        missing = sorted(wanted - self._known.keys())
        if missing:
            self._known.update(self._load(connection, missing))
            new = [k for k in missing if k not in self._known]
            if new:
                rows = [{"connection_id": self.connection_id, "key": k, "first_known_at": now} for k in new]
                connection.execute(sa.insert(source_account), rows)
                self._known.update(self._load(connection, new))
        return self._known

    def forget(self) -> None:
        """Drop what was learnt in a transaction that did not commit."""
        self._known.clear()

    def _load(self, connection: sa.Connection, keys: Sequence[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for chunk in chunked(keys):
            query = sa.select(source_account.c.key, source_account.c.id).where(
                source_account.c.connection_id == self.connection_id, source_account.c.key.in_(chunk)
            )
            found.update((key, id) for key, id in connection.execute(query))
        return found


def write_records(
    connection: sa.Connection,
    record: str,
    rows: Sequence[FactRow],
    *,
    keys: AccountKeys,
    now: datetime,
    assumed: bool,
    open_day: date | None = None,
    revisable_since: datetime | None = None,
) -> WriteCounts:
    """Store rows of one record type.

    now: when we learnt them. assumed: this is a connection's first complete load, so a version is taken as known since its own
    earliest time. open_day: usage of this day or later is corrected in place instead of versioned. revisable_since: so is
    a version opened at this instant or later, by an earlier batch of the same drain.
    """
    table = FACTS[record]
    rows = without_erased(connection, record, rows, keys.connection_id)
    latest = {row.source_id: row for row in rows}  # of two versions in one batch the later read one counts
    ids = keys.intern(connection, {row.account_key for row in latest.values()}, now)
    current = _current(connection, table, keys.connection_id, list(latest))
    ended = _ended(connection, table, keys.connection_id, [id for id in latest if id not in current])
    counts = WriteCounts()
    names = [f.name for f in schemas()[record].fields]
    opened: list[tuple[Any, ...]] = []
    closed: list[dict[str, Any]] = []
    in_place: list[tuple[Any, ...]] = []
    touched = Marks()
    event = _event_of(table)
    happened = names.index(event) if event else None
    day = names.index("day") if open_day is not None else None
    for row in latest.values():
        known = current.get(row.source_id)
        if known is not None and known.hash == row.hash:
            counts.unchanged += 1
            continue
        account_id = ids[row.account_key]
        touched.add(account_id, _first_day(None if happened is None else row.values[happened]))
        if known is not None:
            touched.add(known.source_account_id, _first_day(known.happened))
        still_open = day is not None and row.values[day] >= open_day
        if known is not None and (still_open or (revisable_since is not None and known.known_from >= revisable_since)):
            in_place.append((known.id, account_id, row.hash, row.raw_ref, *row.values))
            counts.opened += 1
            continue
        known_from = now
        first = known is None and row.source_id not in ended
        if known is not None:
            # A clock that stepped back must not make a version end before it began.
            known_from = max(now, known.known_from)
            closed.append({"fact": known.id, "ended": known_from})
        elif not first:
            # It comes back: not before it went.
            known_from = max(now, ended[row.source_id])
        elif assumed and row.since is not None:
            known_from = min(row.since, now)
        opened.append(
            (keys.connection_id, row.source_id, known_from, first and assumed, account_id, row.hash, row.raw_ref, *row.values)
        )
    _close(connection, table, closed)
    _correct(connection, table, (*_PAYLOAD, *names), in_place)
    note_changes(connection, record, [*(version["fact"] for version in closed), *(version[0] for version in in_place)])
    insert_rows(connection, table, (*_OPENING, *_PAYLOAD, *names), opened)
    touch(connection, touched, now, records=record_bit(record))
    counts.opened += len(opened)
    counts.closed += len(closed)
    return counts


def delete_records(
    connection: sa.Connection, record: str, source_ids: Sequence[str], *, keys: AccountKeys, now: datetime
) -> WriteCounts:
    """Close the current versions of records that are gone at the source. Unknown ids are ignored."""
    table = FACTS[record]
    current = _current(connection, table, keys.connection_id, source_ids)
    _close(connection, table, [{"fact": known.id, "ended": max(now, known.known_from)} for known in current.values()])
    note_changes(connection, record, [known.id for known in current.values()])
    touched = Marks()
    for known in current.values():
        touched.add(known.source_account_id, _first_day(known.happened))
    touch(connection, touched, now, records=record_bit(record))
    return WriteCounts(closed=len(current))


def current_values(
    connection: sa.Connection, record: str, connection_id: int, source_ids: Sequence[str]
) -> dict[str, sa.Row[Any]]:
    """The current versions of some records, whole, by source id."""
    table = FACTS[record]
    found: dict[str, sa.Row[Any]] = {}
    for chunk in chunked(source_ids):
        query = sa.select(table).where(
            table.c.connection_id == connection_id, table.c.source_id.in_(chunk), table.c.known_to.is_(None)
        )
        found.update({row.source_id: row for row in connection.execute(query)})
    return found


def _event_of(table: sa.Table) -> str:
    """The column that says when a record came true; empty for accounts, which are no events."""
    event = schemas()[table.name.removeprefix("fact_")].event
    return event.name if event else ""


def _first_day(happened: date | datetime | None) -> date:
    """The first day, in whatever time zone, whose values a record may have a part in."""
    if happened is None:
        return EPOCH_DAY
    if isinstance(happened, datetime):
        return happened.astimezone(UTC).date() - timedelta(days=1)
    return happened


def _current(
    connection: sa.Connection, table: sa.Table, connection_id: int, source_ids: Sequence[str]
) -> dict[str, sa.Row[Any]]:
    given = {"owner": connection_id, TEXTS: texts(connection, source_ids)}
    return {row.source_id: row for row in connection.execute(_current_query(table, connection.dialect.name), given)}


@cache
def _current_query(table: sa.Table, dialect: str) -> sa.Select[Any]:
    event = _event_of(table)
    happened = (table.c[event] if event else sa.null()).label("happened")
    columns = (table.c.id, table.c.source_id, table.c.source_account_id, table.c.hash, table.c.known_from, happened)
    return sa.select(*columns).where(
        table.c.connection_id == sa.bindparam("owner"), among(dialect, table.c.source_id), table.c.known_to.is_(None)
    )


def _ended(connection: sa.Connection, table: sa.Table, connection_id: int, source_ids: Sequence[str]) -> dict[str, datetime]:
    """When the last version of records that are gone ended."""
    given = {"owner": connection_id, TEXTS: texts(connection, source_ids)}
    return {row[0]: row[1] for row in connection.execute(_ended_query(table, connection.dialect.name), given)}


@cache
def _ended_query(table: sa.Table, dialect: str) -> sa.Select[Any]:
    last = sa.func.max(table.c.known_to, type_=table.c.known_to.type)
    return (
        sa.select(table.c.source_id, last)
        .where(table.c.connection_id == sa.bindparam("owner"), among(dialect, table.c.source_id))
        .group_by(table.c.source_id)
    )


def _correct(connection: sa.Connection, table: sa.Table, names: Sequence[str], versions: Sequence[tuple[Any, ...]]) -> None:
    """Put other values into versions, of each its id and the new values of some columns."""
    if versions:
        new = [f"new_{name}" for name in names]
        values = {name: sa.bindparam(f"new_{name}", type_=table.c[name].type) for name in names}
        connection.execute(
            sa.update(table).where(table.c.id == sa.bindparam("fact")).values(values),
            [dict(zip(("fact", *new), version, strict=True)) for version in versions],
        )


def _close(connection: sa.Connection, table: sa.Table, versions: list[dict[str, Any]]) -> None:
    if versions:
        connection.execute(
            sa.update(table)
            .where(table.c.id == sa.bindparam("fact"), table.c.known_to.is_(None))
            .values(known_to=sa.bindparam("ended", type_=table.c.known_to.type)),
            versions,
        )
