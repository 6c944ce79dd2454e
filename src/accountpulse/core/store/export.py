"""What can be taken out of the store as tables, typed the same on both databases: the views, and the tables behind them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from accountpulse.core.errors import NotFound
from accountpulse.core.model import Kind, schemas
from accountpulse.core.store.facts import FACTS
from accountpulse.core.store.mirror import kind_of
from accountpulse.core.store.people_tables import account_note, account_target, score_override
from accountpulse.core.store.tables import account, connection, link, portfolio_daily, quarantine, segment, source_account
from accountpulse.core.store.views import VIEWS

BATCH = 10_000
_TABLES = (account, source_account, link, segment, portfolio_daily, score_override, account_target, account_note, quarantine)
# Of a connection only what the others refer to: what a vendor said about the login is nobody's data.
_CONNECTION = ("id", "name", "connector", "priority", "anchor")

Row = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Dataset:
    """A table that can be exported. columns: the kind of each, in order. query: what reads it."""

    name: str
    columns: Mapping[str, Kind]
    query: sa.Select[Any]

    def rows(self, connection: sa.Connection) -> Iterator[Sequence[Row]]:
        """Its rows in batches: days and instants are `date` and aware `datetime`, JSON is data."""
        # A view's columns have no type of ours: SQLite gives texts, and PostgreSQL's JSON is one there, too.
        texts = {Kind.JSON} if connection.dialect.name == "postgresql" else set(_READERS)
        kinds = [(i, kind) for i, kind in enumerate(self.columns.values()) if self.name in VIEWS and kind in texts]
        readers = [(i, _READERS[kind]) for i, kind in kinds]
        result = connection.execute(self.query, execution_options={"stream_results": True, "yield_per": BATCH})
        for batch in result.partitions():
            if not readers:
                yield batch
                continue
            rows = [list(row) for row in batch]
            for row in rows:
                for i, read in readers:
                    row[i] = None if row[i] is None else read(row[i])
            yield rows


def datasets() -> Mapping[str, Dataset]:
    """Everything that can be exported, by name. No secret and no token is among it."""
    found = {name: _view(name, columns) for name, columns in VIEWS.items()}
    for record, schema in schemas().items():
        fields = {field.name: field.kind for field in schema.fields}
        table = FACTS[record]
        found[f"fact_{record}"] = _table(table, [c.name for c in table.columns if c.name != "hash"], fields)
    found["connection"] = _table(connection, _CONNECTION)
    for table in _TABLES:
        found[table.name] = _table(table, [c.name for c in table.columns])
    return found


def dataset(name: str) -> Dataset:
    """One of them. Raises NotFound, naming what there is."""
    found = datasets()
    if name not in found:
        raise NotFound(f"there is nothing called {name!r} to export; there are: {', '.join(found)}")
    return found[name]


def _view(name: str, columns: Mapping[str, Kind]) -> Dataset:
    view = sa.table(name, *(sa.column(each) for each in columns))
    order = [view.c[each] for each in ("account_id", "day", "metric") if each in columns]
    if name == "account_current":
        order = [view.c.account_id]
    return Dataset(name, columns, sa.select(*view.c).order_by(*order))


def _table(table: sa.Table, names: Sequence[str], fields: Mapping[str, Kind] | None = None) -> Dataset:
    columns = {name: (fields or {}).get(name) or _kind(table.c[name]) for name in names}
    return Dataset(table.name, columns, sa.select(*(table.c[name] for name in names)).order_by(*table.primary_key.columns))


def _kind(column: sa.Column[Any]) -> Kind:
    if isinstance(column.type, sa.Double):
        return Kind.FLOAT
    return Kind.JSON if isinstance(column.type, sa.JSON) else kind_of(column)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


_READERS: Mapping[Kind, Callable[[str], Any]] = {Kind.DAY: date.fromisoformat, Kind.INSTANT: _instant, Kind.JSON: json.loads}
