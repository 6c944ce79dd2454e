"""Retry-After in every way vendors write it, and every answer of a vendor as one of our errors."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from tests.core.sync.vendor import NOON

from accountpulse.core.errors import AuthError, ConnectorError, PermissionMissing, RateLimited, Transient
from accountpulse.core.sync.http import HttpSession, retry_after

SECRET = "canary-token"


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("7", timedelta(seconds=7)),
        ("1.5", timedelta(seconds=1.5)),
        ("-3", timedelta(0)),
        ("Mon, 02 Mar 2026 12:01:00 GMT", timedelta(minutes=1)),
        ("Mon, 02 Mar 2026 12:01:00 -0000", timedelta(minutes=1)),
        ("Mon, 02 Mar 2026 11:00:00 GMT", timedelta(0)),
        (None, None),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("1e300", None),
    ],
)
def test_retry_after_is_read_or_absent_but_never_fatal(header: str | None, wait: timedelta | None) -> None:
    """R28: seconds and HTTP dates."""
    assert retry_after(header, NOON) == wait


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status = int(self.path.split("/")[1].split("?")[0])
        if status == 0:  # cut off in the middle of the body
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b'{"a"')
            return
        body = {200: b"<html>sorry</html>", 201: b'{"a": '}.get(status, f"you sent {SECRET}".encode())
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Retry-After", "9")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, AuthError),
        (403, PermissionMissing),
        (404, ConnectorError),
        (408, Transient),
        (429, RateLimited),
        (500, Transient),
        (502, Transient),
        (503, Transient),
        (200, Transient),
        (201, Transient),
        (0, Transient),
    ],
)
def test_every_bad_answer_is_one_of_our_errors_without_body_or_query(
    base: str, status: int, error: type[ConnectorError]
) -> None:
    """R30, R43: an HTML page with status 200, truncated JSON and a reset in mid-body as well."""
    with HttpSession() as session, pytest.raises(error) as caught:
        session.get_json(f"{base}/{status}", params={"token": SECRET})
    assert type(caught.value) is error
    assert SECRET not in str(caught.value)
    if isinstance(caught.value, RateLimited):
        assert caught.value.retry_after == timedelta(seconds=9)


def test_a_vendor_that_is_not_there_is_a_passing_fault() -> None:
    """R30."""
    with HttpSession() as session, pytest.raises(Transient, match="could not be reached"):
        session.get_json("http://127.0.0.1:9")
