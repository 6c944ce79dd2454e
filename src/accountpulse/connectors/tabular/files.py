"""Reads rows out of files: CSV, JSON lines and Parquet, each up to the size the file had when it was looked at."""

from __future__ import annotations

import csv
import glob
import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from accountpulse.plugins import ConfigError, InvalidRecord, MissingExtra

Format = Literal["csv", "parquet", "jsonl"]
Row = tuple[int, Sequence[Any] | InvalidRecord]
CHUNK = 1 << 20
BATCH = 5_000
_SUFFIXES: dict[str, Format] = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".parquet": "parquet", ".pq": "parquet", ".jsonl": "jsonl", ".ndjson": "jsonl",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A file as it was when looked at: what is appended later is left for the next time."""

    path: str
    size: int
    mtime_ns: int

    def digest(self, size: int | None = None) -> str:
        """The SHA-256 of the first `size` bytes."""
        left, sha = self.size if size is None else size, hashlib.sha256()
        with Path(self.path).open("rb") as file:
            while left > 0 and (part := file.read(min(CHUNK, left))):
                sha.update(part)
                left -= len(part)
        return sha.hexdigest()

    def ends_with_newline(self) -> bool:
        """Whether the last row is whole: an appending writer may be in the middle of it."""
        with Path(self.path).open("rb") as file:
            file.seek(max(0, self.size - 1))
            return self.size == 0 or file.read(1) in (b"\n", b"\r")


def snapshots(pattern: str) -> list[Snapshot]:
    """The files a path or glob names, in order of name. Raises ConfigError when there is none, or one can't be read."""
    # Path.glob takes no absolute pattern, so glob.glob it is.
    matches = [pattern] if Path(pattern).is_file() else sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207
    found = [path for path in matches if Path(path).is_file()]
    if not found:
        raise ConfigError("files", f"there is no file {pattern!r}: put the path of an existing file, or create it")
    taken = []
    for path in found:
        try:
            stat = Path(path).stat()
        except OSError as error:
            raise ConfigError("files", f"{path} can't be read ({error.strerror}): allow this user to read it") from error
        taken.append(Snapshot(path, stat.st_size, stat.st_mtime_ns))
    return taken


def format_of(path: str, given: Format | Literal["auto"]) -> Format:
    """A file's format: as given, or by its suffix. Raises ConfigError for an unknown suffix."""
    if given != "auto":
        return given
    suffix = Path(path).suffix.lower()
    if suffix not in _SUFFIXES:
        raise ConfigError("files", f"{path}: the suffix says no known format; set `format` to csv, parquet or jsonl")
    return _SUFFIXES[suffix]


class Table:
    """An open file's rows. `header` names the cells of each row; rows are (line, cells), a broken one (line, InvalidRecord)."""

    def __init__(self, snapshot: Snapshot, format: Format, wanted: Sequence[str], delimiter: str = ",") -> None:
        self.path = snapshot.path
        try:
            if format == "parquet":
                self.header, self._rows = _parquet(snapshot.path, wanted)
            elif format == "jsonl":
                self.header, self._rows = list(wanted), _json_lines(_text(snapshot), wanted, snapshot.path)
            else:
                tab = Path(snapshot.path).suffix.lower() == ".tsv"
                self.header, self._rows = _csv(_text(snapshot), "\t" if tab else delimiter, snapshot.path)
        except UnicodeDecodeError:
            raise _not_utf8(snapshot.path) from None
        except OSError as error:
            raise ConfigError(
                "files", f"{snapshot.path} can't be read ({error.strerror}): allow this user to read it"
            ) from error
        for column in wanted:
            if self.header.count(column) != 1:
                problem = "has no column" if column not in self.header else "has more than one column"
                shown = ", ".join(self.header) or "none"
                raise ConfigError("files", f"{self.path} {problem} {column!r}; its columns are: {shown}")

    def rows(self, skip: int = 0) -> Iterator[Row]:
        """The rows after the first `skip`. An empty line is a row without cells."""
        try:
            for number, row in enumerate(self._rows):
                if number >= skip:
                    yield row
        except UnicodeDecodeError:
            raise _not_utf8(self.path) from None


class _Head(io.RawIOBase):
    """The first bytes of a file."""

    def __init__(self, path: str, size: int) -> None:
        self._file = Path(path).open("rb")  # noqa: SIM115 - closed with this object
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = self._file.read(min(len(buffer), self._left))
        buffer[: len(part)] = part
        self._left -= len(part)
        return len(part)

    def close(self) -> None:
        self._file.close()
        super().close()


def _text(snapshot: Snapshot) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BufferedReader(_Head(snapshot.path, snapshot.size), CHUNK), encoding="utf-8-sig", newline="")


def _csv(file: io.TextIOWrapper, delimiter: str, path: str) -> tuple[list[str], Iterator[Row]]:
    reader = csv.reader(file, delimiter=delimiter)

    def rows() -> Iterator[Row]:
        with file:
            try:
                for cells in reader:
                    yield reader.line_num, cells
            except csv.Error as error:
                raise ConfigError(
                    "files", f"{path}, line {reader.line_num}: not CSV ({error}); check the quotes there"
                ) from None

    try:
        return [name.strip() for name in next(reader, [])], rows()
    except csv.Error as error:
        raise ConfigError("files", f"{path}: the header is not CSV ({error})") from None


def _json_lines(file: io.TextIOWrapper, wanted: Sequence[str], path: str) -> Iterator[Row]:
    stem = Path(path).stem
    with file:
        for line, text in enumerate(file, 1):
            if not text.strip():
                yield line, ()
                continue
            try:
                found = json.loads(text)
            except ValueError as error:
                yield line, InvalidRecord(f"{stem}:{line}", f"{path}, line {line}: not JSON ({error}); write one object a line")
                continue
            if isinstance(found, dict):
                yield line, tuple(map(found.get, wanted))
            else:
                yield line, InvalidRecord(f"{stem}:{line}", f"{path}, line {line}: must be a JSON object")


def _parquet(path: str, wanted: Sequence[str]) -> tuple[list[str], Iterator[Row]]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MissingExtra("Reading Parquet files", "parquet") from error
    try:
        file = pq.ParquetFile(path)
    except pa.ArrowInvalid:
        raise ConfigError("files", f"{path} is not a Parquet file: check `format`") from None
    available: list[str] = file.schema_arrow.names
    taken = [name for name in dict.fromkeys(wanted) if name in available]
    if set(taken) != set(wanted):
        return available, iter(())

    def rows() -> Iterator[Row]:
        line = 0
        with file:
            for batch in file.iter_batches(batch_size=BATCH, columns=taken):
                # Python's times end at microseconds.
                cells = [_micro(pa, batch.column(name)).to_pylist() for name in taken]
                for row in zip(*cells, strict=True):
                    line += 1
                    yield line, row

    return taken, rows()


def _micro(pa: Any, column: Any) -> Any:
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        return column.cast(pa.timestamp("us", tz=column.type.tz), safe=False)
    return column


def _not_utf8(path: str) -> ConfigError:
    return ConfigError("files", f"{path} is not UTF-8: save it with that encoding")
