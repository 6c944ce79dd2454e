"""Believable scores: stages of publication, steadiness, people's input

Revision: 0002
Follows: 0001
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from accountpulse.core.store.types import Day, Instant, Json

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CURRENT = sa.text("known_to is null")


def upgrade() -> None:
    _stages()
    _segments()
    _steadiness()
    _people()
    _mirror()
    _incremental()
    _payment_issues()


def _stages() -> None:
    op.create_table(
        "release",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("restored", SERIAL),
        sa.ForeignKeyConstraint(["restored"], ["release.id"], name=op.f("fk_release_restored")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release")),
        comment="Who changed which models are in force, and why. stage: as of publication. "
        "action: publish / rollback / shadow / withdraw. restored: the release whose models a rollback put back.",
    )
    # What was published before releases were noted must be there to go back to.
    op.execute(
        sa.text(
            "insert into release (stage, action, author, reason, at) "
            "select 'published', 'publish', 'accountpulse', 'in force before releases were noted', "
            "max(coalesce(known_to, known_from)) from publication having count(*) > 0"
        )
    )
    op.add_column("publication", sa.Column("stage", sa.Text(), nullable=False, server_default="published"))
    op.drop_index("uq_publication_current", table_name="publication")
    op.create_index(
        "uq_publication_current",
        "publication",
        ["stage", "segment_id"],
        unique=True,
        sqlite_where=CURRENT,
        postgresql_where=CURRENT,
    )
    if op.get_bind().dialect.name == "postgresql":
        op.create_table_comment(
            "publication",
            "Which model and rule a segment had, and when: position is its place in the order of rules. "
            "stage: published gives the score, shadow is scored beside it.",
        )


def _segments() -> None:
    op.create_table(
        "segment_daily",
        sa.Column("day", Day(), nullable=False),
        sa.Column("basis", sa.SmallInteger(), nullable=False),
        sa.Column("segment_id", sa.Integer(), nullable=False),
        sa.Column("accounts", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["segment_id"], ["segment.id"], name=op.f("fk_segment_daily_segment_id")),
        sa.PrimaryKeyConstraint("day", "basis", "segment_id", name=op.f("pk_segment_daily")),
        comment="How many accounts a segment held on a day, and how many more match its rule but were taken by an earlier one.",
    )


def _steadiness() -> None:
    # `scored_day.scored_at` says the same for all rows of a day.
    op.drop_column("score_history", "inputs_as_of")
    op.drop_index("ix_score_history_day", table_name="score_history")
    for name in ("raw_centi", "raw_band", "steady_centi", "steady_band"):
        op.add_column("score_history", sa.Column(name, sa.SmallInteger()))
    op.add_column("score_history", sa.Column("rising_since", Day()))
    op.add_column("score_detail", sa.Column("steadiness", sa.Text()))
    op.add_column("score_current", sa.Column("raw_score", sa.Double()))
    op.add_column("score_current", sa.Column("raw_band", sa.Text()))
    op.execute(sa.text("update score_current set raw_score = score, raw_band = band"))
    with op.batch_alter_table("score_current") as batch:
        batch.alter_column("raw_score", existing_type=sa.Double(), nullable=False)
        batch.alter_column("raw_band", existing_type=sa.Text(), nullable=False)
    if op.get_bind().dialect.name == "postgresql":
        op.create_table_comment(
            "score_history",
            "A row when the score moved by a point, or the band, model, segment or steadiness changed. basis: 0 live, "
            "1 restated, 2 and 3 the same of the shadow. score_centi: hundredths of a point. band: index in the model's bands, "
            "-1 unknown. components: see core/scoring/packing.py. raw_*: before steadiness and overrides; steady_*: before "
            "overrides; null where that is no different. rising_since: the first of the days in a row that speak for a better "
            "band.",
        )


def _people() -> None:
    _of_accounts(
        "score_override",
        [
            sa.Column("score", sa.Double(), nullable=False),
            sa.Column("owner", sa.Text(), nullable=False),
            sa.Column("reason", sa.Text(), nullable=False),
            sa.Column("expires_at", Instant(), nullable=False),
        ],
        "A person's word against the model's: in force from known_from to the earlier of known_to and expires_at.",
    )
    _of_accounts(
        "account_target",
        [
            sa.Column("score", sa.Double(), nullable=False),
            sa.Column("due", Day(), nullable=False),
            sa.Column("owner", sa.Text(), nullable=False),
            sa.Column("reason", sa.Text()),
        ],
        "The score an account is to have on a day, and who promised it.",
    )
    _of_accounts(
        "account_note",
        [sa.Column("text", sa.Text(), nullable=False), sa.Column("author", sa.Text(), nullable=False)],
        "What somebody wrote about an account; a removed note keeps its row.",
        several=True,
    )


def _of_accounts(name: str, columns: list[sa.Column[Any]], comment: str, *, several: bool = False) -> None:
    op.create_table(
        name,
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        *columns,
        sa.Column("known_from", Instant(), nullable=False),
        sa.Column("known_to", Instant()),
        sa.Column("ended_by", sa.Text()),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f(f"fk_{name}_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        comment=comment,
    )
    op.create_index(f"ix_{name}_account", name, ["account_id", "known_from"])
    if not several:
        op.create_index(f"uq_{name}_current", name, ["account_id"], unique=True, sqlite_where=CURRENT, postgresql_where=CURRENT)


def _mirror() -> None:
    op.create_table(
        "fact_change",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("fact_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fact_change")),
        sqlite_autoincrement=True,
        comment="Versions of facts that were closed, or corrected in place, since the mirror was refreshed; "
        "see core/store/mirror.py.",
    )


def _incremental() -> None:
    op.add_column("source_account", sa.Column("touched_records", sa.Integer()))
    op.add_column("source_account", sa.Column("touched_since", Day()))
    op.create_table(
        "metric_frame",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("history", sa.BigInteger(), nullable=False),
        sa.Column("day", Day(), nullable=False),
        sa.Column("content", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_metric_frame")),
        comment="One row: what the rows of account_metrics are of. number counts the runs that wrote them; history counts the "
        "writes to days other than this one.",
    )
    op.create_table(
        "account_metrics",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("parent_id", sa.Integer()),
        sa.Column("measured", sa.LargeBinary(), nullable=False),
        sa.Column("described", sa.Text(), nullable=False),
        sa.Column("booked", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_account_metrics_account_id")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_account_metrics")),
        comment="What the facts said about each account when it was last measured, so that others need not be measured again; "
        "see core/scoring/stored_frame.py. booked: what it counts for in the day's portfolio and segments.",
    )
    known = sa.text("parent_id is not null")
    op.create_index("ix_account_metrics_parent", "account_metrics", ["parent_id"], sqlite_where=known, postgresql_where=known)
    named = sa.text("parent is not null")
    op.create_index(
        "ix_fact_account_parent", "fact_account", ["connection_id", "parent"], sqlite_where=named, postgresql_where=named
    )
    if op.get_bind().dialect.name == "postgresql":
        op.create_table_comment(
            "source_account",
            "An account as one source names it. touched_at: when facts or links of it last changed, null once they are scored; "
            "touched_records: which record types, as bits; touched_since: the first day whose values may differ.",
        )


def _payment_issues() -> None:
    op.create_table(
        "fact_payment_issue",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("source_account_id", sa.Integer(), nullable=False),
        sa.Column("known_from", Instant(), nullable=False),
        sa.Column("known_to", Instant()),
        sa.Column("assumed", sa.Boolean(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("raw_ref", sa.Text()),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], name=op.f("fk_fact_payment_issue_connection_id")),
        sa.ForeignKeyConstraint(
            ["source_account_id"], ["source_account.id"], name=op.f("fk_fact_payment_issue_source_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fact_payment_issue")),
    )
    op.create_index("ix_fact_payment_issue_account", "fact_payment_issue", ["source_account_id", "at"])
    op.create_index("ix_fact_payment_issue_versions", "fact_payment_issue", ["connection_id", "source_id", "known_from"])
    op.create_index(
        "uq_fact_payment_issue_current",
        "fact_payment_issue",
        ["connection_id", "source_id"],
        unique=True,
        sqlite_where=CURRENT,
        postgresql_where=CURRENT,
    )
