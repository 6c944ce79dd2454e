"""Marks in a table of their own, and links by either side from their indexes alone

Revision: 0016
Follows: 0015
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from accountpulse.core.store.types import EPOCH_DAY, Day, Instant

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_EVERYTHING = -1


def upgrade() -> None:
    op.drop_index("ix_link_account", "link")
    op.create_index("ix_link_account", "link", ["account_id", "known_to", "source_account_id"])
    op.create_index("ix_link_source_account", "link", ["source_account_id", "account_id"])
    marks = op.create_table(
        "mark",
        sa.Column("source_account_id", sa.Integer, sa.ForeignKey("source_account.id"), primary_key=True),
        sa.Column("at", Instant, nullable=False),
        sa.Column("records", sa.Integer, nullable=False),
        sa.Column("since", Day, nullable=False),
        comment="A source account of which facts or links changed since they were scored. at: when they last did; "
        "records: which record types, as bits; since: the first day whose values may differ.",
    )
    of = sa.table(
        "source_account",
        sa.column("id"),
        sa.column("touched_at", Instant),
        sa.column("touched_records"),
        sa.column("touched_since", Day),
    )
    op.get_bind().execute(
        sa.insert(marks).from_select(
            ["source_account_id", "at", "records", "since"],
            sa.select(
                of.c.id,
                of.c.touched_at,
                sa.func.coalesce(of.c.touched_records, sa.literal(_EVERYTHING, sa.Integer)),
                sa.func.coalesce(of.c.touched_since, sa.literal(EPOCH_DAY, Day)),
            ).where(of.c.touched_at.is_not(None)),
        )
    )
    op.drop_index("ix_source_account_touched", "source_account")
    for column in ("touched_at", "touched_records", "touched_since"):
        op.drop_column("source_account", column)
    if op.get_bind().dialect.name == "postgresql":
        op.create_table_comment("source_account", "An account as one source names it.")
