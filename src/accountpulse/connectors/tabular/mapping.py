"""Rows of a file to records of any type, by the account model's own schema. Pure; converters are chosen once per file."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING
from pathlib import PurePath
from typing import Any
from zoneinfo import ZoneInfo

from accountpulse.connectors.tabular import convert
from accountpulse.connectors.tabular.convert import Converter
from accountpulse.plugins import Account, InvalidRecord, Record, RecordSchema, UsageDay, schemas, usage_key

Builder = Callable[[Sequence[Any], int], "Record | InvalidRecord"]
CUSTOM = "custom."
SHOWN = 60


@dataclasses.dataclass(frozen=True, slots=True)
class _Step:
    """One field filled from one cell. `required`: no cell may be empty; `null`: an empty one gives None, else the default."""

    field: str
    index: int
    column: str
    convert: Converter
    required: bool
    null: bool


def fields_of(record: str) -> tuple[str, ...]:
    """The fields a file may fill, for a record type by name. `custom.NAME` may be added for an account."""
    return tuple(f.name for f in dataclasses.fields(schemas()[record].cls) if f.name != "raw_ref")


def required_fields(record: str) -> tuple[str, ...]:
    """The fields that a column or a constant must fill. Only usage days and dated records can be named without a source_id."""
    cls = schemas()[record].cls
    named = ("source_id",) if cls is Account else ()
    return named + tuple(
        f.name
        for f in dataclasses.fields(cls)
        if f.default is MISSING and f.default_factory is MISSING and f.name != "source_id"
    )


def converter(schema: RecordSchema, name: str, zone: ZoneInfo | None) -> Converter:
    """The converter of a field."""
    if name in ("source_id", "account"):
        return convert.text
    if name == "custom":
        return convert.attributes
    if name.startswith(CUSTOM):
        return convert.plain
    field = schema.field(name)
    by_kind: dict[str, Converter] = {
        "text": convert.text,
        "integer": convert.integer,
        "float": convert.number,
        "boolean": convert.boolean,
        "instant": convert.instants(zone),
        "day": convert.days(zone),
        "json": convert.names,
    }
    chosen = by_kind[field.kind.value]
    return convert.one_of(chosen, field.allowed) if field.allowed else chosen


def constant_values(record: str, constants: Mapping[str, Any], zone: ZoneInfo | None) -> dict[str, Any]:
    """The constants as the record wants them. Raises ValueError naming the field and what is allowed."""
    schema, found = schemas()[record], dict[str, Any]()
    for name, value in constants.items():
        try:
            found[name] = None if value is None else converter(schema, name, zone)(value)
        except ValueError as error:
            raise ValueError(f"constants.{name}: {value!r} is not {error}") from None
    return found


def builder(
    record: str,
    header: Sequence[str],
    columns: Mapping[str, str],
    constants: Mapping[str, Any],
    *,
    path: str,
    zone: ZoneInfo | None = None,
) -> Builder:
    """A function from (cells, line) to a record, or to an InvalidRecord that names file, line, column, found and allowed.

    header: the columns of the cells. columns: field -> column, all of them in the header. constants: ready values by field.
    """
    schema = schemas()[record]
    cls: Callable[..., Record] = schema.cls
    steps = _steps(schema, header, columns, zone)
    width, stem = len(header), PurePath(path).stem
    fixed = {name: value for name, value in constants.items() if not name.startswith(CUSTOM)}
    fixed_custom = {name.removeprefix(CUSTOM): value for name, value in constants.items() if name.startswith(CUSTOM)}
    has_custom = bool(fixed_custom) or any(step.field.startswith(CUSTOM) for step in steps)
    named = any(step.field == "source_id" for step in steps) or "source_id" in fixed
    by_usage = schema.cls is UsageDay

    def build(cells: Sequence[Any], line: int) -> Record | InvalidRecord:
        if len(cells) != width:
            return InvalidRecord(f"{stem}:{line}", f"{path}, line {line}: {len(cells)} columns found, the header has {width}")
        values: dict[str, Any] = dict(fixed)
        for name, index, column, to_value, required, null in plain_steps:
            cell = cells[index]
            if cell is None or cell == "":
                if required:
                    return _invalid(stem, path, line, column, "nothing", f"{name} needs a value")
                if null:
                    values[name] = None
                continue
            try:
                values[name] = to_value(cell)
            except ValueError as error:
                return _invalid(stem, path, line, column, _shown(cell), f"{name} must be {error}")
        if has_custom:
            given = {n.removeprefix(CUSTOM): values.pop(n) for n in [n for n in values if n.startswith(CUSTOM)]}
            values["custom"] = {**(values.get("custom") or {}), **fixed_custom, **given}
        if not named:
            if by_usage:
                name = usage_key(values["account"], values["user"], values["feature"], values["day"])
            else:
                name = f"{stem}:{line}"
            values["source_id"] = name
        return cls(raw_ref=f"{path}:{line}", **values)

    # Tuples unpack faster than attributes are read, and a file may have many rows.
    plain_steps = [(s.field, s.index, s.column, s.convert, s.required, s.null) for s in steps]
    return build


def _steps(schema: RecordSchema, header: Sequence[str], columns: Mapping[str, str], zone: ZoneInfo | None) -> list[_Step]:
    fields = {f.name: f for f in dataclasses.fields(schema.cls)}
    steps = []
    for name, column in columns.items():
        field = fields.get(name)
        nullable = (
            name not in ("source_id", "account") and field is not None and name != "custom" and schema.field(name).nullable
        )
        has_default = field is None or field.default is not MISSING or field.default_factory is not MISSING
        steps.append(
            _Step(
                field=name,
                index=header.index(column),
                column=column,
                convert=converter(schema, name, zone),
                required=not nullable and not has_default,
                null=nullable,
            )
        )
    return steps


def _invalid(stem: str, path: str, line: int, column: str, found: str, allowed: str) -> InvalidRecord:
    return InvalidRecord(f"{stem}:{line}", f"{path}, line {line}, column {column!r}: found {found}; {allowed}")


def _shown(cell: Any) -> str:
    shown = repr(cell)
    return shown if len(shown) <= SHOWN else shown[:SHOWN] + "..."
