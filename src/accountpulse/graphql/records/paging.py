"""Pages of an account's records."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import TypeVar

from accountpulse.core.model import Kind, schemas
from accountpulse.core.store.paging import Page, PageRequest
from accountpulse.core.store.records import event_of
from accountpulse.graphql.context import Context
from accountpulse.graphql.errors import BadInput
from accountpulse.graphql.records.loaders import RecordPageRequest, RecordRequest
from accountpulse.graphql.records.types import RECORDS, SourceRecord
from accountpulse.graphql.relay import Connection, Cursors, connection_of, page_check, page_request

R = TypeVar("R", bound=SourceRecord)


def _cursors(record: str) -> Cursors:
    event = schemas()[record].field(event_of(record))
    return Cursors(record, [date if event.kind is Kind.DAY else datetime, int, str])


_CURSORS = {record: _cursors(record) for record in RECORDS}
_NAMES = {kind: record for record, kind in RECORDS.items()}


def check_of(kind: type[SourceRecord]) -> Callable[..., PageRequest]:
    """What checks the arguments of a page of records of one type."""
    return page_check(_CURSORS[_NAMES[kind]])


def check_any(of: str | None = None, first: int | None = None, after: str | None = None) -> None:
    """Raises BadInput for what asks for no page of records, of `of` or else of any type."""
    orders = [_CURSORS[of]] if of in _CURSORS else list(_CURSORS.values())
    problems = []
    for cursors in orders:
        try:
            page_request(cursors, first=first, after=after, last=None, before=None)
        except BadInput as problem:
            problems.append(problem)
    if len(problems) == len(orders):
        raise problems[0]


async def page_of(context: Context, kind: type[R], account_id: int, first: int | None, after: str | None) -> Connection[R]:
    """A page of an account's records of one type."""
    return await _page(context, kind, account_id, RecordRequest(_NAMES[kind]), first, after)


async def page_behind(
    context: Context, record: str, account_id: int, metric: str, day: date, first: int | None, after: str | None
) -> Connection[SourceRecord]:
    """A page of the records of one type that a metric reads as of a day."""
    return await _page(context, RECORDS[record], account_id, RecordRequest(record, (metric, day)), first, after)


async def _page(
    context: Context, kind: type[R], account_id: int, wanted: RecordRequest, first: int | None, after: str | None
) -> Connection[R]:
    cursors = _CURSORS[wanted.record]
    request = page_request(cursors, first=first, after=after, last=None, before=None)
    key = None if request.after is None else tuple(request.after)
    found = await context.loaders.records.load((account_id, RecordPageRequest(wanted, request.limit, key)))
    event = event_of(wanted.record)
    keys = [(getattr(row, event), row.connection_id, row.source_id) for row in found.rows]

    async def count() -> int:
        return await context.loaders.record_counts.load((account_id, wanted))

    return connection_of([kind(row=row) for row in found.rows], Page(found.rows, keys, found.more), request, cursors, count)


def no_records() -> Connection[SourceRecord]:
    """The page of what has none."""
    request = PageRequest(limit=1)

    async def none() -> int:
        return 0

    return connection_of([], Page([], [], False), request, Cursors("none", []), none)
