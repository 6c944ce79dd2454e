"""What a read from the start lacks is gone: streams that are read together for that, and the deletion itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from accountpulse.core.model import schema_of
from accountpulse.core.store import connections as store_connections
from accountpulse.core.store import snapshots, sweeps
from accountpulse.core.store.revisions import bump
from accountpulse.core.store.writes import AccountKeys, delete_records
from accountpulse.core.sync.connector import StreamSpec
from accountpulse.core.sync.results import StreamResult

VANISH_LIMIT = 0.2


@dataclass(frozen=True, slots=True)
class Group:
    """Streams that bring the same record types: only together do they show that a record is gone. records: their types."""

    streams: frozenset[str]
    records: tuple[str, ...]


def group_of(specs: Iterable[StreamSpec], spec: StreamSpec) -> Group | None:
    """The group of a stream; None where absence tells nothing.

    That is so unless all of them tell of deletions: one that does not may well have forgotten what it brought before.
    """
    members, rest = [spec], [other for other in specs if other.name != spec.name]
    for member in members:
        akin = [other for other in rest if set(other.records) & set(member.records)]
        members += akin
        rest = [other for other in rest if other not in akin]
    if any(member.deletes != "tombstones" or member.forgets for member in members):
        return None
    records = sorted({schema_of(record).name for member in members for record in member.records})
    return Group(frozenset(member.name for member in members), tuple(records))


def begin_again(
    connection: sa.Connection, connection_id: int, specs: Sequence[StreamSpec], chosen: Sequence[StreamSpec], run_id: int
) -> None:
    """Let the chosen streams of a connection be read from the start. What they lack then is gone, where absence tells that.

    That needs every stream that brings the same records to be read again with them.
    """
    store_connections.lock(connection, connection_id)
    names = {spec.name for spec in chosen}
    for spec in chosen:
        store_connections.update_stream(connection, connection_id, spec.name, cursor=None, position=None)
        if spec.deletes == "snapshot":
            snapshots.forget(connection, connection_id, [schema_of(record).name for record in spec.records])
        group = group_of(specs, spec)
        if group is not None and group.streams <= names:
            sweeps.begin(connection, connection_id, [spec.name], group.records, run_id)


def joined(connection: sa.Connection, connection_id: int, spec: StreamSpec, group: Group | None, run_id: int) -> int | None:
    """The pass that a read of this stream belongs to, if one is under way and can still come to its end."""
    if group is None:
        return None
    passes = sweeps.under_way(connection, connection_id, group.streams)
    mine = passes.get(spec.name)
    if mine is None:
        return None
    together = {stream for stream, row in passes.items() if row.run_id == mine.run_id}
    # The others may begin in this run as well; in a later one it is certain that they have not.
    return int(mine.run_id) if mine.run_id == run_id or together == group.streams else None


def over(connection: sa.Connection, connection_id: int, group: Group, pass_id: int) -> bool:
    """Whether every stream of a group has been read to its end, through the beginning of the pass.

    A stream that stays behind by a lag does not show what changed within it: that is seen in a later run.
    """
    passes = sweeps.under_way(connection, connection_id, group.streams)
    return len(passes) == len(group.streams) and all(
        row.run_id == pass_id and row.read_through is not None and row.read_through >= row.begun for row in passes.values()
    )


def delete_vanished(
    connection: sa.Connection,
    keys: AccountKeys,
    outcome: StreamResult,
    pass_id: int,
    records: Sequence[str],
    now: datetime,
    *,
    everything: bool,
) -> str | None:
    """Delete what the pass has not seen; where that is too much, of any record type, hold all of it and say so.

    everything: a person confirmed it, however much it is.
    """
    id, stream = keys.connection_id, outcome.stream
    found = {name: snapshots.vanished(connection, pass_id, name, id) for name in records}
    if not everything:
        for name, (gone, known) in found.items():
            if len(gone) > VANISH_LIMIT * known:
                store_connections.hold_deletes(connection, id, stream, len(gone), known, now)
                return (
                    f"{len(gone)} of {known} {name} records were not in the answer; that is more than a fifth, so nothing was "
                    f"deleted: if it is right, sync {stream} with --confirm-deletes"
                )
    store_connections.release_deletes(connection, id, stream)
    for name, (gone, _) in found.items():
        if gone:
            counts = delete_records(connection, name, gone, keys=keys, now=now)
            outcome.closed += counts.closed
            bump(connection, "facts")
    return None
