"""Reads accounts as people ask for them: one, several, or a page of those that a condition selects, each with its score.

The score's columns come in the same statement (one join by primary key), and so does what explains it, where that is asked for:
it is ten times larger.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from accountpulse.core.store.chunks import chunked
from accountpulse.core.store.facts import FACTS
from accountpulse.core.store.metric_frames import KEPT
from accountpulse.core.store.paging import Order, Page, PageRequest, fetch, fetch_ordered, ordered
from accountpulse.core.store.scope import RowScope
from accountpulse.core.store.selection import Condition, Test, clause
from accountpulse.core.store.tables import (
    account_profile,
    link,
    score_current,
    score_detail,
    scoring_model,
    segment,
    source_account,
    unlinked,
)
from accountpulse.core.store.tables import connection as connection_table
from accountpulse.core.store.types import Words

_a, _s = account_profile.c, score_current.c

# What a condition or an order may name.
COLUMNS: dict[str, sa.ColumnElement[Any]] = {
    "name": _a.name,
    "domain": _a.domain,
    "owner": _a.owner,
    "plan": _a.plan,
    "industry": _a.industry,
    "region": _a.region,
    "employees": _a.employees,
    "lifecycle_stage": _a.lifecycle_stage,
    "customer_since": _a.customer_since,
    "renewal_at": _a.renewal_at,
    "churned_at": _a.churned_at,
    "mrr": _a.mrr,
    "segment": segment.c.name,
    "score": _s.score,
    "band": _s.band,
    "band_since": _s.band_since,
    "coverage": _s.coverage,
    "trend_28d": _s.trend_28d,
    "trend_90d": _s.trend_90d,
    "id": _a.account_id,
}

_SHOWN: dict[str, sa.ColumnElement[Any]] = {
    column.key: column
    for column in (
        _a.account_id,
        _a.name,
        _a.domain,
        _a.owner,
        _a.plan,
        _a.industry,
        _a.region,
        _a.employees,
        _a.lifecycle_stage,
        _a.parent_account_id,
        _a.customer_since,
        _a.renewal_at,
        _a.churned_at,
        _a.mrr,
        _a.custom,
        _a.origins,
        _s.day,
        _s.score,
        _s.reference,
        _s.band,
        _s.band_since,
        _s.raw_score,
        _s.raw_band,
        _s.coverage,
        _s.low,
        _s.high,
        _s.trend_28d,
        _s.trend_90d,
        _s.scored_at,
        _s.segment_id,
        _s.model_id,
        segment.c.name.label("segment"),
        scoring_model.c.name.label("model_name"),
        scoring_model.c.version.label("model_version"),
    )
}
ALL = frozenset(_SHOWN)
"""What can be asked for of an account: its profile, and its score."""
EXPLAINED: dict[str, sa.ColumnElement[Any]] = {
    **{c.key: c for c in score_detail.c if c.key not in ("account_id", *KEPT)},
    "told": sa.type_coerce(score_detail.c.told, Words).label("told"),
}
"""What else can be asked for: what explains the score, see `core/scoring/stored.py`."""
_COLUMNS = {**_SHOWN, **EXPLAINED}
# The plain join is enough for counting and selecting; the model's name is only shown.
_SELECTABLE = account_profile.outerjoin(score_current, _s.account_id == _a.account_id).outerjoin(
    segment, segment.c.id == _s.segment_id
)
_OF_MODEL = frozenset({"model_name", "model_version"})


@lru_cache(maxsize=256)
def _rows(names: frozenset[str], scope: RowScope) -> sa.Select[Any]:
    """A query for some of the columns, the account's id among them, of the accounts in a scope. A parent outside it is none."""
    chosen = {name: column for name, column in _COLUMNS.items() if name in names or name == "account_id"}
    if "parent_account_id" in chosen and not scope.everything:
        parent = _a.parent_account_id
        chosen["parent_account_id"] = sa.case((scope.holds(parent), parent)).label(parent.key)
    columns = chosen.values()
    rows = _SELECTABLE
    if names & _OF_MODEL:
        rows = rows.outerjoin(scoring_model, scoring_model.c.id == _s.model_id)
    if names & EXPLAINED.keys():
        rows = rows.outerjoin(score_detail, score_detail.c.account_id == _a.account_id)
    return scope.limit(sa.select(*columns).select_from(rows), _a.account_id)


def page(
    connection: sa.Connection,
    condition: Condition | None,
    orders: Sequence[tuple[str, bool]],
    request: PageRequest,
    names: frozenset[str] = ALL,
    *,
    scope: RowScope,
) -> Page:
    """One page. orders: (a name of COLUMNS, descending); the id is added as the tie-break. names: the columns wanted."""
    simple = condition is None or (isinstance(condition, Test) and not isinstance(condition.value, list))
    if simple and request.after is None and request.before is None:
        statement = _first_page(names, condition, tuple(orders), request.backward, scope)
        return fetch_ordered(connection, statement, len(orders) + 1, request)
    return fetch(connection, _selected(names, condition, scope), _ordering(orders), request)


@lru_cache(maxsize=256)
def _first_page(
    names: frozenset[str],
    condition: Condition | None,
    orders: tuple[tuple[str, bool], ...],
    backward: bool,
    scope: RowScope,
) -> sa.Select[Any]:
    # What is asked every day, such as somebody's own accounts, is built once, so that SQLAlchemy finds it compiled: both took
    # as long as reading a short page.
    return ordered(_selected(names, condition, scope), _ordering(orders), backward=backward)


def _selected(names: frozenset[str], condition: Condition | None, scope: RowScope) -> sa.Select[Any]:
    query = _rows(names, scope)
    return query if condition is None else query.where(clause(condition, COLUMNS))


def _ordering(orders: Sequence[tuple[str, bool]]) -> list[Order]:
    return [Order(COLUMNS[name], descending) for name, descending in orders] + [Order(_a.account_id)]


def count(connection: sa.Connection, condition: Condition | None, *, scope: RowScope) -> int:
    """How many accounts a condition selects."""
    query = scope.limit(sa.select(sa.func.count()).select_from(_SELECTABLE), _a.account_id)
    return int(connection.execute(query if condition is None else query.where(clause(condition, COLUMNS))).scalar_one())


def by_ids(
    connection: sa.Connection, ids: Sequence[int], names: frozenset[str] = ALL, *, scope: RowScope
) -> dict[int, sa.Row[Any]]:
    """Accounts by id, with the columns wanted; those that do not exist are missing."""
    found: dict[int, sa.Row[Any]] = {}
    for chunk in chunked(ids):
        query = _rows(names, scope).where(_a.account_id.in_(chunk))
        found.update({row.account_id: row for row in connection.execute(query)})
    return found


def ids_named(connection: sa.Connection, field: str, value: str, limit: int = 2, *, scope: RowScope) -> list[int]:
    """The ids of accounts with this very name or domain, ignoring case; at most `limit`."""
    # Both sides by the database: SQLite lowers A to Z only, where Python would lower more and never find it.
    query = sa.select(_a.account_id).where(sa.func.lower(COLUMNS[field]) == sa.func.lower(value))
    query = scope.limit(query, _a.account_id)
    return list(connection.execute(query.order_by(_a.account_id).limit(limit)).scalars())


def id_of_source(connection: sa.Connection, connection_name: str, key: str, *, scope: RowScope) -> int | None:
    """The account that a source's key is linked to now; None where it is unknown or unlinked."""
    query = (
        sa.select(link.c.account_id)
        .join(source_account, source_account.c.id == link.c.source_account_id)
        .join(connection_table, connection_table.c.id == source_account.c.connection_id)
        .where(connection_table.c.name == connection_name, source_account.c.key == key, link.c.known_to.is_(None))
    )
    return connection.execute(scope.limit(query, link.c.account_id)).scalar_one_or_none()


def links_of(connection: sa.Connection, account_ids: Sequence[int], *, scope: RowScope) -> dict[int, list[sa.Row[Any]]]:
    """The source accounts linked to each account now, in the order in which the connections are believed."""
    found: dict[int, list[sa.Row[Any]]] = {}
    for chunk in chunked(account_ids):
        query = (
            sa.select(
                link.c.account_id,
                link.c.method,
                link.c.evidence,
                link.c.known_from,
                source_account.c.id.label("source_account_id"),
                source_account.c.key,
                source_account.c.connection_id,
                connection_table.c.name.label("connection"),
            )
            .join(source_account, source_account.c.id == link.c.source_account_id)
            .join(connection_table, connection_table.c.id == source_account.c.connection_id)
            .where(link.c.account_id.in_(chunk), link.c.known_to.is_(None))
            .order_by(connection_table.c.priority, connection_table.c.name, source_account.c.key)
        )
        rows: sa.CursorResult[Any] = connection.execute(scope.limit(query, link.c.account_id))
        for row in rows:
            found.setdefault(row.account_id, []).append(row)
    return found


_FACT = FACTS["account"].c
_UNLINKED = (
    sa.select(
        unlinked.c.source_account_id,
        unlinked.c.reason,
        unlinked.c.candidates,
        source_account.c.key,
        source_account.c.connection_id,
        source_account.c.first_known_at,
        _FACT.name,
        _FACT.domains,
        connection_table.c.name.label("connection"),
    )
    .join(source_account, source_account.c.id == unlinked.c.source_account_id)
    .join(connection_table, connection_table.c.id == source_account.c.connection_id)
    # The account's own record: its source id is the key, so that at most one row joins.
    .outerjoin(
        FACTS["account"],
        sa.and_(
            _FACT.connection_id == source_account.c.connection_id,
            _FACT.source_id == source_account.c.key,
            _FACT.known_to.is_(None),
        ),
    )
)


def unlinked_page(
    connection: sa.Connection, request: PageRequest, connection_name: str | None = None, *, scope: RowScope
) -> Page:
    """Source accounts that no rule could place, in the order in which they became known; none in a limited scope."""
    return fetch(connection, _restricted(connection_name, scope), [Order(unlinked.c.source_account_id)], request)


def unlinked_count(connection: sa.Connection, connection_name: str | None = None, *, scope: RowScope) -> int:
    """How many source accounts no rule could place."""
    restricted = _restricted(connection_name, scope).subquery()
    return int(connection.execute(sa.select(sa.func.count()).select_from(restricted)).scalar_one())


def unlinked_by_ids(connection: sa.Connection, ids: Sequence[int], *, scope: RowScope) -> Mapping[int, sa.Row[Any]]:
    """Unlinked source accounts by id; those that do not exist, or are linked, are missing."""
    found: dict[int, sa.Row[Any]] = {}
    for chunk in chunked(ids):
        query = _restricted(None, scope).where(unlinked.c.source_account_id.in_(chunk))
        found.update({row.source_account_id: row for row in connection.execute(query)})
    return found


def _restricted(connection_name: str | None, scope: RowScope) -> sa.Select[Any]:
    # Whose it is has not been found out: it may be anybody's, and so is for those only who may see everybody's.
    query = _UNLINKED if scope.everything else _UNLINKED.where(sa.false())
    return query if connection_name is None else query.where(connection_table.c.name == connection_name)
