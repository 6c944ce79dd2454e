"""Which process may write which stream, and which processes are alive.

A lease is never outlived by its holder's writes: whoever takes it raises its epoch, and every transaction that writes facts or
a cursor compares the epoch it was given. So how well the dead are told from the living decides how soon work goes on, never
whether two write.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import sqlalchemy as sa

from accountpulse.core.errors import Busy, LeaseLost
from accountpulse.core.store.job_tables import lease as lease_table
from accountpulse.core.store.job_tables import worker as worker_table
from accountpulse.core.store.upsert import insert

DEAD_AFTER: Final = timedelta(seconds=30)
"""A process that gave no sign of life for so long is taken for dead."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process that works. id: unique to it, also among those that had its number before."""

    id: str
    host: str
    pid: int

    @classmethod
    def current(cls) -> Process:
        """A new identity for this process."""
        host = socket.gethostname()
        return cls(f"{host}:{os.getpid()}:{uuid4().hex[:8]}", host, os.getpid())


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write one stream, until somebody else has a higher epoch."""

    connection_id: int
    stream: str
    epoch: int


# --- signs of life ------------------------------------------------------------------------------------------------------


def beat(connection: sa.Connection, process: Process, now: datetime, *, jobs: bool = False) -> None:
    """Note that a process is alive. jobs: it does what is scheduled, and takes up what others left undone."""
    statement = insert(connection, worker_table).values(
        id=process.id, host=process.host, pid=process.pid, jobs=jobs, started_at=now, seen_at=now
    )
    seen = {"seen_at": now, "jobs": True} if jobs else {"seen_at": now}
    connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=seen))


def leave(connection: sa.Connection, process: Process) -> None:
    """Note that a process ended in order: what it left undone may be taken up at once."""
    connection.execute(sa.delete(worker_table).where(worker_table.c.id == process.id))


def living(connection: sa.Connection, now: datetime, dead_after: timedelta = DEAD_AFTER) -> dict[str, bool]:
    """See `alive`; those that are not are forgotten."""
    rows = connection.execute(sa.select(worker_table)).all()
    found = {row.id: row.jobs for row in rows if _alive(row, now, dead_after)}
    if gone := {row.id for row in rows} - found.keys():
        connection.execute(sa.delete(worker_table).where(worker_table.c.id.in_(gone)))
    return found


def alive(connection: sa.Connection, now: datetime, dead_after: timedelta = DEAD_AFTER) -> dict[str, bool]:
    """The ids of the processes that are alive, and whether each does jobs."""
    return {row.id: row.jobs for row in connection.execute(sa.select(worker_table)) if _alive(row, now, dead_after)}


def _alive(row: sa.Row[Any], now: datetime, dead_after: timedelta) -> bool:
    # Both ways: after the clock stepped back, a sign of life from the future says nothing.
    if abs(now - row.seen_at) > dead_after:
        return False
    return row.host != socket.gethostname() or _runs(row.pid)


def _runs(pid: int) -> bool:
    if os.name != "posix":
        return True  # elsewhere asking would be a signal
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


# --- leases -------------------------------------------------------------------------------------------------------------


def take(
    connection: sa.Connection,
    process: Process,
    connection_id: int,
    streams: Sequence[str],
    run_id: int,
    now: datetime,
    *,
    going: Collection[int],
) -> dict[str, Lease]:
    """Take the leases of streams, all or none; by stream. To be called with the connection locked.

    going: the runs of this very process that have not ended: what others of its runs hold was left behind. Raises Busy where
    another living runner has one.
    """
    beat(connection, process, now)
    about = {*living(connection, now), process.id}
    table = lease_table
    rows = connection.execute(sa.select(table).where(table.c.connection_id == connection_id, table.c.stream.in_(streams))).all()
    held = {row.stream: row for row in rows}
    for row in rows:
        own = row.worker_id == process.id
        if row.worker_id in about and (not own or row.run_id in going):
            where = "this process" if own else f"the process {row.worker_id.rsplit(':', 1)[0]}"
            raise Busy(f"{row.stream} is being read by {where} since {row.taken_at:%Y-%m-%d %H:%M:%S} UTC; that run goes on")
    taken = {}
    for stream in streams:
        epoch = held[stream].epoch + 1 if stream in held else 1
        values = {"epoch": epoch, "worker_id": process.id, "run_id": run_id, "taken_at": now}
        statement = insert(connection, table).values(connection_id=connection_id, stream=stream, **values)
        connection.execute(statement.on_conflict_do_update(index_elements=["connection_id", "stream"], set_=values))
        taken[stream] = Lease(connection_id, stream, epoch)
    return taken


def confirm(connection: sa.Connection, lease: Lease) -> None:
    """Make sure that nobody else took a lease; to be called with the connection locked. Raises LeaseLost."""
    current = connection.execute(sa.select(lease_table.c.epoch).where(*_of(lease))).scalar()
    if current != lease.epoch:
        raise LeaseLost(f"{lease.stream} was taken over by another runner, which goes on from the last commit")


def fence(connection: sa.Connection, connection_id: int, streams: Collection[str]) -> None:
    """Let whoever reads these streams write nothing more; to be called with the connection locked."""
    connection.execute(
        sa.update(lease_table)
        .where(lease_table.c.connection_id == connection_id, lease_table.c.stream.in_(streams))
        .values(epoch=lease_table.c.epoch + 1, worker_id=None, run_id=None)
    )


def release(connection: sa.Connection, leases: Sequence[Lease]) -> None:
    """Let go of leases; those that somebody else has by now stay theirs."""
    for lease in leases:
        connection.execute(
            sa.update(lease_table).where(*_of(lease), lease_table.c.epoch == lease.epoch).values(worker_id=None, run_id=None)
        )


def _of(lease: Lease) -> tuple[sa.ColumnElement[bool], ...]:
    return lease_table.c.connection_id == lease.connection_id, lease_table.c.stream == lease.stream
