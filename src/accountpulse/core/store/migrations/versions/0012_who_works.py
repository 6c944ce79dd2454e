"""Who works, and which stream each may write

Revision: 0012
Follows: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from accountpulse.core.store.types import Instant

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "worker",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("jobs", sa.Boolean(), nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_worker")),
        comment="A process that reads connections, and its last sign of life. jobs: whether it does what is scheduled.",
    )
    op.create_table(
        "lease",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("worker_id", sa.Text()),
        sa.Column("run_id", sa.BigInteger()),
        sa.Column("taken_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], name=op.f("fk_lease_connection_id")),
        sa.PrimaryKeyConstraint("connection_id", "stream", name=op.f("pk_lease")),
        comment="Who may write a stream. epoch counts the runners there were: one with an older epoch writes nothing any more.",
    )
    op.add_column("run", sa.Column("cancelled_at", Instant()))
    if op.get_bind().dialect.name == "postgresql":  # SQLite keeps no comments
        op.create_table_comment(
            "run",
            "One sync of one connection. state: running, or how it ended. cancelled_at: when somebody asked for it to stop.",
        )
