"""The tables of people's input: what somebody decided, promised or noted about an account, by whom and when."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from accountpulse.core.store.metadata import metadata
from accountpulse.core.store.types import Day, Instant, Serial


def _account() -> sa.Column[Any]:
    return sa.Column("account_id", sa.Integer, sa.ForeignKey("account.id"), nullable=False)


def _home() -> sa.Column[Any]:
    """The account it was entered for, where a merge has brought it to another."""
    return sa.Column("home_id", sa.Integer, sa.ForeignKey("account.id"))


def _known() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("known_from", Instant, nullable=False),
        sa.Column("known_to", Instant),
        sa.Column("ended_by", sa.Text),
    )


def _one_at_a_time(name: str) -> sa.Index:
    current = sa.text("known_to is null")
    return sa.Index(f"uq_{name}_current", "account_id", unique=True, sqlite_where=current, postgresql_where=current)


score_override = sa.Table(
    "score_override",
    metadata,
    sa.Column("id", Serial, primary_key=True),
    _account(),
    _home(),
    sa.Column("score", sa.Double, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    *_known(),
    _one_at_a_time("score_override"),
    sa.Index("ix_score_override_account", "account_id", "known_from"),
    comment="A person's word against the model's: in force from known_from to the earlier of known_to and expires_at.",
)

account_target = sa.Table(
    "account_target",
    metadata,
    sa.Column("id", Serial, primary_key=True),
    _account(),
    _home(),
    sa.Column("score", sa.Double, nullable=False),
    sa.Column("due", Day, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    *_known(),
    _one_at_a_time("account_target"),
    sa.Index("ix_account_target_account", "account_id", "known_from"),
    comment="The score an account is to have on a day, and who promised it.",
)

account_note = sa.Table(
    "account_note",
    metadata,
    sa.Column("id", Serial, primary_key=True),
    _account(),
    _home(),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
    *_known(),
    sa.Index("ix_account_note_account", "account_id", "known_from"),
    comment="What somebody wrote about an account; a removed note keeps its row.",
)
