"""Views for other tools, what is to be told to others, and what was erased

Revision: 0011
Follows: 0010

A view for other tools needs the name of a table, which gives it up. The views themselves are made after every upgrade, see
core/store/views.py.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from accountpulse.core.store.types import Instant

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), "postgresql")


def upgrade() -> None:
    op.rename_table("account_current", "account_profile")
    op.create_table(
        "outbox",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("delivery", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Text()),
        sa.Column("body", JSON, nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", Instant()),
        sa.Column("delivered_at", Instant()),
        sa.Column("error", sa.Text()),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_outbox_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("delivery", name=op.f("uq_outbox_delivery")),
        sa.UniqueConstraint("subject", name=op.f("uq_outbox_subject")),
        comment="What is to be told to the configured webhook, written with the scores that say it. subject: what is told only "
        "once, such as a target that was missed. due_at: when to try next; null once delivered, or given up.",
    )
    op.create_index("ix_outbox_due", "outbox", ["due_at"])
    op.create_table(
        "erasure",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("removed", JSON, nullable=False),
        sa.Column("released_at", Instant()),
        sa.Column("released_by", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure")),
        comment="What was erased on request: by whom, why, and how many rows of what. It names nobody. kind: contact / account.",
    )
    op.create_table(
        "erased_key",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("erasure_id", SERIAL, nullable=False),
        sa.ForeignKeyConstraint(["erasure_id"], ["erasure.id"], name=op.f("fk_erased_key_erasure_id")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_erased_key")),
        comment="Whom no sync may bring back, as keyed hashes of what a source calls them. Released erasures have none.",
    )
