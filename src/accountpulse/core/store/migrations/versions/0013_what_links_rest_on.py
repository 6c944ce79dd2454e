"""By what source accounts were placed

Revision: 0013
Follows: 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "link_evidence",
        sa.Column("source_account_id", sa.Integer(), nullable=False),
        sa.Column("evidence", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["source_account_id"], ["source_account.id"], name=op.f("fk_link_evidence_source_account_id")),
        sa.PrimaryKeyConstraint("source_account_id", "evidence", name=op.f("pk_link_evidence")),
        comment="By what a source account was placed when that was last decided: hashes of its ids, domains, addresses and name.",
    )
    op.create_index("ix_link_evidence_evidence", "link_evidence", ["evidence"])
