"""How an object is read: page by page in the order of its stamps, or by a bulk job when there is much of it at first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from accountpulse.connectors.salesforce.bulk import BulkRead
from accountpulse.connectors.salesforce.client import SalesforceClient
from accountpulse.connectors.salesforce.config import SalesforceConfig
from accountpulse.connectors.salesforce.faults import must_exist
from accountpulse.connectors.salesforce.spans import BulkPlace, Span, literal, soql, spans_of, within
from accountpulse.connectors.salesforce.values import Row, record_id
from accountpulse.plugins import (
    Checkpoint,
    Context,
    Deleted,
    InvalidRecord,
    Item,
    PermissionMissing,
    Record,
    Window,
)

IDS_PER_QUERY = 300  # the query travels in a URL, which Salesforce limits to 16 KB
# The Bulk API knows no compound fields, and no field of ours is one.
_COMPOUND = frozenset({"address", "location", "base64", "complexvalue"})


@dataclass(frozen=True, slots=True)
class Reading:
    """One stream's reading.

    sobject, kind: the object, and the records it becomes. needed: the columns without which rows can't be told. wanted: the
    others. record: the mapping of a row (None: not a record of ours). joined: adds to the rows of a page what other objects say
    of them. again: conditions of rows that have to be read once more, because something they depend on changed in a span.
    stamp: the column that dates changes. only: a condition for all rows. bulk: whether the Bulk API can read the object.
    """

    sobject: str
    kind: type[Record]
    needed: tuple[str, ...]
    wanted: tuple[str, ...]
    record: Callable[[Row], Record | None]
    joined: Callable[[Sequence[dict[str, object]]], None] | None = None
    again: Callable[[Span], Iterable[str]] | None = None
    stamp: str = "SystemModstamp"
    only: str = ""
    bulk: bool = True


class Reader:
    """Reads objects of one organisation."""

    def __init__(self, client: SalesforceClient, config: SalesforceConfig, context: Context) -> None:
        self._client = client
        self._config = config
        self._context = context

    def changes(self, reading: Reading, window: Window) -> Iterator[Item]:
        """What a stream yields for a window."""
        spans = spans_of(window)
        if not spans:
            return
        # Field-level security hides columns silently, and a query that names a hidden one fails: ask anew in every run.
        visible = self._client.fields(reading.sobject)
        must_exist(reading.sobject, self._config.asked_for().get(reading.sobject, {}), visible)
        for name in reading.needed:
            if name not in visible:  # without it, every row would look as if it were no record of ours
                advice = "give the integration user read access to the field (Setup > Object Manager > field-level security)"
                raise PermissionMissing(f"read {reading.sobject}.{name}", advice)
        types = {name: kind for name, kind in visible.items() if kind not in _COMPOUND}
        hidden = set(reading.wanted) - types.keys()
        if hidden:
            self._context.log.info("%s: absent or not visible to us: %s", reading.sobject, ", ".join(sorted(hidden)))
        always = ("Id", reading.stamp, "IsDeleted", *reading.needed)
        columns = list(dict.fromkeys((*always, *(name for name in reading.wanted if name not in hidden))))
        for span in spans:
            if span.since is None and not span.begun and self._worth_a_job(reading):
                span = replace(span, bulk=BulkPlace())
            done = False
            if span.bulk is not None:
                query = self._query(reading, columns, span, order=False)
                take = partial(self._items, reading)
                done = yield from BulkRead(self._client, self._context, reading.sobject, query, types).read(span, take)
            if not done:
                yield from self._span(reading, columns, replace(span, bulk=None))

    def related(self, sobject: str, columns: Sequence[str], condition: str) -> Iterator[Row]:
        """Rows of another object, deleted ones included. The caller must have seen that they can be read."""
        for page in self._client.pages(sobject, soql(sobject, columns, condition)):
            yield from page

    def readable(self, sobject: str, needed: Sequence[str], wanted: Sequence[str] = ()) -> list[str] | None:
        """The columns of another object that can be read; None, and a warning, when one that is needed can't."""
        try:
            visible = self._client.fields(sobject)
        except PermissionMissing:
            visible = {}
        lacking = [name for name in needed if name not in visible]
        if lacking:
            self._context.log.warning("the integration user can't read %s: what it would tell stays unknown", sobject)
            return None
        return [*needed, *(name for name in wanted if name in visible)]

    # -- row by row -------------------------------------------------------------------------------------------------------

    def _span(self, reading: Reading, columns: list[str], span: Span) -> Iterator[Item]:
        for page in self._client.pages(reading.sobject, self._query(reading, columns, span, order=True)):
            yield from self._items(reading, page)
            last = page[-1] if page else {}
            # Without its time a row tells no place to go on from; the next page's does.
            if last.get(reading.stamp) and last.get("Id"):
                yield Checkpoint(span.at(datetime.fromisoformat(str(last[reading.stamp])), str(last["Id"])).cursor)
        if reading.again is not None and span.since is not None:
            for condition in reading.again(span):
                query = soql(reading.sobject, columns, _and(condition, reading.only))
                for page in self._client.pages(reading.sobject, query):
                    yield from self._items(reading, page)
        yield Checkpoint({"until": literal(span.until)})

    def _query(self, reading: Reading, columns: list[str], span: Span, *, order: bool) -> str:
        condition = _and(within(span, reading.stamp), reading.only)
        return soql(reading.sobject, columns, condition, order=reading.stamp if order else None)

    def _items(self, reading: Reading, page: list[dict[str, object]]) -> Iterator[Item]:
        self._context.stop_if_cancelled()
        if reading.joined is not None:
            reading.joined([row for row in page if not row.get("IsDeleted")])
        outside = 0
        for row in page:
            try:
                found = None if row["IsDeleted"] else reading.record(row)
                if found is not None:
                    yield found
                    continue
                # Deleted, or no record any more (a contact that lost its account): either way what we had is outdated.
                outside += not row["IsDeleted"]
                yield Deleted(reading.kind, record_id(row))
            except InvalidRecord as unreadable:
                yield unreadable
        if outside:
            self._context.log.debug("%s: %d rows are no records of ours", reading.sobject, outside)

    def _worth_a_job(self, reading: Reading) -> bool:
        limit = self._config.bulk_above
        return reading.bulk and limit is not None and self._client.count(reading.sobject) > limit


def _and(*conditions: str) -> str:
    return " AND ".join(each for each in conditions if each)
