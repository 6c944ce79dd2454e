"""The tables of how connections stood before: with them a past day is evaluated with who answered then, and how freshly."""

from __future__ import annotations

import sqlalchemy as sa

from accountpulse.core.store.metadata import metadata
from accountpulse.core.store.types import Instant, Json

connection_past = sa.Table(
    "connection_past",
    metadata,
    sa.Column("connection_id", sa.Integer, sa.ForeignKey("connection.id"), primary_key=True),
    sa.Column("known_to", Instant, primary_key=True),
    sa.Column("known_from", Instant),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("message", sa.Text),
    sa.Column("provides", Json, nullable=False),
    sa.Column("configured", sa.Boolean, nullable=False),
    comment="How a connection stood until it changed; how it stands is in connection. known_from is null for since ever.",
)

stream_gap = sa.Table(
    "stream_gap",
    metadata,
    sa.Column("connection_id", sa.Integer, sa.ForeignKey("connection.id"), primary_key=True),
    sa.Column("stream", sa.Text, primary_key=True),
    sa.Column("known_from", Instant, primary_key=True),
    sa.Column("known_to", Instant, nullable=False),
    comment="When a stream was not read: from the last success before a gap to the first one after it.",
)
