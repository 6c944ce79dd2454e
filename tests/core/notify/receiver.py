"""A real HTTP receiver that a test can break."""

from __future__ import annotations

import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "a secret that only two know"


class Receiver:
    """Takes signed requests. status: what it answers; hangs: it takes the request and never answers."""

    def __init__(self, port: int = 0) -> None:
        self.taken: list[dict[str, Any]] = []
        self.seen: list[str] = []
        self.paths: list[str] = []
        self.status = 200
        self.headers: dict[str, str] = {}
        self.hangs = False
        self._free = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.paths.append(self.path)
                receiver.seen.append(self.headers["X-AccountPulse-Delivery"])
                if receiver.hangs:
                    receiver._free.wait(30)
                    return
                if receiver.status < 300:
                    assert verified(self.headers["X-AccountPulse-Timestamp"], self.headers["X-AccountPulse-Signature"], body)
                    receiver.taken.append(json.loads(body))
                self.send_response(receiver.status)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/hook"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def kill(self) -> None:
        """From now on nothing listens there."""
        self._free.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def verified(stamp: str, signature: str, body: bytes) -> bool:
    """Whether the request is signed as the documentation says."""
    wanted = hmac.new(SECRET.encode(), stamp.encode() + b"." + body, "sha256").hexdigest()
    return hmac.compare_digest(signature, f"sha256={wanted}")


@contextmanager
def receiving() -> Iterator[Receiver]:
    made = Receiver()
    try:
        yield made
    finally:
        made.kill()
