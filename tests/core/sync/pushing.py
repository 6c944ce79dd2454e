"""A connector that is pushed to: each message's body says what to yield."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from tests.core.sync.vendor import NOON, ScriptedConfig

from accountpulse.core.clock import FixedClock
from accountpulse.core.errors import AuthError, InvalidRecord
from accountpulse.core.model import Account, Contact, UsageDay
from accountpulse.core.store import connections as store_connections
from accountpulse.core.store.database import Store
from accountpulse.core.store.facts import FACTS
from accountpulse.core.sync.connector import Connector, InboundRequest, Message, PushItem, UsageEvent, inbound
from accountpulse.core.sync.context import Context
from accountpulse.core.sync.engine import Source
from accountpulse.core.sync.inbox import drain, receive
from accountpulse.core.sync.results import StreamResult
from accountpulse.core.sync.specs import spec_of


class Pushed(Connector[ScriptedConfig]):
    """What a message means is looked up by its body."""

    id: ClassVar[str] = "pushed"
    title: ClassVar[str] = "Pushed"

    meaning: dict[str, Callable[[], Iterator[Any]]]

    @inbound("events", "batch", records=(Account, Contact, UsageDay), apply="apply")
    def receive(self, request: InboundRequest) -> list[Message]:
        """A JSON list of [key, body]; the header must carry the password."""
        if request.headers.get("password") != "open sesame":
            raise AuthError("wrong password")
        try:
            return [Message(key, body) for key, body in json.loads(request.body)]
        except ValueError:
            raise InvalidRecord("body", "the body is not JSON") from None

    def apply(self, message: Message) -> Iterator[PushItem]:
        body: Any = message.body
        if isinstance(body, dict) and "at" in body:
            yield UsageEvent(
                account=body.get("account", "acme"),
                user=body.get("user", "ann"),
                feature=body.get("feature", "export"),
                at=datetime.fromisoformat(body["at"]),
                seconds=body.get("seconds", 0),
            )
        elif isinstance(body, str) and body in self.meaning:
            yield from self.meaning[body]()


@dataclass
class Inbox:
    """A store, a clock and a pushed connection."""

    store: Store
    zone: str = "UTC"
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOON))

    def __post_init__(self) -> None:
        self.connector = Pushed(ScriptedConfig(), Context(connection="push", clock=self.clock, zone=ZoneInfo(self.zone)))
        self.connector.meaning = {}
        self.sent = 0
        with self.store.write() as connection:
            specs = [spec_of("push", self.connector, self.connector.config)]
            self.source = Source(store_connections.register(connection, specs, NOON)["push"], "push", self.connector)

    def push(self, *messages: tuple[str, Any], path: str = "events", password: str = "open sesame") -> int:
        body = json.dumps(messages).encode()
        return receive(
            self.store,
            self.clock,
            self.source,
            InboundRequest("POST", path, {"password": password}, body, self.clock.now()),
        )

    def use(self, *times: str, **values: Any) -> int:
        """Push one usage event per time, each with a key of its own."""
        messages = []
        for time in times:
            self.sent += 1
            messages.append((f"m{self.sent}", {"at": time, **values}))
        return self.push(*messages)

    def mean(self, body: str, *items: Any) -> None:
        """What a message with this body yields; an exception is raised."""

        def script() -> Iterator[Any]:
            for item in items:
                if isinstance(item, Exception) and not isinstance(item, InvalidRecord):
                    raise item
                yield item

        self.connector.meaning[body] = script

    def drain(self) -> StreamResult:
        return drain(self.store, self.clock, self.source)

    def versions(self, record: str = "usage_day") -> list[Any]:
        table = FACTS[record]
        with self.store.read() as connection:
            return [row._mapping for row in connection.execute(sa.select(table).order_by(table.c.id))]

    def days(self) -> dict[str, int]:
        """The current count of each day."""
        return {v["day"].isoformat(): v["count"] for v in self.versions() if v["known_to"] is None}

    def quarantine(self) -> dict[str, str]:
        with self.store.read() as connection:
            return {row.source_id: row.reason for row in store_connections.quarantined(connection, self.source.id)}
