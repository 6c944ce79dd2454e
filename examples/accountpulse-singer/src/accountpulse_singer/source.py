"""The two connectors: `singer` goes on where the tap was, `singer_snapshot` reads everything and deletes what is absent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from accountpulse.plugins import (
    Checkpoint,
    ConfigError,
    Connector,
    ConnectorError,
    Context,
    Identity,
    Item,
    OpaqueCursor,
    Record,
    StreamSpec,
    Transient,
    Window,
    schemas,
    stream,
)
from accountpulse_singer.config import SingerConfig
from accountpulse_singer.mapping import TapMapping
from accountpulse_singer.messages import Message
from accountpulse_singer.tap import Tap

ANY_RECORD: tuple[type[Record], ...] = tuple(schema.cls for schema in schemas().values())


class _Base(Connector[SingerConfig]):
    """What both do: run the tap, and map what it says."""

    def __init__(self, config: SingerConfig, context: Context) -> None:
        super().__init__(config, context)
        self.tap = Tap(config, context)

    def check(self) -> Identity:
        """Runs the tap until its first row or state, which it can't give without good credentials."""
        with self.tap.messages(None) as messages:
            for message in messages:
                if message["type"] in ("RECORD", "STATE"):
                    break
        # The tap doesn't say whose data it reads; where nobody else does, the connection is just a tap's.
        who = self.config.who
        return Identity(f"{self.config.tap}: {who}" if who else self.id, who or self.config.tap)

    @classmethod
    def stream_records(cls, spec: StreamSpec, config: SingerConfig) -> tuple[type[Record], ...]:  # noqa: ARG003
        return config.streams().records

    def _items(
        self, messages: Iterator[Message], mapping: TapMapping, versions: dict[str, _Version]
    ) -> Iterator[Item | Message]:
        """Records of what is mapped; STATE messages as they are."""
        known: set[str] = set()
        for message in messages:
            kind, name = message["type"], str(message.get("stream"))
            if kind == "STATE":
                yield message
            elif kind == "BATCH":
                raise ConnectorError(f"{self.config.tap} hands over files (BATCH); turn batch_config off in settings")
            elif name not in mapping.streams:
                continue
            elif kind == "SCHEMA":
                self._take_schema(mapping, name, message)
                known.add(name)
            elif kind == "ACTIVATE_VERSION":
                versions.setdefault(name, _Version()).activated = message.get("version")
            elif kind == "RECORD":
                if name not in known:
                    raise ConnectorError(f"{self.config.tap} gave a row of {name!r} before its SCHEMA")
                if message.get("version") is not None:
                    versions.setdefault(name, _Version()).rows = message["version"]
                row = message.get("record")
                if not isinstance(row, dict):
                    raise ConnectorError(f"{self.config.tap} gave a RECORD of {name!r} that is no object")
                built = (record.build(row) for record in mapping.streams[name].records)
                yield from (item for item in built if item is not None)

    def _take_schema(self, mapping: TapMapping, name: str, message: Message) -> None:
        problems, warnings = mapping.drift(name, message.get("schema") or {})
        for warning in warnings:
            self.context.log.warning("%s", warning)
        if problems:
            raise ConfigError("mapping", "; ".join(problems))


class _Version:
    """Of a stream: the version that its rows carry, and the one that the tap declared complete."""

    rows: Any = None
    activated: Any = None


class Singer(_Base):
    """Any Singer tap, from where it was the last time."""

    id, title = "singer", "Singer tap"

    @stream(*ANY_RECORD, cursor=OpaqueCursor("the tap's own state"), deletes="tombstones")
    def rows(self, window: Window) -> Iterator[Item]:
        """The rows of the mapped streams. Lag, ties and what is read again are the tap's own.

        A row is deleted where the mapping's `deleted` column says so. Its state is kept as the tap gives it; with another
        mapping everything is read again.
        """
        mapping, state = self.config.streams(), None
        if isinstance(window.cursor, dict) and window.cursor.get("mapping") == mapping.digest:
            state = window.cursor.get("state")
        with self.tap.messages(state) as messages:
            for item in self._items(messages, mapping, {}):
                yield Checkpoint({"mapping": mapping.digest, "state": item.get("value")}) if isinstance(item, dict) else item


class SingerSnapshot(_Base):
    """Any Singer tap that gives everything each time: what it no longer gives is deleted."""

    id, title = "singer_snapshot", "Singer tap, complete"

    @stream(*ANY_RECORD, deletes="snapshot")
    def rows(self, window: Window) -> Iterator[Item]:  # noqa: ARG002 - it reads everything
        """All rows of the mapped streams, each time, without a state.

        Only a run whose tap ended well, and declared each version that its rows carry complete, deletes what is absent.
        """
        versions: dict[str, _Version] = {}
        with self.tap.messages(None) as messages:
            yield from (i for i in self._items(messages, self.config.streams(), versions) if not isinstance(i, dict))
        for name, version in versions.items():
            if version.rows is not None and version.activated != version.rows:
                raise Transient(f"{self.config.tap} did not declare {name!r} complete (ACTIVATE_VERSION); nothing is deleted")
