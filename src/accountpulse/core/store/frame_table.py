"""The table of what scoring runs have in common, so that the next one reads only what changed."""

from __future__ import annotations

import sqlalchemy as sa

from accountpulse.core.store.metadata import metadata
from accountpulse.core.store.types import Day, Json

metric_frame = sa.Table(
    "metric_frame",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("history", sa.BigInteger, nullable=False),
    sa.Column("day", Day, nullable=False),
    sa.Column("content", Json, nullable=False),
    comment="One row: what is kept of accounts in score_detail is of this day. number counts the runs that wrote it; history "
    "counts the writes to days other than this one.",
)
