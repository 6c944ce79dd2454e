"""What was erased on request, and whom no sync may bring back.

A tombstone is a keyed hash of what a source calls somebody: an address, a contact's id, an account's key. It says nothing by
itself, but what a sync brings can be compared with it. The key is the store's own: equal hashes of two stores mean nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import sqlalchemy as sa

from accountpulse.core.errors import NotFound
from accountpulse.core.model import Kind, RecordSchema, schemas
from accountpulse.core.store.metadata import metadata
from accountpulse.core.store.settings import read_setting, write_setting
from accountpulse.core.store.types import Instant, Json, Serial
from accountpulse.core.store.upsert import insert

if TYPE_CHECKING:
    from accountpulse.core.store.writes import FactRow

erasure = sa.Table(
    "erasure",
    metadata,
    sa.Column("id", Serial, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("at", Instant, nullable=False),
    sa.Column("removed", Json, nullable=False),
    sa.Column("released_at", Instant),
    sa.Column("released_by", sa.Text),
    comment="What was erased on request: by whom, why, and how many rows of what. It names nobody. kind: contact / account.",
)

erased_key = sa.Table(
    "erased_key",
    metadata,
    sa.Column("hash", sa.LargeBinary, primary_key=True),
    sa.Column("erasure_id", Serial, sa.ForeignKey("erasure.id"), nullable=False),
    comment="Whom no sync may bring back, as keyed hashes of what a source calls them. Released erasures have none.",
)

_SETTING = "erasure_key"


class Tombstones:
    """Makes the hashes of one store."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()

    def person(self, value: str) -> bytes:
        """Of an address, whichever source says it."""
        return self._hash("person", "", value.strip().casefold())

    def contact(self, connection_id: int, source_id: str) -> bytes:
        """Of a contact, as one source names it."""
        return self._hash("contact", str(connection_id), source_id)

    def account(self, connection_id: int, key: str) -> bytes:
        """Of a source account."""
        return self._hash("account", str(connection_id), key)

    def _hash(self, *parts: str) -> bytes:
        text = "\x1f".join(parts).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(text, key=self._key, digest_size=16).digest()


def tombstones(connection: sa.Connection) -> Tombstones:
    """The store's own; its key is made when it is first needed, in the caller's transaction, which must write then."""
    key = read_setting(connection, _SETTING)
    if key is None:
        key = uuid4().hex
        write_setting(connection, _SETTING, key)
    return Tombstones(key)


# --- what a sync brings ---------------------------------------------------------------------------------------------------


def without_erased(connection: sa.Connection, record: str, rows: Sequence[FactRow], connection_id: int) -> Sequence[FactRow]:
    """The rows that may be stored: without those of erased accounts and contacts, the others without whom was erased."""
    erased = set(map(bytes, connection.execute(sa.select(erased_key.c.hash)).scalars()))
    if not erased:
        return rows
    made, schema = tombstones(connection), schemas()[record]
    found = (_allowed(schema, row, connection_id, made, erased) for row in rows)
    return [row for row in found if row is not None]


def _allowed(schema: RecordSchema, row: FactRow, connection_id: int, made: Tombstones, erased: set[bytes]) -> FactRow | None:
    if made.account(connection_id, row.account_key) in erased:
        return None
    if schema.name == "contact" and made.contact(connection_id, row.source_id) in erased:
        return None

    def is_erased(value: str) -> bool:
        return made.person(value) in erased or made.contact(connection_id, value) in erased

    said = {field.name: value for field, value in zip(schema.fields, row.values, strict=True)}
    values = without_person(schema, said, is_erased)
    if values is None:
        return None
    # The hash stays that of what the source says, so that the same record is known again.
    return row if values is said else row._replace(values=tuple(values.values()))


def without_person(schema: RecordSchema, values: Mapping[str, Any], is_erased: Any) -> Mapping[str, Any] | None:
    """A record's values without an erased person: what names him is null. None where nothing is left without him."""
    changed: dict[str, Any] = {}
    for field in schema.fields:
        value = values.get(field.name)
        if not field.personal or not value:
            continue
        if field.kind is Kind.JSON:
            kept = [each for each in value if not is_erased(each)]
            if len(kept) < len(value):
                changed[field.name] = kept
        elif is_erased(value):
            if schema.name == "contact" or not field.nullable:
                return None
            changed[field.name] = None
    if not changed:
        return values
    # What somebody wrote is his, too.
    if "comment" in values:
        changed["comment"] = None
    return {**values, **changed}


# --- erasures -------------------------------------------------------------------------------------------------------------


def note(
    connection: sa.Connection,
    kind: str,
    removed: Mapping[str, int],
    keys: Iterable[bytes],
    *,
    author: str,
    reason: str | None,
    now: datetime,
) -> int:
    """Note an erasure, and whom no sync may bring back; returns its id."""
    values = {"kind": kind, "author": author, "reason": reason, "at": now, "removed": dict(removed)}
    made = connection.execute(sa.insert(erasure).values(**values)).inserted_primary_key
    assert made is not None
    rows = [{"hash": key, "erasure_id": made[0]} for key in sorted(set(keys))]
    if rows:
        connection.execute(insert(connection, erased_key).on_conflict_do_nothing(index_elements=["hash"]), rows)
    return int(made[0])


def listing(connection: sa.Connection) -> list[sa.Row[Any]]:
    """All erasures, the latest first, each with how many `tombstones` hold."""
    held = sa.select(sa.func.count()).where(erased_key.c.erasure_id == erasure.c.id).scalar_subquery()
    return list(connection.execute(sa.select(erasure, held.label("tombstones")).order_by(erasure.c.id.desc())))


def release(connection: sa.Connection, id: int, *, by: str, now: datetime) -> int:
    """Let syncs bring them again, if the source still has them; returns how many tombstones went. Raises NotFound."""
    which = sa.update(erasure).where(erasure.c.id == id, erasure.c.released_at.is_(None))
    if not connection.execute(which.values(released_at=now, released_by=by)).rowcount:
        raise NotFound(f"there is no erasure {id} that still holds; `accountpulse erase list` shows them")
    return connection.execute(sa.delete(erased_key).where(erased_key.c.erasure_id == id)).rowcount
