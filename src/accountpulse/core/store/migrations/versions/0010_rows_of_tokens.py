"""Which accounts a token may see

Revision: 0010
Follows: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from accountpulse.core.store.types import Json

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Null is everything: what the tokens that there are could see.
    with op.batch_alter_table("api_token") as table:
        table.add_column(sa.Column("row_scope", Json))
