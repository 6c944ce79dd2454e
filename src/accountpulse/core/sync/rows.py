"""Turns a record into the row that is stored: checked at the boundary, times in UTC, with a hash of its content."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from hashlib import blake2b
from operator import attrgetter
from typing import Any

from accountpulse.core.errors import InvalidRecord
from accountpulse.core.model import FieldSchema, Kind, Record, RecordSchema, schema_of
from accountpulse.core.store.writes import FactRow

HASH_BYTES = 16
_PYTHON: dict[Kind, tuple[type, ...]] = {
    Kind.TEXT: (str,),
    Kind.INTEGER: (int,),
    Kind.FLOAT: (int, float),
    Kind.BOOLEAN: (bool,),
    Kind.INSTANT: (datetime,),
    Kind.DAY: (date,),
    Kind.JSON: (tuple, list, Mapping),
}


_builders: dict[type[Record], Callable[[Record], FactRow]] = {}


def to_row(record: Record) -> FactRow:
    """Check a record and prepare it. Raises InvalidRecord naming the field, what was found and what is allowed."""
    cls = type(record)
    build = _builders.get(cls)
    if build is None:
        build = _builders[cls] = _builder(cls)
    return build(record)


def _builder(cls: type[Record]) -> Callable[[Record], FactRow]:
    schema = schema_of(cls)
    names = tuple(f.name for f in schema.fields)
    read = attrgetter(*names)
    checks = tuple((index, field, _PYTHON[field.kind]) for index, field in enumerate(schema.fields))
    own_times = _own_times(schema)

    def build(record: Record) -> FactRow:
        source_id = record.source_id
        if not isinstance(source_id, str) or not source_id:
            raise InvalidRecord(str(source_id), f"{schema.name} needs a source_id that is a text and not empty")
        account = record.account if schema.belongs_to_account else source_id  # type: ignore[attr-defined]  # all but Account
        if not isinstance(account, str) or not account:
            raise InvalidRecord(source_id, f"{schema.name}.account must be the source's key of the account, found {account!r}")
        values = list(read(record))
        for index, field, expected in checks:
            values[index] = _checked(schema, field, expected, values[index], source_id)
        since = min((values[i] for i in own_times if values[i] is not None), default=None)
        digest = blake2b(repr((account, values)).encode(), digest_size=HASH_BYTES).digest()
        if not isinstance(since, datetime):
            since = None if since is None else datetime(since.year, since.month, since.day, tzinfo=UTC)
        return FactRow(source_id, account, record.raw_ref, digest, since, dict(zip(names, values, strict=True)))

    return build


def _own_times(schema: RecordSchema) -> tuple[int, ...]:
    wanted = {schema.event.name} if schema.event else {"created_at", "customer_since"}
    return tuple(i for i, f in enumerate(schema.fields) if f.name in wanted)


def _checked(schema: RecordSchema, field: FieldSchema, expected: tuple[type, ...], value: Any, source_id: str) -> Any:
    if value is None:
        if field.nullable:
            return None
        raise InvalidRecord(source_id, f"{schema.name}.{field.name} is missing; it is required")
    # bool is an int to Python, but true is not a count.
    if type(value) is not bool if field.kind is Kind.BOOLEAN else not isinstance(value, expected) or type(value) is bool:
        wanted = " or ".join(t.__name__ for t in expected)
        raise InvalidRecord(source_id, f"{schema.name}.{field.name} must be {wanted}, found {type(value).__name__}")
    if field.kind is Kind.INSTANT:
        if value.tzinfo is None:
            raise InvalidRecord(source_id, f"{schema.name}.{field.name} has no time zone: {value.isoformat()}")
        return value.astimezone(UTC)
    if field.kind is Kind.JSON:
        return dict(sorted(value.items())) if isinstance(value, Mapping) else list(value)
    if field.kind is Kind.FLOAT and not math.isfinite(value):
        raise InvalidRecord(source_id, f"{schema.name}.{field.name} must be a finite number, found {value}")
    if field.allowed and value not in field.allowed:
        allowed = ", ".join(map(str, field.allowed))
        raise InvalidRecord(source_id, f"{schema.name}.{field.name} is {value!r}; allowed are {allowed}")
    return value
