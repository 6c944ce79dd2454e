"""The last three days of usage, sent by Segment's own client to a small receiver."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from accountpulse.testing.vendors import World


class Receiver:
    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.keys: set[str] = set()
        self.status = 200
        self.host = ""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            kept.keys.add(base64.b64decode(self.headers["Authorization"].split()[1]).decode())
            if kept.status == 200:
                kept.messages += body["batch"]
            self.send_response(kept.status)
            self.send_header("Content-Length", "16")
            self.end_headers()
            self.wfile.write(b'{"success":true}')

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    kept.host = f"http://127.0.0.1:{server.server_address[1]}"
    yield kept
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_real_client_sends_them_with_stable_ids(world: World, receiver: Receiver) -> None:
    assert world.send_usage_events(receiver.host, "wk_test") == len(world.messages) == len(receiver.messages)
    first = {each["messageId"] for each in receiver.messages}
    assert len(first) == len(receiver.messages)
    assert receiver.keys == {"wk_test:"}
    world.send_usage_events(receiver.host, "wk_test")
    assert {each["messageId"] for each in receiver.messages} == first
    track = next(each for each in receiver.messages if each["type"] == "track")
    assert track["context"]["groupId"].startswith("001")
    assert {each["type"] for each in receiver.messages} == {"track", "identify", "group"}


def test_a_refusal_is_told(world: World, receiver: Receiver) -> None:
    receiver.status = 400
    with pytest.raises(RuntimeError, match="refused usage events"):
        world.send_usage_events(receiver.host, "wk_test")
