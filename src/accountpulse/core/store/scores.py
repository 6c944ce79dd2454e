"""Writes scores: the current ones whole, the history as a series of changes, the portfolio by day."""

from __future__ import annotations

import marshal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import blake2b
from typing import Any, Final, Literal

import sqlalchemy as sa

from accountpulse.core.store.absence import note as note_absence
from accountpulse.core.store.chunks import chunked
from accountpulse.core.store.tables import (
    portfolio_daily,
    score_current,
    score_detail,
    score_history,
    scored_day,
    scoring_model,
    segment,
)
from accountpulse.core.store.upsert import insert

LIVE: Final = 0
RESTATED: Final = 1
SHADOW_LIVE: Final = 2
SHADOW_RESTATED: Final = 3
Basis = Literal[0, 1, 2, 3]
"""live: said on the day itself. restated: said later about a past day. Of the published models, and of those in shadow."""

_STEADINESS = ("raw_centi", "raw_band", "steady_centi", "steady_band", "rising_since")
_HISTORY = ("model_id", "segment_id", "score_centi", "band", "coverage_percent", "components", *_STEADINESS)

_DECISIVE = ("band", "model_id", "segment_id", "raw_band", "steady_band", "rising_since")
"""What is written whenever it changes, however little the score moved."""


@dataclass(frozen=True, slots=True)
class HistoryPoint:
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
) -> int:
    """Write a day's evaluation where it moved by the threshold, or changed band, model or segment; returns rows written.

    Who was away the day before gets a row in any case, as what was said before that is not what it goes on from.

    A row is in force until the next one, so a day scored out of order may not change what later days already said: where the
    following scored day rested on the row before, it gets a row of its own. asked, total: given where the points are of some
    accounts only: those that were looked at, whether they are customers or not, and how many were scored that day.
    """
    accounts = [point.account_id for point in points]
    before: dict[int, sa.Row[Any]] = {}
    for among in _among(asked):
        before |= in_force(connection, basis, before=day, among=among)
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
        if existing is not None and wanted and _same(existing, point):
            continue
        if existing is None and not wanted:
            continue
        said = existing or previous
        if following is not None and said is not None and point.account_id not in has_following:
            write.append({**_values(said), "account_id": point.account_id, "basis": basis, "day": following})
        if existing is not None:
            remove.append(point.account_id)
        if wanted:
            row = {name: getattr(point, name) for name in _HISTORY}
            write.append({**row, "account_id": point.account_id, "basis": basis, "day": day})
    if remove:
        table = score_history
        connection.execute(
            sa.delete(table).where(table.c.account_id == sa.bindparam("account"), table.c.basis == basis, table.c.day == day),
            [{"account": id} for id in remove],
        )
    if write:
        connection.execute(sa.insert(score_history), write)
    statement = insert(connection, scored_day).values(
        day=day, basis=basis, scored_at=now, accounts=len(points) if total is None else total
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["day", "basis"],
            set_={"scored_at": statement.excluded.scored_at, "accounts": statement.excluded.accounts},
        )
    )
    return len({(row["account_id"], row["day"]) for row in write} | {(account, day) for account in remove})


def in_force(
    connection: sa.Connection, basis: Basis, *, before: date, among: sa.ColumnElement[bool] | None = None
) -> dict[int, sa.Row[Any]]:
    """Each account's latest history row of days before `before`. among: a condition on the rows' accounts."""
    table = score_history
    newest = (
        sa.select(table.c.account_id, sa.func.max(table.c.day).label("day"))
        .where(table.c.basis == basis, table.c.day < before, sa.true() if among is None else among)
        .group_by(table.c.account_id)
        .subquery()
    )
    query = sa.select(table).join(
        newest, sa.and_(table.c.account_id == newest.c.account_id, table.c.day == newest.c.day, table.c.basis == basis)
    )
    return {row.account_id: row for row in connection.execute(query)}


def _rows(connection: sa.Connection, basis: Basis, day: date, accounts: Sequence[int]) -> dict[int, sa.Row[Any]]:
    # By account, as the key is: an index by day would be a fifth of the history's size.
    table = score_history
    query = sa.select(table).where(table.c.basis == basis, table.c.day == day)
    return {row.account_id: row for among in _among(accounts) for row in connection.execute(query.where(among))}


def _among(accounts: Sequence[int] | None) -> list[sa.ColumnElement[bool]]:
    """Conditions on history rows that together let through those of some accounts, or of all."""
    return [sa.true()] if accounts is None else [score_history.c.account_id.in_(ids) for ids in chunked(accounts)]


def _moved(previous: sa.Row[Any] | None, point: HistoryPoint, threshold_centi: int) -> bool:
    if previous is None or any(getattr(previous, name) != getattr(point, name) for name in _DECISIVE):
        return True
    (score, raw, steady), (score_now, raw_now, steady_now) = _scores(previous), _scores(point)
    return max(abs(score - score_now), abs(raw - raw_now)) >= threshold_centi or (
        abs(steady - steady_now) >= (1 if point.exact else threshold_centi)
    )


def _scores(row: sa.Row[Any] | HistoryPoint) -> tuple[int, int, int]:
    """The published score, the raw one, and that without overrides."""
    published: int = row.score_centi
    return published, raw_centi(row), published if row.steady_centi is None else row.steady_centi


def raw_centi(row: sa.Row[Any] | HistoryPoint) -> int:
    """The score of a history row before steadiness and overrides, in hundredths."""
    centi: int = row.score_centi if row.raw_centi is None else row.raw_centi
    return centi


def _same(row: sa.Row[Any], point: HistoryPoint) -> bool:
    return all(getattr(row, name) == getattr(point, name) for name in _HISTORY)


def _values(said: sa.Row[Any]) -> dict[str, Any]:
    return {name: getattr(said, name) for name in _HISTORY}


def history_since(
    connection: sa.Connection, since: date, accounts: Sequence[int] | None = None
) -> dict[int, list[sa.Row[Any]]]:
    """The history rows of every account, or of some, from `since` on and the one in force before, oldest first.

    Live rows from the first day that was scored live, restated ones for the days before.
    """
    found: dict[int, list[sa.Row[Any]]] = {}
    for among in _among(accounts):
        found |= _series(connection, since, among)
    return found


def _series(connection: sa.Connection, since: date, wanted: sa.ColumnElement[bool]) -> dict[int, list[sa.Row[Any]]]:
    table = score_history
    first_live = connection.execute(sa.select(sa.func.min(scored_day.c.day)).where(scored_day.c.basis == LIVE)).scalar()
    rows: dict[int, list[sa.Row[Any]]] = {}
    bases: tuple[Basis, ...] = (RESTATED, LIVE)
    for basis in bases:
        query = sa.select(table).where(table.c.basis == basis, table.c.day >= since, wanted)
        if basis == RESTATED and first_live is not None:
            if first_live <= since:
                # Between the last restated row and the live one in force at `since` there may be others.
                continue
            query = query.where(table.c.day < first_live)
        earlier = in_force(connection, basis, before=since, among=wanted).values()
        for row in (*earlier, *connection.execute(query.order_by(table.c.day))):
            rows.setdefault(row.account_id, []).append(row)
    for series in rows.values():
        series.sort(key=lambda row: row.day)
    return rows


def current(connection: sa.Connection, account: int | Sequence[int] | None = None) -> dict[int, sa.Row[Any]]:
    """The current scores by account, of all, of one or of some, with the names of their `segment` and `model_version`.

    These may be of an earlier configuration, when nothing has been scored since it changed.
    """
    return _by_account(connection, _named(sa.select(score_current)), account)


def explained(connection: sa.Connection, account_id: int | None = None) -> dict[int, sa.Row[Any]]:
    """Like `current`, with the components, adjustments and matched segments."""
    detail = score_detail.c
    query = sa.select(score_current, detail.components, detail.adjustments, detail.matched, detail.steadiness)
    joined = query.join(score_detail, detail.account_id == score_current.c.account_id)
    return _by_account(connection, _named(joined), account_id)


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
    accounts = [account] if isinstance(account, int) else account
    wanted = score_current.c.account_id
    return {row.account_id: row for ids in chunked(accounts) for row in connection.execute(query.where(wanted.in_(ids)))}


def trends(connection: sa.Connection) -> dict[tuple[int, date], float | None]:
    """The trend of 28 days, by account and its day."""
    columns = score_current.c
    rows = connection.execute(sa.select(columns.account_id, columns.day, columns.trend_28d))
    return {(row.account_id, row.day): row.trend_28d for row in rows}


def write_current(connection: sa.Connection, rows: Sequence[Mapping[str, Any]], known: Mapping[int, sa.Row[Any]]) -> int:
    """Make these the current scores, given those `known`; returns how many changed. `scored_at` alone is no change."""
    hashed = [{**row, "content_hash": _content_hash(row)} for row in rows]
    changed = [row for row in hashed if _hash_of(known.get(row["account_id"])) != row["content_hash"]]
    gone = sorted(set(known) - {row["account_id"] for row in rows})
    for table in (score_detail, score_current):
        if gone:
            ids = [{"account": id} for id in gone]
            connection.execute(sa.delete(table).where(table.c.account_id == sa.bindparam("account")), ids)
        if changed:
            columns = [c.name for c in table.c]
            statement = insert(connection, table)
            connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["account_id"],
                    set_={name: statement.excluded[name] for name in columns if name != "account_id"},
                ),
                [{name: row[name] for name in columns} for row in changed],
            )
    return len(changed) + len(gone)


def _content_hash(row: Mapping[str, Any]) -> bytes:
    # Marshal's second version says the same of the same data, several times faster than JSON; days it does not know.
    content = [value.toordinal() if isinstance(value, date) else value for name, value in row.items() if name != "scored_at"]
    return blake2b(marshal.dumps(content, 2), digest_size=16).digest()


def _hash_of(row: sa.Row[Any] | None) -> bytes | None:
    return None if row is None else bytes(row.content_hash)


Place = tuple[int, str, str]
"""Where accounts are counted in a portfolio: segment id, owner ('' where there is none), band."""


def portfolio(connection: sa.Connection, day: date, basis: Basis) -> dict[Place, tuple[int, int]]:
    """The portfolio of a day: accounts and yearly revenue by place."""
    table = portfolio_daily
    rows = connection.execute(sa.select(table).where(table.c.day == day, table.c.basis == basis))
    return {(row.segment_id, row.owner, row.band): (row.accounts, row.arr) for row in rows}


def write_portfolio(connection: sa.Connection, day: date, basis: Basis, wanted: Mapping[Place, tuple[int, int]]) -> None:
    """Make this the portfolio of a day; places without an account are left out."""
    table = portfolio_daily
    connection.execute(sa.delete(table).where(table.c.day == day, table.c.basis == basis))
    rows = [
        {"day": day, "basis": basis, "segment_id": s, "owner": owner, "band": band, "accounts": n, "arr": arr}
        for (s, owner, band), (n, arr) in sorted(wanted.items())
        if n
    ]
    if rows:
        connection.execute(sa.insert(table), rows)
