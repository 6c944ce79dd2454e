"""Running one stream of a connector as the engine does, for tests that look at what it yields."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from accountpulse.core.sync.connector import Connector
from accountpulse.plugins import Checkpoint, Deleted, InvalidRecord, Item, Window

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@dataclass
class Read:
    """What a run of a stream yielded; `error` is what ended it early."""

    records: list[Any] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    invalid: list[InvalidRecord] = field(default_factory=list)
    checkpoints: list[Any] = field(default_factory=list)
    error: Exception | None = None

    @property
    def ids(self) -> list[str]:
        return [each.source_id for each in self.records]

    @property
    def cursor(self) -> Any:
        return self.checkpoints[-1] if self.checkpoints else None

    def take(self, item: Item) -> None:
        match item:
            case Checkpoint(cursor):
                self.checkpoints.append(cursor)
            case Deleted(_, source_id):
                self.deleted.append(source_id)
            case InvalidRecord():
                self.invalid.append(item)
            case _:
                self.records.append(item)


def read_stream(connector: Connector[Any], stream: str, cursor: Any, now: datetime) -> Read:
    """Run a stream: the last checkpoint comes back as the cursor, or as a time less the look-back. An error ends the run."""
    found = Read()
    spec = next(each for each in connector.streams() if each.name == stream)
    since = None
    if isinstance(cursor, datetime):
        since, cursor = cursor - spec.look_back, None
    try:
        for item in getattr(connector, stream)(Window(since=since, until=now - spec.lag, cursor=cursor)):
            found.take(item)
    except Exception as error:  # the test says which it expects
        found.error = error
    return found
