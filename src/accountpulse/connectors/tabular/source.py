"""Reads records of any type from CSV, Parquet and JSON lines files, by a mapping of columns."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, ValidationInfo, field_validator, model_validator

from accountpulse.connectors.tabular import mapping
from accountpulse.connectors.tabular.files import Format, Snapshot, Table, format_of, snapshots
from accountpulse.plugins import (
    Checkpoint,
    Connector,
    ConnectorConfig,
    Identity,
    InvalidRecord,
    Item,
    OpaqueCursor,
    Record,
    StreamSpec,
    Window,
    schema_of,
    schemas,
    stream,
)

STEP = 5_000

RecordName = Literal[
    "account", "contact", "subscription", "subscription_change", "invoice", "payment_issue", "ticket", "survey_response",
    "usage_day", "opportunity", "opportunity_change", "activity", "pulse", "outcome",
]  # fmt: skip


class File(ConnectorConfig):
    """Files of one kind. path: a file or a glob. record: what a row is. columns: field -> column. constants: field -> value.

    An account may also have `custom.NAME` fields. timezone: for times without an offset, such as Europe/Berlin.
    """

    path: str = Field(min_length=1)
    record: RecordName
    columns: dict[str, str] = Field(default_factory=dict)
    constants: dict[str, Any] = Field(default_factory=dict)
    format: Format | Literal["auto"] = "auto"
    timezone: str | None = None
    delimiter: str = Field(default=",", min_length=1, max_length=1)

    @field_validator("path")
    @classmethod
    def _from_the_settings_folder(cls, path: str, info: ValidationInfo) -> str:
        """A relative path starts from the folder of the configuration file, where there is one."""
        folder = (info.context or {}).get("folder")
        return path if folder is None else str(Path(folder) / Path(path).expanduser())

    @model_validator(mode="after")
    def _fits_the_record(self) -> File:
        known = mapping.fields_of(self.record)
        given = [*self.columns, *self.constants]
        for name in given:
            custom = self.record == "account" and name.startswith(mapping.CUSTOM) and len(name) > len(mapping.CUSTOM)
            if name not in known and not custom:
                raise ValueError(f"{self.path}: {self.record} has no field {name!r}; it has {', '.join(known)}")
        for name in self.columns.keys() & self.constants.keys():
            raise ValueError(f"{self.path}: {name} is in columns and in constants; keep one")
        lacking = [name for name in mapping.required_fields(self.record) if name not in given]
        if lacking:
            raise ValueError(f"{self.path}: {self.record} needs {', '.join(lacking)}; name a column or a constant for each")
        for name in mapping.required_fields(self.record):
            if self.constants.get(name, "") is None:
                raise ValueError(f"{self.path}: constants.{name} must have a value")
        mapping.constant_values(self.record, self.constants, self.zone)
        return self

    @property
    def zone(self) -> ZoneInfo | None:
        """The zone of times without an offset. Raises ValueError for an unknown name."""
        if self.timezone is None:
            return None
        try:
            return ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"timezone: {self.timezone!r} is unknown; put a name such as Europe/Berlin or UTC") from None

    @property
    def fingerprint(self) -> str:
        """Changes when the mapping does: the file must then be read again."""
        return hashlib.sha256(self.model_dump_json(exclude={"path"}).encode()).hexdigest()[:16]


class TabularConfig(ConnectorConfig):
    """files: what to read."""

    files: tuple[File, ...] = Field(min_length=1)


class Tabular(Connector[TabularConfig]):
    """Files: CSV, Parquet or JSON lines, with any records."""

    id, title = "tabular", "Files (CSV, Parquet, JSON lines)"
    account_keys = "reference"

    @classmethod
    def stream_records(cls, spec: StreamSpec, config: TabularConfig) -> tuple[type[Record], ...]:
        named = {file.record for file in config.files}
        return tuple(record for record in spec.records if schema_of(record).name in named)

    def check(self) -> Identity:
        count = 0
        for file in self.config.files:
            for snapshot in snapshots(file.path):
                self._table(file, snapshot)
                count += 1
        return Identity("tabular", f"{count} file{'' if count == 1 else 's'}")

    @stream(
        *(schema.cls for schema in schemas().values()),
        cursor=OpaqueCursor("per file: its size, its SHA-256 and how many rows are read"),
    )
    def files(self, window: Window) -> Iterator[Item]:
        """The rows of all configured files, in order of name.

        A file that did not change is not read again; of one that only grew (CSV, JSON lines) the new rows are; any other is
        read completely. A row that vanishes from a file does not delete its record. A checkpoint every 5,000 rows lets a run
        go on where the last one stopped.
        """
        before: dict[str, Any] = window.cursor if isinstance(window.cursor, dict) else {}
        after: dict[str, Any] = {}
        for file in self.config.files:
            for snapshot in snapshots(file.path):
                name = snapshot.path
                while name in after:  # two entries may read the same file, for different records
                    name += "+"
                yield from self._one(file, snapshot, name, before, after)
                yield Checkpoint({**before, **after})
        yield Checkpoint(dict(after))

    def _one(self, file: File, snapshot: Snapshot, name: str, before: dict[str, Any], after: dict[str, Any]) -> Iterator[Item]:
        known = before.get(name) or {}
        format = format_of(snapshot.path, file.format)
        same_mapping = known.get("mapping") == file.fingerprint
        stamp = {"size": snapshot.size, "mtime_ns": snapshot.mtime_ns}
        if same_mapping and known.get("complete") and {key: known.get(key) for key in stamp} == stamp:
            after[name] = known
            return
        digest = snapshot.digest()
        state = {**stamp, "sha256": digest, "mapping": file.fingerprint, "rows_done": 0, "complete": False}
        if same_mapping and known.get("sha256") == digest:
            state |= {"rows_done": known["rows_done"], "complete": known["complete"]}
        elif (
            same_mapping
            and format != "parquet"
            and known.get("size", snapshot.size) < snapshot.size
            and snapshot.digest(known["size"]) == known["sha256"]
        ):
            state["rows_done"] = known["rows_done"]
        if not state["complete"]:
            yield from self._rows(file, snapshot, format, name, state, before, after)
        after[name] = state

    def _rows(
        self,
        file: File,
        snapshot: Snapshot,
        format: Format,
        name: str,
        state: dict[str, Any],
        before: dict[str, Any],
        after: dict[str, Any],
    ) -> Iterator[Item]:
        table = self._table(file, snapshot)
        constants = mapping.constant_values(file.record, file.constants, file.zone)
        build = mapping.builder(
            file.record, table.header, file.columns, constants, path=snapshot.path, zone=file.zone
        )  # fmt: skip
        done: int = state["rows_done"]
        for line, cells in table.rows(skip=done):
            if isinstance(cells, InvalidRecord):
                yield cells
            elif cells:
                yield build(cells, line)
            done += 1
            if done % STEP == 0:
                self.context.stop_if_cancelled()
                yield Checkpoint({**before, **after, name: {**state, "rows_done": done}})
        # A last row without its line end may be half written: should the file grow, it is read again.
        whole = format == "parquet" or snapshot.ends_with_newline()
        state |= {"rows_done": done if whole else max(0, done - 1), "complete": True}

    def _table(self, file: File, snapshot: Snapshot) -> Table:
        wanted = list(dict.fromkeys(file.columns.values()))
        return Table(snapshot, format_of(snapshot.path, file.format), wanted, file.delimiter)
