"""Writes scores: the current ones whole, the history as a series of changes, the portfolio by day."""

from __future__ import annotations

import marshal
from collections.abc import Container, Mapping, Sequence
from datetime import date, datetime
from hashlib import blake2b
from operator import itemgetter
from typing import Any, Final, Literal, NamedTuple

import sqlalchemy as sa

from accountpulse.core.store.absence import note as note_absence
from accountpulse.core.store.bulk import insert_rows, upsert_rows
from accountpulse.core.store.chunks import one_of
from accountpulse.core.store.history_rows import HistoryRow, Packed, has_aside, unpack
from accountpulse.core.store.metric_frames import KEPT
from accountpulse.core.store.tables import (
    account,
    portfolio_daily,
    score_backdrop,
    score_current,
    score_detail,
    score_history,
    scored_day,
    scoring_model,
    segment,
)
from accountpulse.core.store.types import Day
from accountpulse.core.store.upsert import insert

LIVE: Final = 0
RESTATED: Final = 1
SHADOW_LIVE: Final = 2
SHADOW_RESTATED: Final = 3
Basis = Literal[0, 1, 2, 3]
"""live: said on the day itself. restated: said later about a past day. Of the published models, and of those in shadow."""

_HISTORY = ("model_id", "segment_id", "score_centi", "band", "packed")
_HISTORY_COLUMNS = ("account_id", "basis", "day", *_HISTORY)

_UNSAID = {"content_hash", "scored_at", *KEPT}
_CURRENT = [c for table in (score_current, score_detail) for c in table.c if c.name not in _UNSAID]
_DAYS = [c.name for c in _CURRENT if isinstance(c.type, Day)]
_content = itemgetter(*(c.name for c in _CURRENT if c.name not in _DAYS))
"""Of what is said of an account now, what a difference in makes it another."""

_DECISIVE = ("raw_band", "steady_band", "rising_since")
"""What is written, besides band, model and segment, whenever it changes, however little the score moved."""


class HistoryPoint(NamedTuple):
    """One account's row of the history: the score in hundredths of a point, the band's index, packed components.

    raw_*: before steadiness and overrides, None where that is no different. steady_*: before overrides, None where there is no
    override. rising_since: the first of the days in a row that speak for a better band. exact: every move of the score before
    overrides is kept, because the next day's rests on it.
    """

    account_id: int
    model_id: int
    segment_id: int
    score_centi: int
    band: int
    coverage_percent: int
    components: bytes
    raw_centi: int | None = None
    raw_band: int | None = None
    steady_centi: int | None = None
    steady_band: int | None = None
    rising_since: date | None = None
    exact: bool = False

    @property
    def plain(self) -> bool:
        """Whether it says the same before steadiness and overrides, and nothing is rising."""
        nothing_held = self.raw_centi is None and self.raw_band is None and self.rising_since is None
        return nothing_held and self.steady_centi is None and self.steady_band is None

    def row(self, basis: Basis, day: date) -> dict[str, Any]:
        """As a row of a day."""
        held = Packed(
            self.coverage_percent,
            self.components,
            self.raw_centi,
            self.raw_band,
            self.steady_centi,
            self.steady_band,
            self.rising_since,
        )
        return {
            "account_id": self.account_id,
            "basis": basis,
            "day": day,
            "model_id": self.model_id,
            "segment_id": self.segment_id,
            "score_centi": self.score_centi,
            "band": self.band,
            "packed": held.pack(day),
        }


def write_history(
    connection: sa.Connection,
    day: date,
    basis: Basis,
    points: Sequence[HistoryPoint],
    *,
    threshold_centi: int,
    now: datetime,
    total: int | None = None,
    asked: Sequence[int] | None = None,
) -> set[tuple[int, date]]:
    """Write a day's evaluation where it moved by the threshold, or changed band, model or segment.

    Who was away the day before gets a row in any case, as what was said before that is not what it goes on from.

    A row is in force until the next one, so a day scored out of order may not change what later days already said: where the
    following scored day rested on the row before, it gets a row of its own. asked, total: given where the points are of some
    accounts only: those that were looked at, whether they are customers or not, and how many were scored that day. Returns the
    rows written and removed, by account and day.
    """
    accounts = [point.account_id for point in points]
    before = in_force(connection, basis, before=day, accounts=asked)
    on_day = _rows(connection, basis, day, accounts)
    following = connection.execute(
        sa.select(sa.func.min(scored_day.c.day)).where(scored_day.c.basis == basis, scored_day.c.day > day)
    ).scalar()
    present = set(accounts)
    returning = note_absence(connection, basis, day, present=present, gone=before.keys() - present, following=following)
    has_following = set(_rows(connection, basis, following, accounts)) if following is not None else set()
    write: list[dict[str, Any]] = []
    remove: list[int] = []
    for point in points:
        previous, existing = before.get(point.account_id), on_day.get(point.account_id)
        wanted = point.account_id in returning or _moved(previous, point, threshold_centi)
        if existing is None and not wanted:
            continue
        row = point.row(basis, day)
        if existing is not None and wanted and all(getattr(existing.row, name) == row[name] for name in _HISTORY):
            continue
        said = existing or previous
        if following is not None and said is not None and point.account_id not in has_following:
            write.append(_said_again(said, basis, following))
        if existing is not None:
            remove.append(point.account_id)
        if wanted:
            write.append(row)
    if remove:
        table = score_history
        connection.execute(
            sa.delete(table).where(table.c.account_id == sa.bindparam("account"), table.c.basis == basis, table.c.day == day),
            [{"account": id} for id in remove],
        )
    insert_rows(connection, score_history, _HISTORY_COLUMNS, list(map(itemgetter(*_HISTORY_COLUMNS), write)))
    statement = insert(connection, scored_day).values(
        day=day, basis=basis, scored_at=now, accounts=len(points) if total is None else total
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["day", "basis"],
            set_={"scored_at": statement.excluded.scored_at, "accounts": statement.excluded.accounts},
        )
    )
    return {(row["account_id"], row["day"]) for row in write} | {(account, day) for account in remove}


def _said_again(said: HistoryRow, basis: Basis, day: date) -> dict[str, Any]:
    """A row for a later day that says the same."""
    row = {name: getattr(said, name) for name in _HISTORY}
    # Its bytes count days from its own.
    packed = unpack(bytes(said.packed), said.day).pack(day)
    return {**row, "account_id": said.account_id, "basis": basis, "day": day, "packed": packed}


def in_force(
    connection: sa.Connection, basis: Basis, *, before: date, accounts: Sequence[int] | None = None
) -> dict[int, HistoryRow]:
    """Each account's latest history row of days before `before`, of all or of some."""
    query = newest_before(basis, before, accounts, score_history)
    return {row.account_id: HistoryRow(row) for row in connection.execute(query).all()}


def newest_before(basis: Basis, before: date, accounts: Sequence[int] | None, *columns: Any) -> sa.Select[Any]:
    """The latest row before a day of each account, or of each of some."""
    h = score_history.c
    if accounts is not None:
        # One look into the key for each, past all its older rows; of everybody one pass over them is faster.
        one, older = account.c.id, score_history.alias("older").c
        last = sa.select(sa.func.max(older.day)).where(older.account_id == one, older.basis == basis, older.day < before)
        of_one = sa.and_(h.account_id == one, h.basis == basis, h.day == last.correlate(account).scalar_subquery())
        return sa.select(*columns).select_from(account).join(score_history, of_one).where(one_of(one, accounts))
    newest = (
        sa.select(h.account_id, sa.func.max(h.day).label("day"))
        .where(h.basis == basis, h.day < before)
        .group_by(h.account_id)
        .subquery()
    )
    on = sa.and_(h.account_id == newest.c.account_id, h.day == newest.c.day, h.basis == basis)
    return sa.select(*columns).join(newest, on)


def _rows(connection: sa.Connection, basis: Basis, day: date, accounts: Sequence[int]) -> dict[int, HistoryRow]:
    # By account, as the key is: an index by day would be a fifth of the history's size.
    table = score_history
    query = sa.select(table).where(table.c.basis == basis, table.c.day == day, chosen(accounts))
    return {row.account_id: HistoryRow(row) for row in connection.execute(query).all()}


def chosen(accounts: Sequence[int] | None) -> sa.ColumnElement[bool]:
    """A condition on history rows that lets through those of some accounts, or of all."""
    return sa.true() if accounts is None else one_of(score_history.c.account_id, accounts)


def _moved(previous: HistoryRow | None, point: HistoryPoint, threshold_centi: int) -> bool:
    if previous is None:
        return True
    row = previous.row
    if row.band != point.band or row.model_id != point.model_id or row.segment_id != point.segment_id:
        return True
    if point.plain and not has_aside(row.packed):
        return bool(abs(row.score_centi - point.score_centi) >= (1 if point.exact else threshold_centi))
    if any(getattr(previous, name) != getattr(point, name) for name in _DECISIVE):
        return True
    (score, raw, steady), (score_now, raw_now, steady_now) = _scores(previous), _scores(point)
    return max(abs(score - score_now), abs(raw - raw_now)) >= threshold_centi or (
        abs(steady - steady_now) >= (1 if point.exact else threshold_centi)
    )


def _scores(row: HistoryRow | HistoryPoint) -> tuple[int, int, int]:
    """The published score, the raw one, and that without overrides."""
    published: int = row.score_centi
    return published, raw_centi(row), published if row.steady_centi is None else row.steady_centi


def raw_centi(row: HistoryRow | HistoryPoint) -> int:
    """The score of a history row before steadiness and overrides, in hundredths."""
    centi: int = row.score_centi if row.raw_centi is None else row.raw_centi
    return centi


def current(connection: sa.Connection, account: int | Sequence[int] | None = None) -> dict[int, sa.Row[Any]]:
    """The current scores by account, of all, of one or of some, with the names of their `segment` and `model_version`.

    These may be of an earlier configuration, when nothing has been scored since it changed.
    """
    return _by_account(connection, _named(sa.select(score_current)), account)


def said_last(connection: sa.Connection, accounts: Sequence[int] | None = None) -> dict[int, sa.Row[Any]]:
    """Of the current scores, by account, of all or of some, what the next ones are compared with and may go on from."""
    c = score_current.c
    said = (c.day, c.score, c.band, c.band_since, c.trend_28d, c.trend_90d, c.content_hash)
    return _by_account(connection, sa.select(c.account_id, *said), accounts)


def any_current(connection: sa.Connection) -> bool:
    """Whether any account has a score."""
    return connection.execute(sa.select(score_current.c.account_id).limit(1)).first() is not None


def _named(query: sa.Select[Any]) -> sa.Select[Any]:
    return (
        query.add_columns(segment.c.name.label("segment"), scoring_model.c.version.label("model_version"))
        .join(segment, segment.c.id == score_current.c.segment_id)
        .join(scoring_model, scoring_model.c.id == score_current.c.model_id)
    )


def _by_account(
    connection: sa.Connection, query: sa.Select[Any], account: int | Sequence[int] | None
) -> dict[int, sa.Row[Any]]:
    if account is None:
        return {row.account_id: row for row in connection.execute(query)}
    query = query.where(one_of(score_current.c.account_id, [account] if isinstance(account, int) else account))
    return {row.account_id: row for row in connection.execute(query).all()}


def trends(connection: sa.Connection) -> dict[tuple[int, date], float | None]:
    """The trend of 28 days, by account and its day."""
    columns = score_current.c
    rows = connection.execute(sa.select(columns.account_id, columns.day, columns.trend_28d))
    return {(row.account_id, row.day): row.trend_28d for row in rows}


def write_current(
    connection: sa.Connection,
    rows: Sequence[Mapping[str, Any]],
    known: Mapping[int, sa.Row[Any]],
    backdrops: Mapping[str, Mapping[str, Any]],
    kept_anew: Container[int],
) -> int:
    """Make these the current scores, given those `known`; returns how many changed. `scored_at` alone is no change.

    backdrops: the content of those that rows name, by its digest. kept_anew: accounts whose columns `KEPT` differ.
    """
    _keep_backdrops(connection, backdrops)
    hashed = [{**row, "content_hash": _content_hash(row)} for row in rows]
    changed = [row for row in hashed if _hash_of(known.get(row["account_id"])) != row["content_hash"]]
    said = {row["account_id"] for row in changed}
    written = [row for row in hashed if row["account_id"] in said or row["account_id"] in kept_anew]
    gone = sorted(set(known) - {row["account_id"] for row in rows})
    for table, wanted in ((score_detail, written), (score_current, changed)):
        if gone:
            ids = [{"account": id} for id in gone]
            connection.execute(sa.delete(table).where(table.c.account_id == sa.bindparam("account")), ids)
        if wanted:
            columns = [c.name for c in table.c]
            upsert_rows(connection, table, columns, list(map(itemgetter(*columns), wanted)))
    return len(changed) + len(gone)


def _keep_backdrops(connection: sa.Connection, contents: Mapping[str, Mapping[str, Any]]) -> None:
    """Store what is new, and then also forget what no score is set against any longer."""
    b = score_backdrop.c
    known = set(connection.execute(sa.select(b.digest)).scalars())
    new = [{"digest": digest, "content": dict(content)} for digest, content in contents.items() if digest not in known]
    if new:
        used = sa.select(score_detail.c.backdrop).distinct()
        connection.execute(sa.delete(score_backdrop).where(b.digest.not_in(used), b.digest.not_in(contents.keys())))
        statement = insert(connection, score_backdrop)
        connection.execute(statement.on_conflict_do_nothing(), new)


def _content_hash(row: Mapping[str, Any]) -> bytes:
    # Marshal's second version says the same of the same data, several times faster than JSON; days it does not know.
    content = [row[name] and row[name].toordinal() for name in _DAYS], _content(row)
    return blake2b(marshal.dumps(content, 2), digest_size=16).digest()


def _hash_of(row: sa.Row[Any] | None) -> bytes | None:
    return None if row is None else bytes(row.content_hash)


Place = tuple[int, str, str]
"""Where accounts are counted in a portfolio: segment id, owner ('' where there is none), band."""


def in_bands(connection: sa.Connection, day: date, basis: Basis) -> dict[str, int]:
    """How many accounts were in each band on a day."""
    p = portfolio_daily.c
    query = sa.select(p.band, sa.func.sum(p.accounts)).where(p.day == day, p.basis == basis)
    return {band: int(accounts) for band, accounts in connection.execute(query.group_by(p.band).order_by(p.band)).all()}


def write_portfolio(connection: sa.Connection, day: date, basis: Basis, wanted: Mapping[Place, tuple[int, int]]) -> None:
    """Make this the portfolio of a day: accounts and yearly revenue by place; places without an account are left out."""
    table = portfolio_daily
    connection.execute(sa.delete(table).where(table.c.day == day, table.c.basis == basis))
    rows = [row for row in _places(day, basis, wanted) if row["accounts"]]
    if rows:
        connection.execute(sa.insert(table), rows)


def move_portfolio(connection: sa.Connection, day: date, basis: Basis, moves: Mapping[Place, tuple[int, int]]) -> None:
    """Change the portfolio of a day: by how many accounts, and by how much revenue, each place differs."""
    if not moves:
        return
    table = portfolio_daily
    statement = insert(connection, table)
    added = {name: table.c[name] + statement.excluded[name] for name in ("accounts", "arr")}
    keys = [column.name for column in table.primary_key]
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=added), _places(day, basis, moves))
    connection.execute(sa.delete(table).where(table.c.day == day, table.c.basis == basis, table.c.accounts == 0))


def _places(day: date, basis: Basis, counts: Mapping[Place, tuple[int, int]]) -> list[dict[str, Any]]:
    return [
        {"day": day, "basis": basis, "segment_id": s, "owner": owner, "band": band, "accounts": n, "arr": arr}
        for (s, owner, band), (n, arr) in sorted(counts.items())
    ]
