"""Which streams are being read again from the start

Revision: 0009
Follows: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from accountpulse.core.store.types import Instant

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "sweep",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("run_id", SERIAL, nullable=False),
        sa.Column("read_through", Instant()),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], name=op.f("fk_sweep_connection_id")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_sweep_run_id")),
        sa.PrimaryKeyConstraint("connection_id", "stream", name=op.f("pk_sweep")),
        comment="A stream that is being read again from the start, for what is gone. run_id: the pass, named by the run that began "
        "it; read_through: up to when it has been read to its end since.",
    )
