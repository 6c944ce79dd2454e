"""The trail: what people changed, and who asked for it

Revision: 0004
Follows: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from accountpulse.core.store.types import Instant, Json

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "trail",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("token", sa.Text()),
        sa.Column("account_id", sa.Integer()),
        sa.Column("input", Json, nullable=False),
        sa.Column("result", sa.Text()),
        sa.Column("idempotency_key", sa.Text()),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_trail_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trail")),
        sa.UniqueConstraint("token", "idempotency_key", name="uq_trail_key"),
        comment="What people changed, as they asked for it. token: the API token's prefix, null for the command line. "
        "result: the id of what was made or changed. idempotency_key: the asker's own name for the request.",
    )
    op.create_index("ix_trail_account", "trail", ["account_id", "id"])
