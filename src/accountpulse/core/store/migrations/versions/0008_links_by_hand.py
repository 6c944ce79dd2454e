"""What people decide about where source accounts belong

Revision: 0008
Follows: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from accountpulse.core.store.types import Instant

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "link_decision",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("source_account_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer()),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("known_from", Instant(), nullable=False),
        sa.Column("known_to", Instant()),
        sa.Column("ended_by", sa.Text()),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_link_decision_account_id")),
        sa.ForeignKeyConstraint(["source_account_id"], ["source_account.id"], name=op.f("fk_link_decision_source_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_decision")),
        comment="What a person decided about where a source account belongs. account_id null: to no other account than its own.",
    )
    op.create_index(
        "uq_link_decision_current",
        "link_decision",
        ["source_account_id"],
        unique=True,
        sqlite_where=sa.text("known_to is null"),
        postgresql_where=sa.text("known_to is null"),
    )
