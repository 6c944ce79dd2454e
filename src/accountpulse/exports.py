"""Writes tables of the store as files that other programs read: CSV, JSON or Parquet. A file is there whole, or not at all."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, Any, BinaryIO, Literal

from accountpulse.core.errors import MissingExtra, StoreError
from accountpulse.core.files import durable
from accountpulse.core.model import Kind
from accountpulse.core.store.database import Store
from accountpulse.core.store.export import Dataset, Row

Format = Literal["csv", "json", "parquet"]
FORMATS: tuple[Format, ...] = ("csv", "json", "parquet")
OnRows = Callable[[int], None]
"""Told how many rows have been written so far."""


def write_text(store: Store, dataset: Dataset, form: Format, out: IO[str], on_rows: OnRows | None = None) -> int:
    """Write a table as CSV with a header, or as a JSON list of objects; returns how many rows. Times are ISO text in UTC."""
    with store.read() as connection:
        rows = _counted(dataset.rows(connection), on_rows)
        if form == "csv":
            return _write_csv(dataset.columns, rows, out)
        return _write_json(dataset.columns, rows, out)


def write_file(store: Store, dataset: Dataset, form: Format, path: Path, on_rows: OnRows | None = None) -> int:
    """Write a table to a file, readable by its owner alone; returns how many rows.

    Raises StoreError where the file can't be written, MissingExtra for Parquet without pyarrow.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with durable(path) as out:
            if form == "parquet":
                return _write_parquet(store, dataset, out, on_rows)
            text = io.TextIOWrapper(out, encoding="utf-8", newline="")
            written = write_text(store, dataset, form, text, on_rows)
            text.detach()  # which writes the rest, and leaves the file open
            return written
    except OSError as error:
        raise StoreError(f"{path} can't be written: {error.strerror or type(error).__name__}") from error


def _counted(batches: Iterator[Sequence[Row]], on_rows: OnRows | None) -> Iterator[Sequence[Row]]:
    done = 0
    for batch in batches:
        yield batch
        done += len(batch)
        if on_rows is not None:
            on_rows(done)


def _write_csv(columns: Mapping[str, Kind], batches: Iterator[Sequence[Row]], out: IO[str]) -> int:
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    texts = [_csv_text(kind) for kind in columns.values()]
    written = 0
    for batch in batches:
        writer.writerows(["" if v is None else text(v) for v, text in zip(row, texts, strict=True)] for row in batch)
        written += len(batch)
    return written


def _csv_text(kind: Kind) -> Callable[[Any], Any]:
    if kind is Kind.JSON:
        return lambda value: json.dumps(value, ensure_ascii=False, sort_keys=True)
    if kind is Kind.BOOLEAN:
        return lambda value: "true" if value else "false"
    return _data


def _write_json(columns: Mapping[str, Kind], batches: Iterator[Sequence[Row]], out: IO[str]) -> int:
    names = list(columns)
    written = 0
    out.write("[")
    for batch in batches:
        for row in batch:
            document = {name: _data(value) for name, value in zip(names, row, strict=True)}
            out.write(("\n" if not written else ",\n") + json.dumps(document, ensure_ascii=False))
            written += 1
    out.write("\n]\n" if written else "]\n")
    return written


def _data(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value


def _write_parquet(store: Store, dataset: Dataset, out: BinaryIO, on_rows: OnRows | None) -> int:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ModuleNotFoundError as error:
        raise MissingExtra("An export as Parquet", "parquet") from error
    types = {
        Kind.TEXT: pa.string(),
        Kind.INTEGER: pa.int64(),
        Kind.FLOAT: pa.float64(),
        Kind.BOOLEAN: pa.bool_(),
        Kind.INSTANT: pa.timestamp("us", "UTC"),
        Kind.DAY: pa.date32(),
        Kind.JSON: pa.string(),
    }
    schema = pa.schema([(name, types[kind]) for name, kind in dataset.columns.items()])
    kinds = list(dataset.columns.values())
    written = 0
    with store.read() as connection, pq.ParquetWriter(out, schema, compression="zstd") as writer:
        for batch in _counted(dataset.rows(connection), on_rows):
            columns = [
                pa.array([_json_text(v) for v in column] if kind is Kind.JSON else column, field.type)
                for column, kind, field in zip(zip(*batch, strict=True), kinds, schema, strict=True)
            ]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))
            written += len(batch)
    return written


def _json_text(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)
