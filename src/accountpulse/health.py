"""Says over HTTP whether a worker is alive and ready, for whoever starts and stops processes."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from accountpulse.core.errors import SettingsError

LIVE, READY = "/health/live", "/health/ready"


@contextmanager
def telling(host: str, port: int, *, alive: Callable[[], bool], ready: Callable[[], bool]) -> Iterator[int]:
    """Answer `/health/live` and `/health/ready` while the context lasts: 200, or 503 with what is wrong; gives the port.

    Raises SettingsError where the address can't be had.
    """
    answers = {
        LIVE: (alive, "alive", "no sign of life was given for long"),
        READY: (ready, "ready", "the store does not answer"),
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path not in answers:
                self._say(404, "there is nothing here")
                return
            asked, good, bad = answers[self.path]
            well = asked()
            self._say(200 if well else 503, good if well else bad)

        def _say(self, status: int, text: str) -> None:
            body = json.dumps({"status": text}).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Asked every few seconds, it is no news."""

    try:
        server = ThreadingHTTPServer((host, port), Handler)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise SettingsError([f"can't listen on {host} port {port}: {reason}; choose another with --health-port"]) from error
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="health", daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
