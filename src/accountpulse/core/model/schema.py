"""Derives, from a record class, what the store, the metric compiler and the docs need to know about it."""

from __future__ import annotations

import dataclasses
import re
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from accountpulse.core.model.fields import MONEY, PERSONAL, DatedBy, Role
from accountpulse.core.model.records import RECORD_TYPES, Record


class Kind(Enum):
    """The storage kind of a field."""

    TEXT = "text"
    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"
    INSTANT = "instant"
    DAY = "day"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class FieldSchema:
    """One field of a record: its storage kind, whether it may be null, its role in time, its marks and its allowed values.

    dated_by: the lifecycle field whose time it comes true at.
    """

    name: str
    kind: Kind
    nullable: bool
    role: str | None
    dated_by: str | None
    personal: bool
    money: bool
    allowed: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class RecordSchema:
    """One record type: `name` is its snake-case name, as metrics and configuration write it."""

    name: str
    cls: type[Record]
    fields: tuple[FieldSchema, ...]

    def field(self, name: str) -> FieldSchema:
        return next(f for f in self.fields if f.name == name)

    @property
    def event(self) -> FieldSchema | None:
        """The field that says when the record came true; None for Account, which is not an event."""
        return next((f for f in self.fields if f.role == "event"), None)

    @property
    def belongs_to_account(self) -> bool:
        """Whether the record carries `account`; false for Account itself."""
        return self.name != "account"


# Stored in columns of their own, never as payload fields.
ENVELOPE = frozenset({"source_id", "raw_ref", "account"})

_KINDS: dict[type, Kind] = {
    str: Kind.TEXT,
    int: Kind.INTEGER,
    float: Kind.FLOAT,
    bool: Kind.BOOLEAN,
    datetime: Kind.INSTANT,
    date: Kind.DAY,
}


def snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def schema_of(cls: type[Record]) -> RecordSchema:
    """The schema of a record class."""
    schema = _schemas.get(cls)
    if schema is None:
        schema = _schemas[cls] = _derive(cls)
    return schema


_schemas: dict[type[Record], RecordSchema] = {}


def _derive(cls: type[Record]) -> RecordSchema:
    hints = typing.get_type_hints(cls, include_extras=True)
    fields = tuple(_field(f.name, hints[f.name]) for f in dataclasses.fields(cls) if f.name not in ENVELOPE)
    return RecordSchema(name=snake_case(cls.__name__), cls=cls, fields=fields)


@cache
def schemas() -> dict[str, RecordSchema]:
    """All record types by name, in the order of the model."""
    return {s.name: s for s in map(schema_of, RECORD_TYPES)}


def _field(name: str, hint: Any) -> FieldSchema:
    role, dated_by = None, None
    hint, nullable = _split_annotations(hint)
    marks: list[object] = []
    while get_origin(hint) is Annotated:
        marks.extend(hint.__metadata__)
        hint, inner = _split_annotations(hint.__origin__)
        nullable = nullable or inner
    for mark in marks:
        if isinstance(mark, Role):
            role = mark.name
        elif isinstance(mark, DatedBy):
            dated_by = mark.column
    allowed: tuple[str | int, ...] = ()
    if get_origin(hint) is Literal:
        allowed = get_args(hint)
        hint = type(allowed[0])
    kind = Kind.JSON if get_origin(hint) in (tuple, Mapping, dict) else _KINDS[hint]
    return FieldSchema(
        name=name,
        kind=kind,
        nullable=nullable,
        role=role,
        dated_by=dated_by,
        personal=PERSONAL in marks,
        money=MONEY in marks,
        allowed=allowed,
    )


def _split_annotations(hint: Any) -> tuple[Any, bool]:
    """`X | None` becomes (X, True); anything else (hint, False)."""
    if get_origin(hint) in (Union, types.UnionType):
        inner = [a for a in get_args(hint) if a is not type(None)]
        if len(inner) == 1 and len(get_args(hint)) == 2:
            return inner[0], True
    return hint, False
