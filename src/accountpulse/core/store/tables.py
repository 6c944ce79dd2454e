"""The tables besides the facts: who the accounts are, how the syncs stand, and what the scores are."""

from __future__ import annotations

import sqlalchemy as sa

from accountpulse.core.store.metadata import metadata
from accountpulse.core.store.types import Day, Instant, Json, Serial

# --- the store itself ---------------------------------------------------------------------------------------------------

setting = sa.Table(
    "setting",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("value", Json),
    comment="What holds for the whole store: its time zone, its reporting currency.",
)

fx_rate = sa.Table(
    "fx_rate",
    metadata,
    sa.Column("currency", sa.Text, primary_key=True),
    sa.Column("day", Day, primary_key=True),
    sa.Column("rate", sa.Double, nullable=False),
    comment="Units of the reporting currency for one unit of a currency, in force from a day on; as the configuration says.",
)

revision = sa.Table(
    "revision",
    metadata,
    sa.Column("domain", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, nullable=False),
    comment="Counts the writes that can change an answer, by domain: facts, scores, people, models, operations.",
)

api_token = sa.Table(
    "api_token",
    metadata,
    sa.Column("id", Serial, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("prefix", sa.Text, nullable=False, unique=True),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sa.Column("scopes", Json, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant),
    sa.Column("revoked_at", Instant),
    sa.Column("row_scope", Json),
    comment="API tokens. Only a hash is kept; the prefix finds the row.",
)

# --- connections and their state ----------------------------------------------------------------------------------------

connection = sa.Table(
    "connection",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("connector", sa.Text, nullable=False),
    sa.Column("identity", Json),
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("anchor", sa.Boolean, nullable=False),
    sa.Column("provides", Json, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("state_since", Instant, nullable=False),
    sa.Column("message", sa.Text),
    sa.Column("paused_until", Instant),
    sa.Column("removed_at", Instant),
    comment="A configured source. state: new / ok / partial / failed / paused / needs_reauth / misconfigured.",
)

stream_state = sa.Table(
    "stream_state",
    metadata,
    sa.Column("connection_id", sa.Integer, sa.ForeignKey("connection.id"), primary_key=True),
    sa.Column("stream", sa.Text, primary_key=True),
    sa.Column("records", Json, nullable=False),
    sa.Column("cursor", Json),
    sa.Column("position", Instant),
    sa.Column("first_loaded_at", Instant),
    sa.Column("last_success_at", Instant),
    sa.Column("last_attempt_at", Instant),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("message", sa.Text),
    sa.Column("gap_from", Instant),
    comment="How far each stream has been read. state: new / loading / ok / failed / skipped.",
)

run = sa.Table(
    "run",
    metadata,
    sa.Column("id", Serial, primary_key=True),
    sa.Column("connection_id", sa.Integer, sa.ForeignKey("connection.id"), nullable=False),
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("finished_at", Instant),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("message", sa.Text),
    sa.Column("cancelled_at", Instant),
    sa.Index("ix_run_connection", "connection_id", "id"),
    comment="One sync of one connection. state: running, or how it ended. cancelled_at: when somebody asked for it to stop.",
)

run_stream = sa.Table(
    "run_stream",
    metadata,
    sa.Column("run_id", Serial, sa.ForeignKey("run.id"), primary_key=True),
    sa.Column("stream", sa.Text, primary_key=True),
    sa.Column("read", sa.BigInteger, nullable=False),
    sa.Column("opened", sa.BigInteger, nullable=False),
    sa.Column("closed", sa.BigInteger, nullable=False),
    sa.Column("unchanged", sa.BigInteger, nullable=False),
    sa.Column("quarantined", sa.BigInteger, nullable=False),
    sa.Column("retries", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("message", sa.Text),
    comment="What one run did in one stream.",
)

snapshot_key = sa.Table(
    "snapshot_key",
    metadata,
    sa.Column("run_id", Serial, sa.ForeignKey("run.id"), primary_key=True),
    sa.Column("record", sa.Text, primary_key=True),
    sa.Column("source_id", sa.Text, primary_key=True),
    comment="The keys that a complete read has seen so far; emptied when it ends.",
)

held_delete = sa.Table(
    "held_delete",
    metadata,
    sa.Column("connection_id", sa.Integer, sa.ForeignKey("connection.id"), primary_key=True),
    sa.Column("stream", sa.Text, primary_key=True),
    sa.Column("held_at", Instant, nullable=False),
    sa.Column("vanished", sa.BigInteger, nullable=False),
    sa.Column("known", sa.BigInteger, nullable=False),
    comment="A snapshot in which more than a fifth would vanish: nothing is deleted until a person confirms.",
)

quarantine = sa.Table(
    "quarantine",
    metadata,
    sa.Column("connection_id", sa.Integer, sa.ForeignKey("connection.id"), primary_key=True),
    sa.Column("stream", sa.Text, primary_key=True),
    sa.Column("source_id", sa.Text, primary_key=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("seen_at", Instant, nullable=False),
    comment="Records that could not be understood.",
)

inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("id", Serial, primary_key=True),
    sa.Column("connection_id", sa.Integer, sa.ForeignKey("connection.id"), nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("received_at", Instant, nullable=False),
    sa.Column("body", Json),
    sa.Column("applied_at", Instant),
    sa.UniqueConstraint("connection_id", "key"),
    sa.Index("ix_inbox_received", "connection_id", "received_at"),
    sa.Index(
        "ix_inbox_waiting",
        "connection_id",
        "id",
        sqlite_where=sa.text("applied_at is null"),
        postgresql_where=sa.text("applied_at is null"),
    ),
    comment="Pushed messages, durable before they are answered. The body is dropped once applied; the key stays.",
)

fact_change = sa.Table(
    "fact_change",
    metadata,
    sa.Column("id", Serial, primary_key=True),
    sa.Column("record", sa.Text, nullable=False),
    sa.Column("fact_id", sa.BigInteger, nullable=False),
    # Ids must not come again once the table has been emptied: a mirror remembers how far it has read.
    sqlite_autoincrement=True,
    comment="Versions of facts that were closed, or corrected in place, since the mirror was refreshed; "
    "see core/store/mirror.py.",
)

# --- accounts and identity ----------------------------------------------------------------------------------------------

source_account = sa.Table(
    "source_account",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("connection_id", sa.Integer, sa.ForeignKey("connection.id"), nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("first_known_at", Instant, nullable=False),
    sa.UniqueConstraint("connection_id", "key"),
    comment="An account as one source names it.",
)

mark = sa.Table(
    "mark",
    metadata,
    sa.Column("source_account_id", sa.Integer, sa.ForeignKey("source_account.id"), primary_key=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("records", sa.Integer, nullable=False),
    sa.Column("since", Day, nullable=False),
    comment="A source account of which facts or links changed since they were scored. at: when they last did; "
    "records: which record types, as bits; since: the first day whose values may differ.",
)

account = sa.Table(
    "account",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("created_at", Instant, nullable=False),
    comment="A customer. What is known about it comes from the source accounts linked to it.",
)

link = sa.Table(
    "link",
    metadata,
    sa.Column("id", Serial, primary_key=True),
    sa.Column("source_account_id", sa.Integer, sa.ForeignKey("source_account.id"), nullable=False),
    sa.Column("account_id", sa.Integer, sa.ForeignKey("account.id"), nullable=False),
    sa.Column("method", sa.Text, nullable=False),
    sa.Column("evidence", sa.Text, nullable=False),
    sa.Column("known_from", Instant, nullable=False),
    sa.Column("known_to", Instant),
    sa.Index(
        "uq_link_current",
        "source_account_id",
        unique=True,
        sqlite_where=sa.text("known_to is null"),
        postgresql_where=sa.text("known_to is null"),
    ),
    # Both with all that is read of a link where facts are: an account has several, each a page of its own.
    sa.Index("ix_link_account", "account_id", "known_to", "source_account_id"),
    sa.Index("ix_link_source_account", "source_account_id", "account_id"),
    comment="Which account a source account belongs to, why, and since when. "
    "method: anchor / manual / reference / plugin / domain / email.",
)

unlinked = sa.Table(
    "unlinked",
    metadata,
    sa.Column("source_account_id", sa.Integer, sa.ForeignKey("source_account.id"), primary_key=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("candidates", Json, nullable=False),
    comment="Source accounts that no rule could place, with the accounts that come into question.",
)

account_profile = sa.Table(
    "account_profile",
    metadata,
    sa.Column("account_id", sa.Integer, sa.ForeignKey("account.id"), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("domain", sa.Text),
    sa.Column("owner", sa.Text),
    sa.Column("plan", sa.Text),
    sa.Column("industry", sa.Text),
    sa.Column("region", sa.Text),
    sa.Column("employees", sa.BigInteger),
    sa.Column("lifecycle_stage", sa.Text),
    sa.Column("parent_account_id", sa.Integer, sa.ForeignKey("account.id")),
    sa.Column("customer_since", Instant),
    sa.Column("renewal_at", Instant),
    sa.Column("churned_at", Instant),
    sa.Column("mrr", sa.BigInteger),
    sa.Column("custom", Json, nullable=False),
    sa.Column("origins", Json, nullable=False),
    sa.Index("ix_account_current_name", "name", "account_id"),
    sa.Index("ix_account_current_owner", "owner", "account_id"),
    comment="What is known of each account now, merged from its sources; origins says which connection each value is from.",
)

# --- models and scores --------------------------------------------------------------------------------------------------

segment = sa.Table(
    "segment",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
)

scoring_model = sa.Table(
    "scoring_model",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("version", sa.Text, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("content", Json, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    comment="Every model ever scored with; version is the hash of its canonical content.",
)

release = sa.Table(
    "release",
    metadata,
    sa.Column("id", Serial, primary_key=True),
    sa.Column("stage", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("at", Instant, nullable=False),
    sa.Column("restored", Serial, sa.ForeignKey("release.id")),
    comment="Who changed which models are in force, and why. stage: as of publication. "
    "action: publish / rollback / shadow / withdraw. restored: the release whose models a rollback put back.",
)

publication = sa.Table(
    "publication",
    metadata,
    sa.Column("id", Serial, primary_key=True),
    sa.Column("stage", sa.Text, nullable=False, server_default="published"),
    sa.Column("segment_id", sa.Integer, sa.ForeignKey("segment.id"), nullable=False),
    sa.Column("model_id", sa.Integer, sa.ForeignKey("scoring_model.id"), nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("rule", Json, nullable=False),
    sa.Column("known_from", Instant, nullable=False),
    sa.Column("known_to", Instant),
    sa.Index(
        "uq_publication_current",
        "stage",
        "segment_id",
        unique=True,
        sqlite_where=sa.text("known_to is null"),
        postgresql_where=sa.text("known_to is null"),
    ),
    comment="Which model and rule a segment had, and when: position is its place in the order of rules. "
    "stage: published gives the score, shadow is scored beside it.",
)

peer = sa.Table(
    "peer",
    metadata,
    sa.Column("model_id", sa.Integer, sa.ForeignKey("scoring_model.id"), primary_key=True),
    sa.Column("segment_id", sa.Integer, sa.ForeignKey("segment.id"), primary_key=True),
    sa.Column("day", Day, primary_key=True),
    sa.Column("metric", sa.Text, primary_key=True),
    sa.Column("component", sa.Double, nullable=False),
    sa.Column("value", sa.Double, nullable=False),
    sa.Column("accounts", sa.Integer, nullable=False),
    sa.Column("curve", Json, nullable=False),
    comment="What is typical in a segment on a day: mean component (0..100), median value and rank curve.",
)

score_current = sa.Table(
    "score_current",
    metadata,
    sa.Column("account_id", sa.Integer, sa.ForeignKey("account.id"), primary_key=True),
    sa.Column("day", Day, nullable=False),
    sa.Column("segment_id", sa.Integer, sa.ForeignKey("segment.id"), nullable=False),
    sa.Column("model_id", sa.Integer, sa.ForeignKey("scoring_model.id"), nullable=False),
    sa.Column("score", sa.Double, nullable=False),
    sa.Column("reference", sa.Double, nullable=False),
    sa.Column("band", sa.Text, nullable=False),
    sa.Column("raw_score", sa.Double, nullable=False),
    sa.Column("raw_band", sa.Text, nullable=False),
    sa.Column("band_since", Day, nullable=False),
    sa.Column("coverage", sa.Double, nullable=False),
    sa.Column("low", sa.Double, nullable=False),
    sa.Column("high", sa.Double, nullable=False),
    sa.Column("trend_28d", sa.Double),
    sa.Column("trend_90d", sa.Double),
    sa.Column("content_hash", sa.LargeBinary, nullable=False),
    sa.Column("scored_at", Instant, nullable=False),
    sa.Index("ix_score_current_scored_at", "scored_at"),
    comment="The score of each account now. content_hash: of this row and its detail, to see what changed without reading it.",
)

score_backdrop = sa.Table(
    "score_backdrop",
    metadata,
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("content", Json, nullable=False),
    comment="What the current scores of a segment are set against: titles, weights, what is typical; see "
    "core/scoring/backdrop.py. digest: of the content.",
)

score_detail = sa.Table(
    "score_detail",
    metadata,
    sa.Column("account_id", sa.Integer, sa.ForeignKey("account.id"), primary_key=True),
    sa.Column("backdrop", sa.Text, sa.ForeignKey("score_backdrop.digest"), nullable=False),
    sa.Column("numbers", sa.LargeBinary, nullable=False),
    sa.Column("told", Json),
    sa.Column("adjustments", Json, nullable=False),
    sa.Column("matched", Json, nullable=False),
    sa.Column("steadiness", sa.Text),
    sa.Column("parent_id", sa.Integer),
    sa.Column("measured", sa.LargeBinary),
    sa.Column("described", sa.Text),
    sa.Column("booked", sa.Text),
    sa.Index(
        "ix_score_detail_parent",
        "parent_id",
        sqlite_where=sa.text("parent_id is not null"),
        postgresql_where=sa.text("parent_id is not null"),
    ),
    comment="What explains each current score. numbers: of its components, see core/scoring/backdrop.py; told: their reasons "
    "that no number says, by place. Kept apart: it is ten times larger, and lists of accounts don't need it. In the same "
    "row, as each is a page: what the facts said when the account was last measured, see core/store/metric_frames.py.",
)

score_history = sa.Table(
    "score_history",
    metadata,
    sa.Column("account_id", sa.Integer, sa.ForeignKey("account.id"), primary_key=True),
    sa.Column("basis", sa.SmallInteger, primary_key=True),
    sa.Column("day", Day, primary_key=True),
    sa.Column("model_id", sa.Integer, sa.ForeignKey("scoring_model.id"), nullable=False),
    sa.Column("segment_id", sa.Integer, sa.ForeignKey("segment.id"), nullable=False),
    sa.Column("score_centi", sa.SmallInteger, nullable=False),
    sa.Column("band", sa.SmallInteger, nullable=False),
    sa.Column("packed", sa.LargeBinary, nullable=False),
    sqlite_with_rowid=False,
    comment="A row when the score moved by a point, or the band, model, segment or steadiness changed. basis: 0 live, "
    "1 restated, 2 and 3 the same of the shadow. score_centi: hundredths of a point. band: index in the model's bands, "
    "-1 unknown. packed: coverage, components, and what was before steadiness and overrides; see core/store/history_rows.py.",
)

scored_day = sa.Table(
    "scored_day",
    metadata,
    sa.Column("day", Day, primary_key=True),
    sa.Column("basis", sa.SmallInteger, primary_key=True),
    sa.Column("scored_at", Instant, nullable=False),
    sa.Column("accounts", sa.Integer, nullable=False),
    comment="Which days have been scored: a day without a history row of its own is in force from the row before.",
)

segment_daily = sa.Table(
    "segment_daily",
    metadata,
    sa.Column("day", Day, primary_key=True),
    sa.Column("basis", sa.SmallInteger, primary_key=True),
    sa.Column("segment_id", sa.Integer, sa.ForeignKey("segment.id"), primary_key=True),
    sa.Column("accounts", sa.Integer, nullable=False),
    sa.Column("taken", sa.Integer, nullable=False),
    comment="How many accounts a segment held on a day, and how many more match its rule but were taken by an earlier one.",
)

portfolio_daily = sa.Table(
    "portfolio_daily",
    metadata,
    sa.Column("day", Day, primary_key=True),
    sa.Column("basis", sa.SmallInteger, primary_key=True),
    sa.Column("segment_id", sa.Integer, sa.ForeignKey("segment.id"), primary_key=True),
    sa.Column("owner", sa.Text, primary_key=True),
    sa.Column("band", sa.Text, primary_key=True),
    sa.Column("accounts", sa.Integer, nullable=False),
    sa.Column("arr", sa.BigInteger, nullable=False),
    comment="How many accounts and how much yearly revenue (minor units) were in each band; owner is '' where there is none.",
)
