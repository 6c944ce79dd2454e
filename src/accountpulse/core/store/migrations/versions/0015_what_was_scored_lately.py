"""Which scores were written lately, without reading all

Revision: 0015
Follows: 0014
"""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_score_current_scored_at", "score_current", ["scored_at"])
