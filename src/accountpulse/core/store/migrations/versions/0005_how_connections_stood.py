"""How connections and streams stood before, so that a past day is evaluated with who answered then

Revision: 0005
Follows: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from accountpulse.core.store.types import Instant, Json

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "connection_past",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("known_to", Instant(), nullable=False),
        sa.Column("known_from", Instant()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("message", sa.Text()),
        sa.Column("provides", Json, nullable=False),
        sa.Column("configured", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], name=op.f("fk_connection_past_connection_id")),
        sa.PrimaryKeyConstraint("connection_id", "known_to", name=op.f("pk_connection_past")),
        comment="How a connection stood until it changed; how it stands is in connection. known_from is null for since ever.",
    )
    op.create_table(
        "stream_gap",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("known_from", Instant(), nullable=False),
        sa.Column("known_to", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], name=op.f("fk_stream_gap_connection_id")),
        sa.PrimaryKeyConstraint("connection_id", "stream", "known_from", name=op.f("pk_stream_gap")),
        comment="When a stream was not read: from the last success before a gap to the first one after it.",
    )
