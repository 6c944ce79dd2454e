"""Marks, and whose a source account ever was, without reading every source account and every link

Revision: 0016
Follows: 0015
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    marked = sa.text("touched_at is not null")
    op.drop_index("ix_source_account_touched", "source_account")
    op.create_index("ix_source_account_touched", "source_account", ["touched_at"], sqlite_where=marked, postgresql_where=marked)
    op.create_index("ix_link_source_account", "link", ["source_account_id"])
