"""What is mirrored: the columns of each table, and their Parquet types.

Times are Parquet's own (`timestamp[us, UTC]`, `date32`) and not the integers of an SQLite store, so that DuckDB, Spark and
pandas read the files without being told what they mean. JSON is text: engines agree on no other form of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from accountpulse.core.model import Kind, schemas
from accountpulse.core.store.facts import FACTS
from accountpulse.core.store.mirror import LISTS, Rows, kind_of

# How a store hands a value out, and what it is in the file.
_TYPES: Mapping[Kind, tuple[pa.DataType, pa.DataType]] = {
    Kind.TEXT: (pa.string(), pa.string()),
    Kind.INTEGER: (pa.int64(), pa.int64()),
    Kind.FLOAT: (pa.float64(), pa.float64()),
    Kind.BOOLEAN: (pa.int8(), pa.bool_()),
    Kind.INSTANT: (pa.int64(), pa.timestamp("us", "UTC")),
    Kind.DAY: (pa.int32(), pa.date32()),
    Kind.JSON: (pa.string(), pa.string()),
}

# Of use to the sync alone.
_NOT_MIRRORED = frozenset({"hash", "raw_ref"})
_OF_LISTS = {
    "connection": ("id", "priority"),
    "source_account": ("id", "connection_id", "key"),
    "account": ("id", "created_at"),
    "link": ("id", "source_account_id", "account_id", "known_from", "known_to"),
}


@dataclass(frozen=True)
class Layout:
    """One mirrored table. columns: name -> kind. order: what rows are sorted by within a file, so that readers can skip."""

    table: sa.Table
    columns: Mapping[str, Kind]
    order: tuple[str, ...]

    @property
    def schema(self) -> pa.Schema:
        return pa.schema([(name, _TYPES[kind][1]) for name, kind in self.columns.items()])

    def read(self, rows: Rows) -> pa.Table:
        """Rows of the store, see `rows_between`, as columns."""
        values: Iterable[Sequence[Any]] = zip(*rows, strict=True) if rows else [()] * len(self.columns)
        arrays = []
        for column, kind in zip(values, self.columns.values(), strict=True):
            given, wanted = _TYPES[kind]
            array = pa.array(column, given)
            arrays.append(array if given == wanted else array.cast(wanted))
        return pa.Table.from_arrays(arrays, schema=self.schema)

    def ordered(self, table: pa.Table) -> pa.Table:
        return table.take(pc.sort_indices(table, [(name, "ascending") for name in self.order]))


@cache
def fact_layouts() -> Mapping[str, Layout]:
    """The layout of each record type's facts."""
    found = {}
    for record, schema in schemas().items():
        table = FACTS[record]
        fields = {field.name: field.kind for field in schema.fields}
        columns = {c.name: fields.get(c.name) or kind_of(c) for c in table.columns if c.name not in _NOT_MIRRORED}
        order = (schema.event.name, "source_account_id") if schema.event is not None else ("source_account_id",)
        found[record] = Layout(table, columns, order)
    return found


@cache
def list_layouts() -> Mapping[str, Layout]:
    """The layout of each small table."""
    return {name: Layout(table, {c: kind_of(table.c[c]) for c in _OF_LISTS[name]}, ("id",)) for name, table in LISTS.items()}


@cache
def fingerprint() -> str:
    """Differs when any mirrored column does: files of another layout can't be added to."""
    every = {**fact_layouts(), **list_layouts()}
    told = {name: {column: kind.value for column, kind in layout.columns.items()} for name, layout in every.items()}
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()
