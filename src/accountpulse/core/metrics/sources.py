"""What each record type offers to metrics: which columns may be named, and how each behaves in time.

Everything here is derived from the account model, so a new field of a record is a new column of its source.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from accountpulse.core.errors import MetricError
from accountpulse.core.model import FieldSchema, Kind, RecordSchema, schemas
from accountpulse.core.store.facts import FACTS


@dataclass(frozen=True, slots=True)
class Source:
    """One record type as metrics see it: its table, its event column (None for `account`) and its columns."""

    name: str
    table: str
    event: str | None
    columns: Mapping[str, FieldSchema]

    def column(self, name: str) -> FieldSchema:
        return self.columns[name]

    @property
    def readable(self) -> dict[str, FieldSchema]:
        """The columns that expressions may name: single values, not lists or custom attributes."""
        return {name: field for name, field in self.columns.items() if field.kind is not Kind.JSON}

    @property
    def times(self) -> tuple[str, ...]:
        """The columns that a window may be about."""
        return tuple(name for name, field in self.columns.items() if field.kind in (Kind.INSTANT, Kind.DAY))

    @property
    def lifecycle(self) -> tuple[str, ...]:
        """The columns that read as null until they happen."""
        return tuple(name for name, field in self.columns.items() if field.role == "lifecycle")

    def happens_at(self, column: str) -> str | None:
        """The column with the time before which this one reads as null; itself for a lifecycle time."""
        return column if column in self.lifecycle else self.columns[column].dated_by

    @property
    def undated(self) -> frozenset[str]:
        """The columns whose history is that of the stored versions."""
        return frozenset(name for name, field in self.columns.items() if field.role == "undated")

    @property
    def currency(self) -> str | None:
        """The column that says in which currency the money columns are, where there are any."""
        return "currency" if "currency" in self.columns else None


@cache
def sources() -> Mapping[str, Source]:
    """All sources by record type, in the order of the account model."""
    return {name: _source(schema) for name, schema in schemas().items()}


def source_of(name: str, place: str) -> Source:
    """The source of a record type. Raises MetricError, beginning with `place`, when there is none of that name."""
    try:
        return sources()[name]
    except KeyError:
        raise MetricError(f"{place}: there is no source {name!r}; there are {', '.join(sources())}") from None


def _source(schema: RecordSchema) -> Source:
    return Source(
        name=schema.name,
        table=FACTS[schema.name].name,
        event=schema.event.name if schema.event else None,
        columns={f.name: f for f in schema.fields},
    )
