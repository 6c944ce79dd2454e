"""The tables of what scoring runs remember, so that the next one reads only what changed."""

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
    comment="One row: what the rows of account_metrics are of. number counts the runs that wrote them; history counts the "
    "writes to days other than this one.",
)

account_metrics = sa.Table(
    "account_metrics",
    metadata,
    sa.Column("account_id", sa.Integer, sa.ForeignKey("account.id"), primary_key=True),
    sa.Column("parent_id", sa.Integer),
    sa.Column("measured", sa.LargeBinary, nullable=False),
    sa.Column("described", sa.Text, nullable=False),
    sa.Column("booked", sa.Text, nullable=False),
    sa.Index(
        "ix_account_metrics_parent",
        "parent_id",
        sqlite_where=sa.text("parent_id is not null"),
        postgresql_where=sa.text("parent_id is not null"),
    ),
    comment="What the facts said about each account when it was last measured, so that others need not be measured again; see "
    "core/scoring/stored_frame.py. booked: what it counts for in the day's portfolio and segments.",
)
