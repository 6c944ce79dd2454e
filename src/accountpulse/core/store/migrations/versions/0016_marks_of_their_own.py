"""Marks in a table of their own, what is kept of accounts beside what explains them, and links from their indexes alone

Revision: 0016
Follows: 0015

The views, which every upgrade makes anew, tell instants to the microsecond on SQLite since then.
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
    _move_marks()
    _move_what_is_kept()


def _move_marks() -> None:
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


def _move_what_is_kept() -> None:
    kept = (
        sa.Column("parent_id", sa.Integer),
        sa.Column("measured", sa.LargeBinary),
        sa.Column("described", sa.Text),
        sa.Column("booked", sa.Text),
    )
    detail = sa.table("score_detail", sa.column("account_id"), *(sa.column(each.name) for each in kept))
    of = sa.table("account_metrics", sa.column("account_id"), *(sa.column(each.name) for each in kept))
    header = sa.table("metric_frame")
    for column in kept:
        op.add_column("score_detail", column)
    mine = of.c.account_id == detail.c.account_id
    said = {column.name: sa.select(of.c[column.name]).where(mine).scalar_subquery() for column in kept}
    op.get_bind().execute(sa.update(detail).values(said))
    # Without what was kept of somebody the next run measures everybody.
    lost = sa.select(of.c.account_id).where(~sa.exists().where(mine).correlate(of))
    unknown = sa.select(detail.c.account_id).where(detail.c.measured.is_(None))
    op.get_bind().execute(sa.delete(header).where(sa.or_(lost.exists(), unknown.exists())))
    op.drop_table("account_metrics")
    there = sa.text("parent_id is not null")
    op.create_index("ix_score_detail_parent", "score_detail", ["parent_id"], sqlite_where=there, postgresql_where=there)
    if op.get_bind().dialect.name == "postgresql":
        op.create_table_comment(
            "score_detail",
            "What explains each current score. numbers: of its components, see core/scoring/backdrop.py; told: their reasons "
            "that no number says, by place. Kept apart: it is ten times larger, and lists of accounts don't need it. In the same "
            "row, as each is a page: what the facts said when the account was last measured, see core/store/metric_frames.py.",
        )
        op.create_table_comment(
            "metric_frame",
            "One row: what is kept of accounts in score_detail is of this day. number counts the runs that wrote it; history "
            "counts the writes to days other than this one.",
        )
