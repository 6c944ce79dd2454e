"""Deals: what they hold for services and training, and their dated changes

Revision: 0003
Follows: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from accountpulse.core.store.types import Instant

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CURRENT = sa.text("known_to is null")


def upgrade() -> None:
    op.add_column("fact_opportunity", sa.Column("services_amount", sa.BigInteger()))
    op.add_column("fact_opportunity", sa.Column("training_amount", sa.BigInteger()))
    op.create_table(
        "fact_opportunity_change",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("source_account_id", sa.Integer(), nullable=False),
        sa.Column("known_from", Instant(), nullable=False),
        sa.Column("known_to", Instant()),
        sa.Column("assumed", sa.Boolean(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("raw_ref", sa.Text()),
        sa.Column("opportunity", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("before", sa.Text()),
        sa.Column("after", sa.Text()),
        sa.Column("days", sa.BigInteger()),
        sa.Column("amount_delta", sa.BigInteger()),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], name=op.f("fk_fact_opportunity_change_connection_id")),
        sa.ForeignKeyConstraint(
            ["source_account_id"], ["source_account.id"], name=op.f("fk_fact_opportunity_change_source_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fact_opportunity_change")),
    )
    op.create_index("ix_fact_opportunity_change_account", "fact_opportunity_change", ["source_account_id", "at"])
    op.create_index(
        "ix_fact_opportunity_change_versions", "fact_opportunity_change", ["connection_id", "source_id", "known_from"]
    )
    op.create_index(
        "uq_fact_opportunity_change_current",
        "fact_opportunity_change",
        ["connection_id", "source_id"],
        unique=True,
        sqlite_where=CURRENT,
        postgresql_where=CURRENT,
    )
