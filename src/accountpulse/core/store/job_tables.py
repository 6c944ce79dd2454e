"""The tables of who works: processes that show signs of life, and which of them reads which stream."""

from __future__ import annotations

import sqlalchemy as sa

from accountpulse.core.store.metadata import metadata
from accountpulse.core.store.types import Instant

worker = sa.Table(
    "worker",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("jobs", sa.Boolean, nullable=False),
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("seen_at", Instant, nullable=False),
    comment="A process that reads connections, and its last sign of life. jobs: whether it does what is scheduled.",
)

lease = sa.Table(
    "lease",
    metadata,
    sa.Column("connection_id", sa.Integer, sa.ForeignKey("connection.id"), primary_key=True),
    sa.Column("stream", sa.Text, primary_key=True),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("worker_id", sa.Text),
    sa.Column("run_id", sa.BigInteger),
    sa.Column("taken_at", Instant, nullable=False),
    comment="Who may write a stream. epoch counts the runners there were: one with an older epoch writes nothing any more.",
)
