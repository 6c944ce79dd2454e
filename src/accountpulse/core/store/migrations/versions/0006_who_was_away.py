"""When accounts were no customers, for whom people entered something, and who entered an outcome

Revision: 0006
Follows: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from accountpulse.core.store.types import Day

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "score_absence",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("basis", sa.SmallInteger(), nullable=False),
        sa.Column("day", Day(), nullable=False),
        sa.Column("until", Day()),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_score_absence_account_id")),
        sa.PrimaryKeyConstraint("account_id", "basis", "day", name=op.f("pk_score_absence")),
        comment="The scored days on which an account that had been scored was no customer: from day up to, not including, until.",
    )
    for table in ("score_override", "account_target", "account_note"):
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column("home_id", sa.Integer()))
            batch.create_foreign_key(op.f(f"fk_{table}_home_id"), "account", ["home_id"], ["id"])
    op.add_column("fact_outcome", sa.Column("author", sa.Text()))
