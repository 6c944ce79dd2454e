"""Reads a mapping file: YAML, with every mistake at its line, all of them at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from accountpulse.plugins import Account, schemas
from accountpulse_singer.convert import Epoch, converter
from accountpulse_singer.mapping import CUSTOM, Field, RecordMapping, Stream, TapMapping, digest_of, fillable, required

STREAM_KEYS = ("record", "fields", "deleted", "replication", "replication_key")
FIELD_KEYS = ("column", "value", "default", "words", "times", "epoch")
_LIKE_TEXT = ("source_id", "account", "raw_ref")


def read_mapping(path: Path) -> TapMapping:
    """The mapping in a file. Raises ValueError with every problem: file, line, what was found and what is allowed."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ValueError(f"{path}: it can't be read: {why}") from None
    try:
        data = YAML(typ="rt").load(text)
    except YAMLError as error:
        mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
        line = f":{mark.line + 1}" if mark is not None else ""
        raise ValueError(f"{path}{line}: it is not YAML: {getattr(error, 'problem', None) or error}") from None
    return _Reader(str(path)).read(data, digest_of(text))


class _Reader:
    def __init__(self, file: str) -> None:
        self._file = file
        self._problems: list[str] = []

    def read(self, data: Any, digest: str) -> TapMapping:
        streams: dict[str, Stream] = {}
        if self._is_map(data, None, "the file") and self._known(data, ("streams", "time_zone"), "the file"):
            zone = self._zone(data)
            found = data.get("streams")
            if not isinstance(found, CommentedMap) or not found:
                self._add(data, "streams", "put at least one stream of the tap here, by its name")
            else:
                streams = {str(name): self._stream(found, name, zone) for name in found}
        if self._problems:
            raise ValueError("\n".join(self._problems))
        return TapMapping(self._file, streams, digest)

    def _stream(self, parent: CommentedMap, name: Any, zone: ZoneInfo | None) -> Stream:
        body, place = parent[name], self._place(parent, name)
        several = body if isinstance(body, CommentedSeq) else [body]
        made = [self._record(str(name), each, place, zone, aside=len(several) > 1) for each in several]
        records = [each for each in made if each is not None]
        first = several[0] if several and isinstance(several[0], CommentedMap) else {}
        method = first.get("replication")
        if method not in (None, "INCREMENTAL", "FULL_TABLE", "LOG_BASED"):
            self._add(first, "replication", f"found {method!r}; allowed: INCREMENTAL, FULL_TABLE, LOG_BASED")
        if not several:
            self._problems.append(f"{place}: stream {name} becomes nothing; put a `record` and its `fields`")
        return Stream(str(name), place, tuple(records), method, first.get("replication_key"))

    def _record(self, stream: str, body: Any, place: str, zone: ZoneInfo | None, *, aside: bool) -> RecordMapping | None:
        if not self._is_map(body, place, f"stream {stream}") or not self._known(body, STREAM_KEYS, f"stream {stream}"):
            return None
        record, fields = body.get("record"), body.get("fields")
        if record not in schemas():
            self._add(body, "record", f"found {record!r}; allowed: {', '.join(schemas())}{_close(record, schemas())}")
            return None
        if not isinstance(fields, CommentedMap):
            self._add(body, "fields", f"put the fields of {record}, each with the column that fills it")
            return None
        made = [each for name in fields if (each := self._field(record, fields, str(name), zone)) is not None]
        missing = sorted(required(record) - {str(name) for name in fields})
        if missing:
            self._add(body, "fields", f"{record} needs {', '.join(missing)} too; give each a column, or a fixed `value`")
        cls = schemas()[record].cls
        return RecordMapping(stream, place, cls, tuple(made), body.get("deleted"), aside and cls is Account)

    def _field(self, record: str, fields: CommentedMap, name: str, zone: ZoneInfo | None) -> Field | None:
        body, place = fields[name], self._place(fields, name)
        allowed = fillable(record)
        if name not in allowed and not (record == "account" and name.startswith(CUSTOM)):
            self._problems.append(
                f"{place}: {record} has no field {name!r}; it has {', '.join(allowed)}{_close(name, allowed)}"
            )
            return None
        spec = {"column": body} if isinstance(body, str) else body
        if not isinstance(spec, Mapping):
            self._problems.append(f"{place}: found {body!r}; allowed: a column's name, or {{column: ...}} or {{value: ...}}")
            return None
        if isinstance(spec, CommentedMap) and not self._known(spec, FIELD_KEYS, name):
            return None
        if ("column" in spec) == ("value" in spec):
            self._problems.append(f"{place}: {name} needs either a `column` or a fixed `value`")
            return None
        epoch, words, times = spec.get("epoch"), spec.get("words"), spec.get("times")
        if epoch not in (None, "seconds", "milliseconds"):
            self._problems.append(f"{place}: epoch is {epoch!r}; allowed: seconds, milliseconds")
            return None
        if words is not None and not isinstance(words, Mapping):
            self._problems.append(f"{place}: words is {words!r}; allowed: a mapping of the tap's words to ours")
            return None
        if times is not None and (isinstance(times, bool) or not isinstance(times, int | float)):
            self._problems.append(f"{place}: times is {times!r}; allowed: a number, such as 100 for cents")
            return None
        kind, choices = _kind(record, name)
        convert = converter(kind, choices, zone=zone, epoch=cast(Epoch | None, epoch))
        fixed: dict[str, Any] = {}
        for key in ("value", "default"):
            try:
                fixed[key] = convert(spec[key]) if spec.get(key) is not None else None
            except ValueError as error:
                self._problems.append(f"{place}: {key} is {spec[key]!r}; {name} must be {error}")
        return Field(
            name=name,
            place=place,
            convert=convert,
            required=name in required(record),
            column=spec.get("column"),
            value=fixed.get("value"),
            default=fixed.get("default"),
            words={str(key): value for key, value in words.items()} if words is not None else None,
            times=times,
        )

    def _zone(self, data: CommentedMap) -> ZoneInfo | None:
        name = data.get("time_zone")
        try:
            return ZoneInfo(name) if name is not None else None
        except (OSError, ValueError, TypeError, KeyError):
            self._add(data, "time_zone", f"found {name!r}; allowed: a name such as UTC or Europe/Berlin")
            return None

    def _is_map(self, data: Any, place: str | None, what: str) -> bool:
        if isinstance(data, CommentedMap):
            return True
        self._problems.append(f"{place or self._file}: {what} is {type(data).__name__}; it must be a mapping of keys to values")
        return False

    def _known(self, data: CommentedMap, allowed: Iterable[str], what: str) -> bool:
        unknown = [key for key in data if key not in allowed]
        for key in unknown:
            self._add(data, key, f"{what} has no key {key!r}; allowed: {', '.join(allowed)}{_close(key, allowed)}")
        return not unknown

    def _add(self, data: Any, key: Any, problem: str) -> None:
        self._problems.append(f"{self._place(data, key)}: {problem}")

    def _place(self, data: Any, key: Any) -> str:
        if isinstance(data, CommentedMap):
            line = data.lc.key(key)[0] if key in data else data.lc.line
            return f"{self._file}:{line + 1}"
        return self._file


def _kind(record: str, name: str) -> tuple[str, tuple[str | int, ...]]:
    if name in _LIKE_TEXT:
        return "text", ()
    if name.startswith(CUSTOM):
        return "plain", ()
    field = schemas()[record].field(name)
    return field.kind.value, field.allowed


def _close(name: Any, allowed: Iterable[str]) -> str:
    close = get_close_matches(str(name), list(allowed), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
