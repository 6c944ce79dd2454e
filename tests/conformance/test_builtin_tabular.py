"""The connector of files under the kit: there is no vendor but a folder."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from accountpulse.connectors.tabular.source import Tabular
from accountpulse.core.clock import Clock
from accountpulse.plugins import Record, Ticket
from accountpulse.testing.connectors import ConnectorSuite, Site

HEADER = ("id", "company", "subject", "opened")


@dataclass
class Lines:
    """The rows of one CSV file."""

    file: Path
    clock: Clock
    record: type[Record] = Ticket
    path: str = ""
    late: timedelta = timedelta(0)
    alive: set[str] = field(default_factory=set)
    lines: dict[str, tuple[str, str, str, str]] = field(default_factory=dict)

    def put(self, at: datetime | None = None) -> str:
        id = f"T-{len(self.lines) + 1:06d}"
        self.lines[id] = (id, "acme", f"Ticket {id}", (at or self.clock.now()).isoformat())
        self.alive.add(id)
        self._write()
        return id

    def touch(self, source_id: str) -> None:
        id, company, subject, opened = self.lines[source_id]
        self.lines[source_id] = (id, company, subject + " again", opened)
        self._write()

    def delete(self, source_id: str) -> None:
        del self.lines[source_id]
        self.alive.discard(source_id)
        self._write()

    def flood(self, count: int) -> None:
        for number in range(count):
            id = f"T-{number:06d}"
            self.lines[id] = (id, "acme", f"Ticket {id}", "2026-03-01T10:00:00Z")
        self._write()

    def _write(self) -> None:
        with self.file.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([HEADER, *self.lines.values()])
        # Two writes may share a tick of the file system's clock.
        os.utime(self.file, ns=(0, int(self.clock.now().timestamp() * 1e9) + len(self.lines)))


@dataclass(frozen=True)
class Folder:
    """A folder with one file."""

    networked: bool = False

    @contextmanager
    def open(self, clock: Clock, folder: Path) -> Iterator[Site]:
        lines = Lines(folder / "tickets.csv", clock)
        lines._write()
        yield Site({"files": lines}, {"folder": str(folder)})


class TestTabular(ConnectorSuite):
    connector = Tabular
    good = {
        "files": [
            {
                "path": "{folder}/tickets.csv",
                "record": "ticket",
                "columns": {"source_id": "id", "account": "company", "subject": "subject", "opened_at": "opened"},
            }
        ]
    }
    vendor = Folder()
    not_covered = {
        "resume": "a checkpoint comes every 5,000 rows; tests/connectors/tabular shows that a run goes on from there",
        "tombstones": "a row that vanishes from a file does not delete its record: files are often extracts",
    }
    flood = 20_000
