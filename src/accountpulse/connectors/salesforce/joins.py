"""What other objects say of the rows of a page, fetched by id: owners' names, products, lines, contracts, deals.

Never by a relationship in the query (`Owner.Name`): a hidden object would fail all of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from accountpulse.connectors.salesforce.contracts import renewal_day
from accountpulse.connectors.salesforce.reading import IDS_PER_QUERY, Reader
from accountpulse.connectors.salesforce.spans import Span, one_of, within
from accountpulse.connectors.salesforce.values import Row, long_id, record_id, reference

MOST_KNOWN = 500  # rows of an object in memory, besides those of a page

JoinedRow = dict[str, Any]


class Names:
    """Rows of an object by id, each fetched once: the users or the products that the rows of a page name.

    columns: those that may be hidden.
    """

    def __init__(self, reader: Reader, sobject: str, columns: Sequence[str]) -> None:
        self._reader = reader
        self._sobject = sobject
        self._asked = tuple(columns)
        self._columns: list[str] | None = None
        self._looked = False
        self._known: dict[str, Row] = {}

    def get(self, id: object) -> Row | None:
        """What was learnt of an id."""
        found = reference(id)
        return self._known.get(found) if found is not None else None

    def learn(self, rows: Iterable[Row], field: str) -> None:
        """Fetch what these rows name in a field and nobody has met yet."""
        if len(self._known) > MOST_KNOWN:
            self._known.clear()
        named = {long_id(str(row[field])) for row in rows if row.get(field)}
        for ids in _chunks(named - self._known.keys()):
            self._fetch(one_of("Id", ids))

    def changed(self, span: Span, stamp: str = "LastModifiedDate") -> list[str]:
        """The ids of what changed in a span, learnt anew. By the default stamp, what a person changed: a log-in is none."""
        return self._fetch(within(replace(span, after=None), stamp))

    def _fetch(self, condition: str) -> list[str]:
        if not self._looked:
            self._columns, self._looked = self._reader.readable(self._sobject, ("Id",), self._asked), True
        if self._columns is None:
            return []
        found = {record_id(row): row for row in self._reader.related(self._sobject, self._columns, condition)}
        self._known |= found
        return sorted(found)


class Parts:
    """The rows of an object that belong to those of a page: the lines of deals, the contracts of accounts.

    owner: the reference to what they belong to. Columns that may be hidden are asked for once, when first needed.
    """

    def __init__(self, reader: Reader, sobject: str, owner: str, needed: Sequence[str], wanted: Sequence[str] = ()) -> None:
        self._reader = reader
        self._sobject = sobject
        self._owner = owner
        self._asked = (("Id", "IsDeleted", owner, *needed), tuple(wanted))
        self._columns: list[str] | None = None
        self._looked = False

    @property
    def readable(self) -> bool:
        """Whether the object can be read at all."""
        if not self._looked:
            self._columns, self._looked = self._reader.readable(self._sobject, *self._asked), True
        return self._columns is not None

    def of(self, rows: Sequence[Row]) -> dict[str, list[JoinedRow]]:
        """The parts of these rows, by the id of what they belong to; deleted ones are left out."""
        found: dict[str, list[JoinedRow]] = {}
        for ids in _chunks({record_id(row) for row in rows if row.get("Id")}) if self.readable else ():
            for part in self._reader.related(self._sobject, self._columns or (), one_of(self._owner, ids)):
                belongs = reference(part.get(self._owner))
                if belongs is not None and part.get("IsDeleted") is not True:
                    found.setdefault(belongs, []).append(dict(part))
        return found

    def owners_changed(self, span: Span) -> list[str]:
        """What the parts that changed in a span belong to, deleted parts included."""
        if not self.readable:
            return []
        changed = self._reader.related(self._sobject, ("Id", self._owner), within(replace(span, after=None), "SystemModstamp"))
        return sorted({found for row in changed if (found := reference(row.get(self._owner))) is not None})


def join_renewals(contracts: Parts, rows: Sequence[JoinedRow], column: str) -> None:
    """Add to accounts the last day of their running contracts."""
    found = contracts.of(rows)
    for row in rows:
        row[column] = renewal_day(found.get(record_id(row), ()))


def conditions(field: str, ids: Iterable[str]) -> Iterator[str]:
    """SOQL conditions that together name every id."""
    for chunk in _chunks(ids):
        yield one_of(field, chunk)


def _chunks(ids: Iterable[str]) -> Iterator[list[str]]:
    every = sorted(set(ids))
    for start in range(0, len(every), IDS_PER_QUERY):
        yield every[start : start + IDS_PER_QUERY]
