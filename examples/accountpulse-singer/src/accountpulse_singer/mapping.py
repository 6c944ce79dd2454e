"""The mapping: which streams of a tap become which records. Pure. What a tap's SCHEMA lacks is found before any row is read."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from accountpulse.plugins import Deleted, InvalidRecord, Record, UsageDay, schemas, usage_key
from accountpulse_singer.convert import Converter

Json = Mapping[str, Any]
CUSTOM = "custom."
_MISSING = object()


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """How one field is filled: from a column (a path with dots), through `words` and `times`, or with a fixed `value`."""

    name: str
    place: str
    convert: Converter
    required: bool
    column: str | None = None
    value: Any = None
    default: Any = None
    words: Mapping[str, Any] | None = None
    times: float | None = None

    def read(self, row: Json) -> Any:
        """The field's value; None where the row has none. Raises ValueError saying what is allowed."""
        if self.column is None:
            return self.value
        found = follow(row, self.column)
        if found is None or found == "":
            return self.default
        if self.words is not None:
            found = self.words.get(str(found), found)
        return self.convert(found if self.times is None else _scaled(found, self.times))


@dataclasses.dataclass(frozen=True, slots=True)
class RecordMapping:
    """One record type that a stream's rows become.

    deleted: a column that holds something once the row is gone. aside: an account that other rows merely name.
    """

    stream: str
    place: str
    record: type[Record]
    fields: tuple[Field, ...]
    deleted: str | None = None
    aside: bool = False

    @property
    def columns(self) -> Iterator[tuple[str, Field | None]]:
        """Every column it reads, with the field that it fills."""
        yield from ((field.column, field) for field in self.fields if field.column is not None)
        if self.deleted is not None:
            yield self.deleted, None

    def build(self, row: Json) -> Record | Deleted | InvalidRecord | None:
        """The record of a row; None where the row names no account at all, and so concerns nobody."""
        values: dict[str, Any] = {}
        custom: dict[str, Any] = {}
        for field in self.fields:
            try:
                value = field.read(row)
            except ValueError as error:
                return InvalidRecord(self._name(row), f"{field.place}: {field.name} must be {error}")
            if value is None and field.required:
                if field.name == "account" or (self.aside and field.name == "source_id"):
                    return None
                lacking = f"{field.place}: {field.name} needs a value, and the row has none in {field.column!r}"
                return InvalidRecord(self._name(row), lacking)
            if field.name.startswith(CUSTOM):
                custom[field.name.removeprefix(CUSTOM)] = value
            elif value is not None:
                values[field.name] = value
        if custom:
            values["custom"] = custom
        if self.record is UsageDay and "source_id" not in values:
            values["source_id"] = usage_key(values["account"], values["user"], values["feature"], values["day"])
        if self.deleted is not None and follow(row, self.deleted) not in (None, False, ""):
            return Deleted(self.record, values["source_id"])
        return self.record(**values)

    def _name(self, row: Json) -> str:
        field = next((f for f in self.fields if f.name == "source_id"), None)
        found = None if field is None or field.column is None else follow(row, field.column)
        return f"{self.stream}:{found}" if isinstance(found, str | int) else f"{self.stream}:?"


@dataclasses.dataclass(frozen=True, slots=True)
class Stream:
    """A stream that is read. replication, replication_key: what the catalog is told, where the tap leaves a choice."""

    name: str
    place: str
    records: tuple[RecordMapping, ...]
    replication: str | None = None
    replication_key: str | None = None

    @property
    def columns(self) -> frozenset[str]:
        """The columns that are read, by the first step of their paths."""
        paths = {path for record in self.records for path, _ in record.columns}
        return frozenset(paths | {path.split(".")[0] for path in paths})


@dataclasses.dataclass(frozen=True, slots=True)
class TapMapping:
    """A whole mapping file. digest: changes when its meaning may have."""

    file: str
    streams: Mapping[str, Stream]
    digest: str

    @property
    def records(self) -> tuple[type[Record], ...]:
        """The record types that it brings."""
        return tuple(dict.fromkeys(each.record for stream in self.streams.values() for each in stream.records))

    def drift(self, stream: str, schema: Json) -> tuple[list[str], list[str]]:
        """What a tap's SCHEMA of a stream lacks: problems that nothing can be read with, and warnings."""
        properties = schema.get("properties")
        if not isinstance(properties, Mapping) or not properties:
            return [], []  # the tap doesn't say what its rows hold
        problems: list[str] = []
        warnings: list[str] = []
        for record in self.streams[stream].records:
            for column, field in record.columns:
                if _declared(properties, column):
                    continue
                place = field.place if field is not None else record.place
                told = f"{place}: the tap's stream {stream!r} has no column {column!r}; it has {', '.join(sorted(properties))}"
                (problems if field is not None and field.required else warnings).append(told)
        return problems, warnings


def follow(row: Json, path: str) -> Any:
    """What a path with dots leads to; None where it leads nowhere. A column whose own name has dots comes first."""
    found = row.get(path, _MISSING)
    if found is not _MISSING:
        return found
    found = row
    for step in path.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def digest_of(text: str) -> str:
    """A short fingerprint."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def fillable(record: str) -> tuple[str, ...]:
    """The fields that a mapping may fill; `custom.NAME` too for an account."""
    return tuple(f.name for f in dataclasses.fields(schemas()[record].cls) if f.name != "custom")


def required(record: str) -> frozenset[str]:
    """The fields that a mapping must fill. Usage days name themselves."""
    cls = schemas()[record].cls
    needed = {
        f.name for f in dataclasses.fields(cls) if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
    }
    return frozenset(needed - {"source_id"} if cls is UsageDay else needed)


def _declared(properties: Json, path: str) -> bool:
    if path in properties:
        return True
    here: Any = properties
    for step in path.split("."):
        if not isinstance(here, Mapping) or not here:
            return True  # nothing is said about what an object holds
        if step not in here:
            return False
        inner = here[step]
        here = inner.get("properties") if isinstance(inner, Mapping) else None
    return True


def _scaled(value: Any, times: float) -> Any:
    """A number, or one written as text, so many times: exact, for 19.99 * 100 is 1999 and no cent less."""
    try:
        return str(Decimal(str(value)) * Decimal(str(times)))
    except ArithmeticError:
        raise ValueError("a number") from None
