"""Vendors as the kit sees them: whatever they are, it can put, change and delete a row of a stream, and break the wire."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel, SecretStr

from accountpulse.core.clock import Clock
from accountpulse.core.model import Record
from accountpulse.core.sync.connector import StreamSpec
from accountpulse.testing.vendors.control import Json, SimulatedVendor
from accountpulse.testing.vendors.rest import RestServer, RestVendor
from accountpulse.testing.vendors.server import serving


class Rows(Protocol):
    """The rows that one stream reads, under the kit's control. Ids are the `source_id` of the record that a row becomes.

    record: the type it becomes. path: in the path of each request for these rows. late: how much later than its own time a
    row may turn up. alive: the ids of the rows there are.
    """

    record: type[Record]
    path: str
    late: timedelta
    alive: set[str]

    def put(self, at: datetime | None = None) -> str:
        """Write a new row, now or with an older time; returns its id."""

    def touch(self, source_id: str) -> None:
        """Change a row so that its record differs."""

    def delete(self, source_id: str) -> None:
        """Delete a row as the vendor does."""

    def flood(self, count: int) -> None:
        """Have this many rows, all of the past."""


@dataclass(frozen=True, slots=True)
class Drift:
    """The fields that the kit takes away or fills with what nobody expects; None where a row has no such field.

    required: without it, the row can't be understood. optional: may be absent. typed: gets a value of another type.
    choice: gets a word that the vendor never used before.
    """

    required: str | None = None
    optional: str | None = None
    typed: str | None = None
    choice: str | None = None


@dataclass(kw_only=True)
class ServedRows:
    """Rows of one kind of a `SimulatedVendor`.

    make: the body of the n-th row. change: the fields that the n-th change sets. source_id: the record's id of a body.
    """

    server: SimulatedVendor
    kind: str
    path: str
    record: type[Record]
    make: Callable[[int], Json]
    change: Callable[[int], Json]
    source_id: Callable[[Json], str] = lambda body: str(body["id"])
    late: timedelta = timedelta(0)
    drift: Drift = field(default_factory=Drift)
    alive: set[str] = field(default_factory=set)
    ids: dict[str, str] = field(default_factory=dict)
    made: int = 0
    changes: int = 0

    def put(self, at: datetime | None = None) -> str:
        self.made += 1
        body = self.server.put(self.kind, self.make(self.made), at=at)
        found = self.source_id(body)
        self.ids[found] = self.server.identify(self.kind, body)
        self.alive.add(found)
        return found

    def touch(self, source_id: str) -> None:
        self.changes += 1
        self.server.touch(self.kind, self.ids[source_id], **self.change(self.changes))

    def delete(self, source_id: str) -> None:
        self.server.delete(self.kind, self.ids[source_id])
        self.alive.discard(source_id)

    def flood(self, count: int) -> None:
        start = self.server.clock.now() - timedelta(days=2)
        for number in range(self.made, count):
            self.put(start + timedelta(seconds=number))

    def is_row(self, body: Mapping[str, Any], source_id: str) -> bool:
        """Whether a JSON object is that row."""
        return self.ids[source_id] in {str(value) for value in body.values() if isinstance(value, str | int)}


@dataclass
class RestRows(ServedRows):
    """Rows of a `RestVendor`: a flood of them is made up while it is served."""

    def flood(self, count: int) -> None:
        if not isinstance(self.server, RestServer):
            raise TypeError("a flood is made up by a RestServer only")
        self.server.flood = count


@dataclass(frozen=True, slots=True)
class Site:
    """A running vendor. rows: by stream. settings: what `{name}` in the suite's settings stands for. server: None where there
    is no network between the connector and what it reads."""

    rows: Mapping[str, Rows]
    settings: Mapping[str, str]
    server: SimulatedVendor | None = None


class Vendor(Protocol):
    """Something that can be read, for the length of a test: what `ConnectorSuite.vendor` may be besides a `RestVendor`."""

    def open(self, clock: Clock, folder: Path) -> AbstractContextManager[Site]:
        """Start with nothing in it; it tells the time by `clock`, and may keep files in `folder`."""


@dataclass(frozen=True, slots=True)
class RestSite:
    """Some `RestVendor` lists on one server, by stream."""

    lists: Mapping[str, RestVendor]
    specs: Sequence[StreamSpec]
    tokens: Sequence[str]

    @contextmanager
    def open(self, clock: Clock, folder: Path) -> Iterator[Site]:  # noqa: ARG002  # it keeps no files
        server = RestServer(clock, self.lists, self.tokens)
        rows = {spec.name: self._rows(server, spec) for spec in self.specs if spec.name in self.lists}
        with serving(server):
            yield Site(rows, {"vendor": server.base_url}, server)

    def _rows(self, server: RestServer, spec: StreamSpec) -> Rows:
        look = self.lists[spec.name]
        return RestRows(
            server=server,
            kind=spec.name,
            path=look.path,
            record=spec.records[0],
            make=look.body,
            change=lambda n: {look.changes: f"Changed {n}"},
            source_id=lambda body: str(body[look.id]),
            late=look.late,
            drift=Drift(required=look.required, optional=look.changes, typed=look.changes),
        )


@dataclass(frozen=True, slots=True)
class Simulated:
    """A simulated vendor of a brand. make: the vendor by a clock, empty. rows: its rows by stream.

    `{name}` in a suite's settings is one of the vendor's credentials.
    """

    make: Callable[[Clock], SimulatedVendor]
    rows: Callable[[Any], Mapping[str, Rows]]

    @contextmanager
    def open(self, clock: Clock, folder: Path) -> Iterator[Site]:  # noqa: ARG002  # it keeps no files
        server = self.make(clock)
        with serving(server):
            yield Site(self.rows(server), {"vendor": server.base_url, **server.credentials}, server)


def filled(settings: Any, words: Mapping[str, str]) -> Any:
    """Settings with `{name}` replaced by what it stands for."""
    if isinstance(settings, str):
        for name, value in words.items():
            settings = settings.replace("{" + name + "}", value)
        return settings
    if isinstance(settings, Mapping):
        return {name: filled(value, words) for name, value in settings.items()}
    if isinstance(settings, list | tuple):
        return [filled(value, words) for value in settings]
    return settings


def secrets_of(value: object) -> list[str]:
    """Every secret in a configuration, in the clear."""
    if isinstance(value, SecretStr):
        return [value.get_secret_value()]
    if isinstance(value, BaseModel):
        return [secret for name in type(value).model_fields for secret in secrets_of(getattr(value, name))]
    if isinstance(value, Mapping):
        return [secret for each in value.values() for secret in secrets_of(each)]
    if isinstance(value, list | tuple | frozenset | set):
        return [secret for each in value for secret in secrets_of(each)]
    return []
