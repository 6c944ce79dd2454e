"""Somebody who watches scores over a WebSocket, and notes when each was told."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.load.site import PATIENCE, Served
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

CHANGED = "subscription { scoreChanged { score band account { name score { components { metric { name } state reason } } } } }"


@dataclass(frozen=True, slots=True)
class Told:
    """A score that was told. at: by `time.perf_counter`."""

    at: float
    account: str
    event: dict[str, Any]

    def reason(self, metric: str) -> str | None:
        """The reason that one component gives."""
        parts = self.event["account"]["score"]["components"]
        return next((part["reason"] for part in parts if part["metric"]["name"] == metric), None)


@dataclass
class Watcher:
    """What was told so far, in order."""

    told: list[Told] = field(default_factory=list)
    _news: threading.Condition = field(default_factory=threading.Condition)

    def wait_for(self, account: str, since: int) -> Told:
        """The first that was told of an account after so many."""
        deadline = time.monotonic() + PATIENCE
        with self._news:
            while True:
                for each in self.told[since:]:
                    if each.account == account:
                        return each
                left = deadline - time.monotonic()
                assert left > 0, f"nothing was told of {account}"
                self._news.wait(left)

    def listen(self, socket: ClientConnection) -> None:
        while True:
            try:
                message = json.loads(socket.recv())
            except ConnectionClosed:
                return
            if message["type"] == "ping":
                continue
            assert message["type"] == "next", message
            assert "errors" not in message["payload"], message
            event = message["payload"]["data"]["scoreChanged"]
            with self._news:
                self.told.append(Told(time.perf_counter(), event["account"]["name"], event))
                self._news.notify_all()


@contextmanager
def watching(served: Served) -> Iterator[Watcher]:
    """Watch all scores of a site while the context lasts."""
    watcher = Watcher()
    address = served.address.replace("http://", "ws://") + "/graphql"
    with connect(address, subprotocols=[Subprotocol("graphql-transport-ws")]) as socket:
        for message in (
            {"type": "connection_init", "payload": {"authorization": f"Bearer {served.tokens[0]}"}},
            {"type": "subscribe", "id": "1", "payload": {"query": CHANGED}},
        ):
            socket.send(json.dumps(message))
        assert json.loads(socket.recv(timeout=PATIENCE))["type"] == "connection_ack"
        # Nobody says when a subscription has begun to watch; it has once the store was read, long before this is over.
        time.sleep(1)
        thread = threading.Thread(target=watcher.listen, args=(socket,), daemon=True)
        thread.start()
        yield watcher
    thread.join(10)
