"""What was erased on request, and whom no sync may bring back."""

from __future__ import annotations

import sqlalchemy as sa

from accountpulse.core.store.metadata import metadata
from accountpulse.core.store.types import Instant, Json, Serial

erasure = sa.Table(
    "erasure",
    metadata,
    sa.Column("id", Serial, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("at", Instant, nullable=False),
    sa.Column("removed", Json, nullable=False),
    sa.Column("released_at", Instant),
    sa.Column("released_by", sa.Text),
    comment="What was erased on request: by whom, why, and how many rows of what. It names nobody. kind: contact / account.",
)

erased_key = sa.Table(
    "erased_key",
    metadata,
    sa.Column("hash", sa.LargeBinary, primary_key=True),
    sa.Column("erasure_id", Serial, sa.ForeignKey("erasure.id"), nullable=False),
    comment="Whom no sync may bring back, as keyed hashes of what a source calls them. Released erasures have none.",
)
