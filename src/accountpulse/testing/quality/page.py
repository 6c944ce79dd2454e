"""The part of a connector's page that is written from its code: API version, rate limits, streams, and a table of fields."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from accountpulse.core.model import Record, schemas
from accountpulse.core.sync.connector import OpaqueCursor, StreamSpec, TimeCursor, UsageEvent
from accountpulse.testing.quality.evidence import Evidence
from accountpulse.testing.quality.fields import made_fields

END = "<!-- end of what is written from the code -->"
MOST = 8
"""From more vendor's keys than this, a field is better told by a person."""
DELETES = {"none": "not told", "tombstones": "told", "snapshot": "what a complete reading lacks is gone"}


def begin(connector: str) -> str:
    """The line that the written part begins with."""
    return f"<!-- written from the code: accountpulse plugins page {connector} --write -->"


def written(evidence: Evidence) -> str:
    """The part as it must be, from its first line to its last."""
    connector = evidence.connector
    lines = [begin(connector.id), "## Streams and fields", ""]
    if connector.api_version is not None:
        lines += [f"API version: `{connector.api_version}`.", ""]
    for limit in connector.rate_limits:
        lines.append(f"* {connector.title} allows {limit.requests:,} requests {_per(limit.per)}: {limit.scope}.")
    if connector.rate_limits:
        lines.append("")
    if connector.streams():
        lines += ["| stream | brings | goes on from | lag | looks back | deletions | history |", "| --- " * 7 + "|"]
        lines += [_stream_row(spec) for spec in connector.streams()] + [""]
    if connector.inbounds():
        lines += ["| pushed to | brings |", "| --- | --- |"]
        for spec in connector.inbounds():
            paths = ", ".join(f"`{path}`" for path in spec.paths)
            lines.append(f"| {paths} | {_names(spec.records)} |")
        lines.append("")
    lines += _field_tables(evidence)
    return "\n".join([*lines, END])


def written_into(page: str, part: str) -> str:
    """A page with its written part replaced, or put at its end. `part` as `written` gives it."""
    first = part.partition("\n")[0]
    before, found, rest = page.partition(first)
    if not found:
        return f"{page.rstrip()}\n\n{part}\n"
    _, _, after = rest.partition(END)
    return f"{before}{part}{after}" if after else f"{before}{part}\n"


def untold(evidence: Evidence) -> list[str]:
    """The fields, as `record.field`, of which neither the code nor the declaration tells where they come from."""
    return [
        f"{name}.{field}"
        for name, fields in _fields(evidence)
        if name not in evidence.declaration.fields
        for field, told in fields
        if told is None
    ]


def unknown_notes(evidence: Evidence) -> list[str]:
    """What the declaration tells of fields that the code does not fill, or of records that the connector does not bring."""
    known = {name: dict(fields) for name, fields in _fields(evidence)}
    brought = {_snake(record) for record in _records(evidence)}
    notes = [note.partition(".") for note in evidence.declaration.fields]
    return [
        f"{name}{dot}{field}"
        for name, dot, field in notes
        if name not in brought or (dot and (name not in known or field not in known[name]))
    ]


def _stream_row(spec: StreamSpec) -> str:
    cursor = spec.cursor
    place = "nothing: each run reads everything"
    if isinstance(cursor, TimeCursor):
        place = f"the time in `{cursor.field}`"
    elif isinstance(cursor, OpaqueCursor):
        place = cursor.description or "the vendor's cursor"
    history = "all" if spec.history is None else _span(spec.history)
    cells = (
        f"`{spec.name}`",
        _names(spec.records),
        place,
        _span(spec.lag),
        _span(spec.look_back),
        DELETES[spec.deletes],
        history,
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _field_tables(evidence: Evidence) -> Iterator[str]:
    notes = evidence.declaration.fields
    for name, fields in _fields(evidence):
        yield from (f"### `{name}`", "")
        if name in notes:
            yield from (f"{notes[name][0].upper()}{notes[name][1:]}.", "")
        if fields:
            yield from ("| field | from |", "| --- | --- |")
            yield from (f"| `{field}` | {told or '?'} |" for field, told in fields)
            yield ""
        if fields and (empty := _empty(name, {field for field, _ in fields})):
            yield from (f"Not filled: {empty}.", "")


def _fields(evidence: Evidence) -> Iterator[tuple[str, list[tuple[str, str | None]]]]:
    """Each record with its fields in the order of the model, and what is told of each."""
    made = made_fields(evidence.folder, frozenset(record.__name__ for record in _records(evidence)))
    for record in _records(evidence):
        name, fields = _snake(record), made.get(record.__name__, {})
        told = []
        for field, places in fields.items():
            if field == "raw_ref":
                continue
            note = evidence.declaration.fields.get(f"{name}.{field}")
            shown = ", ".join(f"`{place}`" for place in sorted(places)) if 0 < len(places) <= MOST else None
            told.append((field, note or shown))
        yield name, told


def _records(evidence: Evidence) -> list[type]:
    """The record types that the connector may bring, in the order of the model; with usage, the events it counts."""
    brought = {r for spec in evidence.connector.streams() for r in spec.records}
    brought |= {r for spec in evidence.connector.inbounds() for r in spec.records}
    found: list[type] = []
    for schema in schemas().values():
        if schema.cls in brought:
            found.append(schema.cls)
    made = made_fields(evidence.folder, frozenset({"UsageEvent"}))
    return [*found, UsageEvent] if made else found


def _snake(record: type) -> str:
    known = {schema.cls: name for name, schema in schemas().items()}
    return known.get(record, "usage_event")


def _empty(name: str, filled: set[str]) -> str:
    schema = schemas().get(name)
    return ", ".join(f"`{field.name}`" for field in schema.fields if field.name not in filled) if schema else ""


def _names(records: Sequence[type[Record]]) -> str:
    return ", ".join(f"`{_snake(record)}`" for record in records)


def _span(span: timedelta) -> str:
    """A span in words: "10 min", "30 d"; "-" for none."""
    seconds = int(span.total_seconds())
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s" if seconds else "-"


def _per(span: timedelta) -> str:
    words = {1: "a second", 60: "a minute", 3600: "an hour", 86400: "a day"}
    return words.get(int(span.total_seconds())) or f"in {_span(span)}"
