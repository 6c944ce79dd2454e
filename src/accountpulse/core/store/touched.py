"""Which accounts may have changed: those whose facts or links were written, and those of whom a row passes a boundary.

A source account is marked where its facts are written (`writes.py`) and where it is linked (`identity/linker.py`): when, which
record types, and from which day on values may differ. A scoring run reads the marks before it reads facts, and takes away
those that are still the ones it read. Marks of source accounts that linking has not come to stay: by them linking finds these.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from accountpulse.core.model import schemas
from accountpulse.core.store.chunks import chunked, given, one_of
from accountpulse.core.store.facts import FACTS
from accountpulse.core.store.tables import account, link, mark, source_account, unlinked
from accountpulse.core.store.types import EPOCH_DAY
from accountpulse.core.store.upsert import insert

EVERYTHING = -1
"""Every record type, as bits."""


def record_bit(record: str) -> int:
    """The bit of a record type."""
    return 1 << list(schemas()).index(record)


class Touch(NamedTuple):
    """A source account's mark. records: bits of record types. since: the first day whose values may differ."""

    at: datetime
    records: int
    since: date


class Marks(dict[int, date]):
    """Source accounts to mark, each with the first day whose values may differ."""

    def add(self, source_account: int, since: date) -> None:
        self[source_account] = min(since, self.get(source_account, since))


def touch(connection: sa.Connection, marks: Mapping[int, date], now: datetime, *, records: int = EVERYTHING) -> None:
    """Mark source accounts whose facts or links changed, so that only their accounts need scoring again.

    marks: for each the first day whose values may differ. What an earlier mark said holds on. Every mark differs from the one
    before, even within a microsecond, so that a run which read that one does not take this one away.
    """
    if not marks:
        return
    c = mark.c
    # In one order, so that two writers wait for each other, and never both.
    marked = given(connection, {"account": c.source_account_id.type, "since": c.since.type}, sorted(marks.items()))
    rows = sa.select(marked.c.account, sa.literal(now, c.at.type), sa.literal(records), marked.c.since)
    statement = insert(connection, mark).from_select(list(c.keys()), rows.where(sa.true()).order_by(marked.c.account))
    new = statement.excluded
    later = "mark.at + interval '1 microsecond'" if connection.dialect.name == "postgresql" else "mark.at + 1"
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[c.source_account_id],
            set_={
                "at": sa.case((c.at >= new.at, sa.literal_column(later)), else_=new.at),
                "records": c.records.bitwise_or(new.records),
                "since": sa.case((c.since < new.since, c.since), else_=new.since),
            },
        )
    )


def touch_wholly(connection: sa.Connection, source_accounts: Iterable[int], now: datetime) -> None:
    """Mark source accounts of whom anything may differ, on any day: their links changed."""
    touch(connection, dict.fromkeys(source_accounts, EPOCH_DAY), now)


def touched(connection: sa.Connection) -> dict[int, Touch]:
    """The marks, by source account."""
    return {id: Touch(at, records, since) for id, at, records, since in connection.execute(sa.select(mark)).all()}


_PLACED = sa.or_(
    sa.exists().where(link.c.source_account_id == mark.c.source_account_id, link.c.known_to.is_(None)),
    sa.exists().where(unlinked.c.source_account_id == mark.c.source_account_id),
)
"""Whether linking has said where the source account of a mark belongs, or that nobody knows."""


def unplaced(connection: sa.Connection) -> dict[int, int]:
    """The marked source accounts that linking has not come to yet, and the connection of each: they are new."""
    id = mark.c.source_account_id
    # A query within for each, as a join might read all source accounts instead of the marks.
    whose = sa.select(source_account.c.connection_id).where(source_account.c.id == id).scalar_subquery()
    return dict(connection.execute(sa.select(id, whose).where(sa.not_(_PLACED))).all())


def may_move(connection: sa.Connection, records: int) -> set[int]:
    """The marked source accounts that are new, or of which one of some record types was written. records: as bits."""
    query = sa.select(mark.c.source_account_id).where((mark.c.records.bitwise_and(records) != 0) | sa.not_(_PLACED))
    return set(connection.execute(query).scalars())


def how_many_touched(connection: sa.Connection) -> int:
    """The number of marks."""
    return int(connection.execute(sa.select(sa.func.count()).select_from(mark)).scalar_one())


def settle(connection: sa.Connection, marks: Mapping[int, Touch]) -> None:
    """Take marks away, but for those that have been set again since they were read."""
    if marks:
        c = mark.c
        # Locked in the order in which they are set, which a deletion does not promise, and none but those are deleted.
        rows = sa.select(c.source_account_id, c.at).where(one_of(c.source_account_id, sorted(marks)))
        found = connection.execute(rows.order_by(c.source_account_id).with_for_update()).all()
        same = [id for id, at in found if marks[id].at == at]
        connection.execute(sa.delete(mark).where(one_of(c.source_account_id, same)))


def accounts_ever(connection: sa.Connection, source_accounts: Sequence[int]) -> list[tuple[int, int]]:
    """(source account, account) for each account that a source account belongs to or ever belonged to, some of them twice."""
    query = sa.select(link.c.source_account_id, link.c.account_id)
    return list(connection.execute(query.where(one_of(link.c.source_account_id, source_accounts))).all())


def named_as_parent(connection: sa.Connection, source_accounts: Sequence[int]) -> set[int]:
    """The source accounts whose record names one of these as its parent: whose parent is theirs to know only by links."""
    fact = FACTS["account"]
    query = (
        sa.select(fact.c.source_account_id)
        .join(
            source_account,
            sa.and_(source_account.c.connection_id == fact.c.connection_id, source_account.c.key == fact.c.parent),
        )
        .where(fact.c.parent.is_not(None))
    )
    return {
        id for ids in chunked(source_accounts) for id in connection.execute(query.where(source_account.c.id.in_(ids))).scalars()
    }


# --- what passes a boundary when days pass --------------------------------------------------------------------------------


def crossing(
    connection: sa.Connection, record: str, column: str, begin: date | datetime, end: date | datetime, *, versions: bool
) -> list[int]:
    """The source accounts with a current fact whose `column` lies in `[begin, end)`.

    versions: where any version of the fact does, as what an undated column said at T is of the version valid then.
    """
    return list(connection.execute(_crossing(record, column, versions), {"begin": begin, "end": end}).scalars())


@cache
def _crossing(record: str, column: str, versions: bool) -> sa.Select[Any]:
    """The query of `crossing`: the same day after day, and dear to put together."""
    fact = FACTS[record]
    begin, end = (sa.bindparam(name, type_=fact.c[column].type) for name in ("begin", "end"))
    if versions:
        then = fact.alias("then")
        query = sa.select(fact.c.source_account_id).join(
            then, sa.and_(then.c.connection_id == fact.c.connection_id, then.c.source_id == fact.c.source_id)
        )
        at = then.c[column]
        return query.where(fact.c.known_to.is_(None), at >= begin, at < end).distinct()
    at = fact.c[column]
    if [c.name for c in _by_account(fact).columns][-1] == column:
        # One look into the index for each source account, instead of reading all there ever was.
        passes = sa.exists().where(
            fact.c.source_account_id == source_account.c.id, at >= begin, at < end, fact.c.known_to.is_(None)
        )
        return sa.select(source_account.c.id).where(passes)
    return sa.select(fact.c.source_account_id).where(fact.c.known_to.is_(None), at >= begin, at < end).distinct()


def _by_account(fact: sa.Table) -> sa.Index:
    return next(index for index in fact.indexes if index.name == f"ix_{fact.name}_account")


def founded_between(connection: sa.Connection, begin: datetime, end: datetime) -> list[int]:
    """The accounts that we came to know in `[begin, end)`."""
    a = account.c
    return list(connection.execute(sa.select(a.id).where(a.created_at >= begin, a.created_at < end)).scalars())


def any_usage(connection: sa.Connection, features: Sequence[str], begin: date, end: date) -> set[str]:
    """Which of some features a linked source account used in `[begin, end)`."""
    fact = FACTS["usage_day"].c
    rows = sa.select(sa.literal(1)).where(
        fact.known_to.is_(None),
        fact.day >= begin,
        fact.day < end,
        link.c.source_account_id == fact.source_account_id,
        link.c.known_to.is_(None),
    )
    return {f for f in features if connection.execute(rows.where(fact.feature == f).limit(1)).first() is not None}


def features_used(
    connection: sa.Connection, source_accounts: Sequence[int], begin: date, end: date
) -> tuple[set[str], set[str]]:
    """The features of source accounts in `[begin, end)`: those they use as far as is known now, and all they ever had there."""
    fact = FACTS["usage_day"].c
    now: set[str] = set()
    ever: set[str] = set()
    in_use = sa.and_(fact.known_to.is_(None), link.c.id.is_not(None))
    query = (
        sa.select(fact.feature, sa.func.max(sa.case((in_use, 1), else_=0)))
        .outerjoin(link, sa.and_(link.c.source_account_id == fact.source_account_id, link.c.known_to.is_(None)))
        .where(fact.day >= begin, fact.day < end)
        .group_by(fact.feature)
    )
    for ids in chunked(source_accounts):
        for feature, used in connection.execute(query.where(fact.source_account_id.in_(ids))):
            ever.add(feature)
            if used:
                now.add(feature)
    return now, ever
