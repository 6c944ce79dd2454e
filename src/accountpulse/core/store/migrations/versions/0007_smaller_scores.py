"""Smaller scores: history in packed rows, and what explains a score as numbers

Revision: 0007
Follows: 0006
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from accountpulse.core.store.types import Day, Json, to_epoch_day

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_AT_ONCE = 10_000
_STATES = {
    "measured": 0,
    "no_data": 1,
    "not_connected": 2,
    "never_synced": 3,
    "stale": 4,
    "not_applicable": 5,
    "failed": 6,
}


def upgrade() -> None:
    _history()
    _details()


def downgrade() -> None:
    raise NotImplementedError("go back to a backup of the store that was made before the upgrade")


def _batches(query: sa.Select[Any]) -> Iterator[Sequence[sa.Row[Any]]]:
    # All of a batch is read before anything is written: a cursor would not survive that on every database.
    result = op.get_bind().execute(query)
    while rows := result.fetchmany(_AT_ONCE):
        yield rows


# --- history: what is seldom there goes into the bytes of the row -------------------------------------------------------------


def _history() -> None:
    op.rename_table("score_history", "score_history_former")
    if op.get_bind().dialect.name == "postgresql":
        for kind, names in {
            "pk_score_history": "pk_score_history_former",
            "fk_score_history_account_id": "fk_score_history_former_account_id",
            "fk_score_history_model_id": "fk_score_history_former_model_id",
            "fk_score_history_segment_id": "fk_score_history_former_segment_id",
        }.items():
            op.execute(f"alter table score_history_former rename constraint {kind} to {names}")
    new = op.create_table(
        "score_history",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("basis", sa.SmallInteger(), nullable=False),
        sa.Column("day", Day(), nullable=False),
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("segment_id", sa.Integer(), nullable=False),
        sa.Column("score_centi", sa.SmallInteger(), nullable=False),
        sa.Column("band", sa.SmallInteger(), nullable=False),
        sa.Column("packed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_score_history_account_id")),
        sa.ForeignKeyConstraint(["model_id"], ["scoring_model.id"], name=op.f("fk_score_history_model_id")),
        sa.ForeignKeyConstraint(["segment_id"], ["segment.id"], name=op.f("fk_score_history_segment_id")),
        sa.PrimaryKeyConstraint("account_id", "basis", "day", name=op.f("pk_score_history")),
        sqlite_with_rowid=False,
        comment="A row when the score moved by a point, or the band, model, segment or steadiness changed. basis: 0 live, "
        "1 restated, 2 and 3 the same of the shadow. score_centi: hundredths of a point. band: index in the model's bands, "
        "-1 unknown. packed: coverage, components, and what was before steadiness and overrides; "
        "see core/store/history_rows.py.",
    )
    assert new is not None
    same = ("account_id", "basis", "day", "model_id", "segment_id", "score_centi", "band")
    more = ("coverage_percent", "components", "raw_centi", "raw_band", "steady_centi", "steady_band")
    old = sa.table(
        "score_history_former",
        *(sa.column(n) for n in (*same, *more) if n != "day"),
        sa.column("day", Day),
        sa.column("rising_since", Day),
    )
    for rows in _batches(sa.select(old).order_by(old.c.account_id, old.c.basis, old.c.day)):
        op.get_bind().execute(sa.insert(new), [{n: getattr(row, n) for n in same} | {"packed": _packed(row)} for row in rows])
    op.drop_table("score_history_former")


def _packed(row: sa.Row[Any]) -> bytes:
    rising = None if row.rising_since is None else to_epoch_day(row.day) - to_epoch_day(row.rising_since)
    aside = (row.raw_centi, row.raw_band, row.steady_centi, row.steady_band, rising)
    there = [(i, form, value) for i, (form, value) in enumerate(zip("hbhbi", aside, strict=True)) if value is not None]
    if not there:
        return bytes([row.coverage_percent]) + bytes(row.components)
    said = b"".join(struct.pack(f"<{form}", value) for _, form, value in there)
    return bytes([row.coverage_percent + 128, sum(1 << i for i, _, _ in there)]) + said + bytes(row.components)


# --- what explains a score: numbers, and words where no number says it ----------------------------------------------------------


def _details() -> None:
    backdrops = op.create_table(
        "score_backdrop",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("content", Json, nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_score_backdrop")),
        comment="What the current scores of a segment are set against: titles, weights, what is typical; see "
        "core/scoring/backdrop.py. digest: of the content.",
    )
    assert backdrops is not None
    with op.batch_alter_table("score_detail") as batch:
        batch.add_column(sa.Column("backdrop", sa.Text()))
        batch.add_column(sa.Column("numbers", sa.LargeBinary()))
        batch.add_column(sa.Column("told", Json))
    detail = sa.table(
        "score_detail",
        sa.column("account_id"),
        sa.column("components", Json),
        sa.column("backdrop"),
        sa.column("numbers", sa.LargeBinary),
        sa.column("told", Json),
    )
    change = (
        sa.update(detail)
        .where(detail.c.account_id == sa.bindparam("account"))
        .values(backdrop=sa.bindparam("digest"), numbers=sa.bindparam("packed"), told=sa.bindparam("words", type_=Json))
    )
    written: set[str] = set()
    last = -1
    query = sa.select(detail.c.account_id, detail.c.components).order_by(detail.c.account_id).limit(_AT_ONCE)
    while rows := op.get_bind().execute(query.where(detail.c.account_id > last)).all():
        converted = [(row.account_id, *_converted(row.components)) for row in rows]
        contents = {_digest(content): content for _, content, _, _ in converted}
        if new := [{"digest": d, "content": c} for d, c in contents.items() if d not in written]:
            op.get_bind().execute(sa.insert(backdrops), new)
        written |= contents.keys()
        op.get_bind().execute(
            change, [{"account": id, "digest": _digest(c), "packed": n, "words": told} for id, c, n, told in converted]
        )
        last = rows[-1].account_id
    with op.batch_alter_table("score_detail") as batch:
        batch.alter_column("backdrop", existing_type=sa.Text(), nullable=False)
        batch.alter_column("numbers", existing_type=sa.LargeBinary(), nullable=False)
        batch.create_foreign_key(op.f("fk_score_detail_backdrop"), "score_backdrop", ["backdrop"], ["digest"])
        batch.drop_column("components")
    if op.get_bind().dialect.name == "postgresql":
        op.create_table_comment(
            "score_detail",
            "What explains each current score. numbers: of its components, see core/scoring/backdrop.py; told: their reasons "
            "that no number says, by place. Kept apart: it is ten times larger, and lists of accounts don't need it.",
        )


def _converted(components: Sequence[Any]) -> tuple[dict[str, Any], bytes, dict[str, str] | None]:
    """A backdrop's content, numbers and words: what was said in words stays as it was said."""
    parts = [part for part in components if isinstance(part, Mapping)]
    lines = [
        {
            "name": part["metric"],
            "title": part["title"],
            "group": part["group"],
            "unit": part["unit"],
            "money": False,
            "better": None,
            "sources": part["sources"],
            "weight": part["weight"],
            "typical_component": part["typical_component"],
            "typical_value": part["typical_value"],
        }
        for part in parts
    ]
    nothing = [None] * len(parts)
    columns = [[part[name] for part in parts] for name in ("value", "component", "delta")] + [nothing, nothing]
    numbers = [float("nan") if number is None else float(number) for column in columns for number in column]
    packed = struct.pack(f"<{len(numbers)}d", *numbers) + bytes(_STATES[part["state"]] for part in parts)
    told = {str(place): part["reason"] for place, part in enumerate(parts)}
    return {"segment": "", "currency": "", "days": 30, "lines": lines}, packed, told or None


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
