"""On SQLite the index of usage by account holds all that a metric reads

Revision: 0014
Follows: 0013
"""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_TABLE = "fact_usage_day"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.drop_index(f"ix_{_TABLE}_account", _TABLE)
        columns = ["source_account_id", "day", "known_to", "user", "feature", "count", "seconds"]
        op.create_index(f"ix_{_TABLE}_whole", _TABLE, columns)
