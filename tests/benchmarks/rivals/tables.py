"""The table of components that the servers compared with read."""

from __future__ import annotations

import sqlalchemy as sa

RIVAL_COMPONENT = sa.Table(
    "rival_component",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("account_id", sa.Integer, nullable=False, index=True),
    sa.Column("group", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("value", sa.Double),
    sa.Column("contribution", sa.Double, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)
