"""Turns a record into the row that is stored: checked at the boundary, times in UTC, with a hash of its content."""

from __future__ import annotations

import math
import typing
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from hashlib import blake2b
from operator import attrgetter
from typing import Any, get_origin

from accountpulse.core.errors import InvalidRecord
from accountpulse.core.model import FieldSchema, Kind, Record, RecordSchema, schema_of
from accountpulse.core.store.writes import FactRow

HASH_BYTES = 16
LARGEST = 2**63 - 1  # what a database's integer holds
LONGEST = 1_000_000
"""Characters of a text or of a JSON value: far more than anybody reads, and a store of such rows can still be read."""
LONGEST_KEY = 2_000
"""Bytes of a source's key: it is in an index, and PostgreSQL takes 2,704 bytes there."""
SHOWN = 200
_PYTHON: dict[Kind, tuple[type, ...]] = {
    Kind.TEXT: (str,),
    Kind.INTEGER: (int,),
    Kind.FLOAT: (int, float),
    Kind.BOOLEAN: (bool,),
    Kind.INSTANT: (datetime,),
    Kind.DAY: (date,),
}


_builders: dict[type[Record], Callable[[Record], FactRow]] = {}


def to_row(record: Record) -> FactRow:
    """Check a record and prepare it. Raises InvalidRecord naming the field, what was found and what is allowed.

    What passes can be stored by every database: one record that can't must not fail the thousands it is committed with.
    """
    cls = type(record)
    build = _builders.get(cls)
    if build is None:
        build = _builders[cls] = _builder(cls)
    return build(record)


def storable(text: str) -> bool:
    """Whether every database can keep a text: PostgreSQL takes no NUL, and nothing encodes half a surrogate pair."""
    if text.isascii():
        return "\0" not in text
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def printable(text: str) -> str:
    """A text that can be stored and shown: what `storable` refuses is written as an escape."""
    return text if storable(text) else text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


def shown(value: object, longest: int = SHOWN) -> str:
    """A value as part of a message: printable, and not longer than anybody reads."""
    text = str(value)
    return printable(text if len(text) <= longest else f"{text[:longest]}... ({len(text):,} characters)")


def _too_long(key: str) -> bool:
    return len(key) > LONGEST_KEY // 4 and len(key.encode()) > LONGEST_KEY


def _builder(cls: type[Record]) -> Callable[[Record], FactRow]:
    schema = schema_of(cls)
    names = tuple(f.name for f in schema.fields)
    read = attrgetter(*names)
    expected = _expected(schema)
    # Nearly every value is right, and nearly always plainly so: that is found out here, without a call for each. What is not
    # goes through `_checked`, which settles it, or says why it can't be.
    texts, instants, numbers = (_of_kinds(schema, kind) for kind in (Kind.TEXT, Kind.INSTANT, Kind.INTEGER))
    others = _of_kinds(schema, *set(Kind) - {Kind.TEXT, Kind.INSTANT, Kind.INTEGER})
    own_times = _own_times(schema)
    belongs = schema.belongs_to_account

    def build(record: Record) -> FactRow:
        source_id = record.source_id
        if not _is_key(source_id):
            raise InvalidRecord(
                shown(source_id),
                f"{schema.name} needs a source_id that is a text, not empty, without NUL, of at most {LONGEST_KEY:,} bytes",
            )
        account = record.account if belongs else source_id  # type: ignore[attr-defined]  # all but Account
        if not _is_key(account):
            raise InvalidRecord(
                source_id, f"{schema.name}.account must be the source's key of the account, found {shown(repr(account))}"
            )
        raw_ref = record.raw_ref
        if raw_ref is not None and not (isinstance(raw_ref, str) and storable(raw_ref)):
            raise InvalidRecord(source_id, f"{schema.name}.raw_ref must be a text, found {type(raw_ref).__name__}")
        values = list(read(record))
        for index, field in texts:
            value = values[index]
            if type(value) is str and len(value) <= LONGEST and value.isascii() and "\0" not in value:
                if not field.allowed or value in field.allowed:
                    continue
            elif value is None and field.nullable:
                continue
            values[index] = _checked(schema, field, expected[field.name], value, source_id)
        for index, field in instants:
            value = values[index]
            if (type(value) is datetime and value.tzinfo is UTC) or (value is None and field.nullable):
                continue
            values[index] = _checked(schema, field, expected[field.name], value, source_id)
        for index, field in numbers:
            value = values[index]
            if type(value) is int and -LARGEST <= value <= LARGEST:
                if not field.allowed or value in field.allowed:
                    continue
            elif value is None and field.nullable:
                continue
            values[index] = _checked(schema, field, expected[field.name], value, source_id)
        for index, field in others:
            values[index] = _checked(schema, field, expected[field.name], values[index], source_id)
        digest = blake2b(repr((account, values)).encode(), digest_size=HASH_BYTES).digest()
        return FactRow(source_id, account, raw_ref, digest, _earliest([values[i] for i in own_times]), tuple(values))

    return build


def _of_kinds(schema: RecordSchema, *kinds: Kind) -> tuple[tuple[int, FieldSchema], ...]:
    """The fields of some kinds, each with its place."""
    return tuple((index, field) for index, field in enumerate(schema.fields) if field.kind in kinds)


def _is_key(value: object) -> bool:
    """Whether every database can keep a value as a key."""
    return isinstance(value, str) and value != "" and storable(value) and not _too_long(value)


def _earliest(times: list[Any]) -> datetime | None:
    """The first of some instants or days that may be missing; of a day its beginning."""
    since = min((time for time in times if time is not None), default=None)
    if since is None or isinstance(since, datetime):
        return since
    return datetime(since.year, since.month, since.day, tzinfo=UTC)


def _expected(schema: RecordSchema) -> dict[str, tuple[type, ...]]:
    """The Python types each field takes; a list of texts and a mapping are both JSON to the store."""
    hints = typing.get_type_hints(schema.cls)
    return {
        field.name: _PYTHON.get(field.kind) or ((tuple, list) if get_origin(hints[field.name]) is tuple else (Mapping,))
        for field in schema.fields
    }


def _own_times(schema: RecordSchema) -> tuple[int, ...]:
    wanted = {schema.event.name} if schema.event else {"created_at", "customer_since"}
    return tuple(i for i, f in enumerate(schema.fields) if f.name in wanted)


def _checked(schema: RecordSchema, field: FieldSchema, expected: tuple[type, ...], value: Any, source_id: str) -> Any:
    if value is None:
        if field.nullable:
            return None
        raise InvalidRecord(source_id, f"{schema.name}.{field.name} is missing; it is required")
    # To Python a bool is an int and a datetime is a date; but true is not a count, and an instant is not a day.
    alike = (bool, datetime) if field.kind is Kind.DAY else (bool,)
    if type(value) is not bool if field.kind is Kind.BOOLEAN else not isinstance(value, expected) or isinstance(value, alike):
        wanted = " or ".join(t.__name__ for t in expected)
        raise InvalidRecord(source_id, f"{schema.name}.{field.name} must be {wanted}, found {type(value).__name__}")
    try:
        checked = _CHECKS[field.kind](value)
    except _Unstorable as wrong:
        raise InvalidRecord(source_id, f"{schema.name}.{field.name} {wrong}") from None
    if field.allowed and checked not in field.allowed:
        allowed = ", ".join(map(str, field.allowed))
        raise InvalidRecord(source_id, f"{schema.name}.{field.name} is {shown(repr(value))}; allowed are {allowed}")
    return checked


class _Unstorable(Exception):
    """A value of the right type that can't be kept; the message goes on after the field's name."""


def _text(value: str) -> str:
    if len(value) > LONGEST:
        raise _Unstorable(f"has {len(value):,} characters; at most {LONGEST:,} are kept")
    if not storable(value):
        raise _Unstorable("holds a NUL character or half a surrogate pair; the connector should replace it")
    return value


def _integer(value: int) -> int:
    if abs(value) > LARGEST:
        raise _Unstorable(f"must be between -{LARGEST} and {LARGEST}")
    return value


def _float(value: float) -> float:
    # 9 and 9.0 are one score: as two they would be two versions.
    if abs(value) > LARGEST or not math.isfinite(value):
        raise _Unstorable(f"must be a finite number up to {LARGEST}, found {value}")
    return float(value)


def _instant(value: datetime) -> datetime:
    if value.utcoffset() is None:
        raise _Unstorable(f"has no time zone: {value.isoformat()}")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise _Unstorable(f"lies outside of the calendar: {value.isoformat()}") from None


def _json(value: Any) -> Any:
    # A long list is as good as a long text, and its length is known at once.
    if len(value) > LONGEST / 10 or sum(len(each) for each in _texts_of(value)) > LONGEST:
        raise _Unstorable(f"has {len(value):,} entries, of together more than {LONGEST:,} characters; that is not kept")
    if not isinstance(value, Mapping):
        if not all(isinstance(each, str) for each in value):
            raise _Unstorable("must hold texts only")
        return [_text(each) for each in value]
    for key, each in value.items():
        if not isinstance(key, str):
            raise _Unstorable(f"must have texts as keys, found {type(key).__name__}")
        if each is not None and not isinstance(each, str | int | float):
            raise _Unstorable(f"[{key!r}] must be a text, a number, true, false or null, found {type(each).__name__}")
        if isinstance(each, str):
            _text(each)
        elif each is not None:
            _float(each)
    return {_text(key): value[key] for key in sorted(value)}


def _texts_of(value: Any) -> Iterator[str]:
    if not isinstance(value, Mapping):
        return (each for each in value if isinstance(each, str))
    return (each for pair in value.items() for each in pair if isinstance(each, str))


_CHECKS: dict[Kind, Callable[[Any], Any]] = {
    Kind.TEXT: _text,
    Kind.INTEGER: _integer,
    Kind.FLOAT: _float,
    Kind.BOOLEAN: bool,
    Kind.INSTANT: _instant,
    Kind.DAY: lambda day: day,
    Kind.JSON: _json,
}
