"""Which streams are being read again from the start, so that what such a read lacks can be told to be gone.

A stream that tells of deletions needs a complete read only to see those that its source tells no more: after a gap, or of what
was erased for good. The keys seen meanwhile are those of a pass (`snapshots.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from accountpulse.core.store import snapshots
from accountpulse.core.store.metadata import metadata
from accountpulse.core.store.tables import run
from accountpulse.core.store.types import Instant, Serial

sweep = sa.Table(
    "sweep",
    metadata,
    sa.Column("connection_id", sa.Integer, sa.ForeignKey("connection.id"), primary_key=True),
    sa.Column("stream", sa.Text, primary_key=True),
    sa.Column("run_id", Serial, sa.ForeignKey("run.id"), nullable=False),
    sa.Column("read_through", Instant),
    comment="A stream that is being read again from the start, for what is gone. run_id: the pass, named by the run that began "
    "it; read_through: up to when it has been read to its end since.",
)


def begin(connection: sa.Connection, connection_id: int, streams: Collection[str], records: Sequence[str], run_id: int) -> None:
    """Begin a pass of these streams over these records. Keys that this run has seen already stay, those of others go."""
    end(connection, connection_id, streams)
    snapshots.forget(connection, connection_id, records, but=run_id)
    rows = [{"connection_id": connection_id, "stream": stream, "run_id": run_id} for stream in sorted(streams)]
    if rows:
        connection.execute(sa.insert(sweep), rows)


def under_way(connection: sa.Connection, connection_id: int, streams: Collection[str]) -> dict[str, sa.Row[Any]]:
    """The passes of some streams: run_id, read_through, and begun, when the pass began."""
    query = (
        sa.select(sweep.c.stream, sweep.c.run_id, sweep.c.read_through, run.c.started_at.label("begun"))
        .join(run, run.c.id == sweep.c.run_id)
        .where(sweep.c.connection_id == connection_id, sweep.c.stream.in_(streams))
    )
    rows: list[sa.Row[Any]] = list(connection.execute(query))
    return {row.stream: row for row in rows}


def note_end(connection: sa.Connection, connection_id: int, stream: str, through: datetime) -> None:
    """A stream came to the end of a window."""
    which = (sweep.c.connection_id == connection_id, sweep.c.stream == stream)
    connection.execute(sa.update(sweep).where(*which).values(read_through=through))


def end(connection: sa.Connection, connection_id: int, streams: Collection[str]) -> None:
    """The passes of these streams are over."""
    connection.execute(sa.delete(sweep).where(sweep.c.connection_id == connection_id, sweep.c.stream.in_(streams)))
