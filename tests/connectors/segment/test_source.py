"""The Segment receiver, by hand and with Segment's own client."""

from __future__ import annotations

import base64
import gzip
import json
import logging
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from segment.analytics.client import Client

from accountpulse.connectors.segment.source import MAX_BATCH, MAX_EVENT, Segment, SegmentConfig
from accountpulse.core.clock import FixedClock
from accountpulse.plugins import (
    Account,
    AuthError,
    Contact,
    Context,
    InboundRequest,
    InvalidRecord,
    Message,
    UsageEvent,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
KEY = "wk_CANARY_0123456789"


def make(**settings: Any) -> Segment:
    return Segment(SegmentConfig(**{"write_keys": (KEY, "wk_next"), **settings}), Context("usage", clock=FixedClock(NOW)))


def request(
    path: str, body: Any, *, key: str | None = KEY, headers: dict[str, str] | None = None, raw: bytes | None = None
) -> InboundRequest:
    sent = {} if key is None else {"authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}
    data = json.dumps(body).encode() if raw is None else raw
    return InboundRequest(method="POST", path=path, headers=sent | (headers or {}), body=data, received_at=NOW)


def track(**more: Any) -> dict[str, Any]:
    return {
        "type": "track",
        "event": "Report opened",
        "userId": "u1",
        "messageId": "m1",
        "timestamp": (NOW - timedelta(hours=1)).isoformat(),
        "context": {"groupId": "001"},
    } | more


def applied(connector: Segment, messages: list[Message]) -> list[Any]:
    stored = [Message(m.key, json.loads(json.dumps(m.body))) for m in messages]  # as the inbox gives them back
    return [item for message in stored for item in connector.apply(message)]


USED = UsageEvent(account="001", user="u1", feature="Report opened", at=NOW - timedelta(hours=1))


@pytest.mark.parametrize("path", ["v1/batch", "batch", "v1/import", "/in/usage/v1/batch"])
def test_a_batch(path: str) -> None:
    segment = make()
    assert applied(segment, segment.receive(request(path, {"batch": [track()]}))) == [USED]


def test_every_declared_path_is_received() -> None:
    (spec,) = Segment.inbounds()
    assert set(spec.paths) >= {f"v1/{kind}" for kind in ("track", "identify", "group", "page", "screen", "alias", "batch")}
    segment = make()
    for path in spec.paths:
        body = track() if path not in ("v1/batch", "v1/import", "batch") else {"batch": [track()]}
        (message,) = segment.receive(request(path, body))
        assert message.key == "m1"


def test_kinds_of_calls() -> None:
    segment = make()
    batch = [
        {"type": "group", "groupId": "001", "userId": "u1", "traits": {"name": "Acme"}},
        {"type": "identify", "userId": "u1", "traits": {"email": "a@acme.example"}, "context": {"groupId": "001"}},
        {"type": "identify", "userId": "u1", "traits": {"email": "a@acme.example"}},
        {"type": "page", "name": "Home", "anonymousId": "x", "context": {"groupId": "001"}},
        {"type": "alias", "userId": "u1", "previousId": "x"},
        track(context={}),
        track(userId=None, messageId="m2"),
    ]
    found = applied(segment, segment.receive(request("v1/batch", {"batch": batch})))
    assert [type(item) for item in found] == [Account, Contact, UsageEvent]
    assert found[2].feature == "page: Home"
    assert segment.unattributed == 3


def test_only_key_events_count_when_named() -> None:
    segment = make(key_events=("page: Home",))
    batch = [track(), {"type": "page", "name": "Home", "userId": "u", "context": {"groupId": "1"}}]
    assert [i.feature for i in applied(segment, segment.receive(request("v1/batch", {"batch": batch})))] == ["page: Home"]


def test_a_repeated_call_is_one_message_and_the_write_key_is_not_kept() -> None:
    messages = make().receive(
        request("v1/batch", {"batch": [track(writeKey=KEY), track(), track(messageId="m2")], "writeKey": KEY})
    )
    assert [message.key for message in messages] == ["m1", "m2"]
    assert KEY not in json.dumps([message.body for message in messages])


@pytest.mark.parametrize(
    ("key", "body"),
    [
        (KEY, {}),
        ("wk_next", {}),
        (None, {"writeKey": KEY}),
        (None, {"batch": [track(writeKey=KEY)]}),
    ],
)
def test_keys_that_are_let_in(key: str | None, body: dict[str, Any]) -> None:
    assert make().receive(request("v1/batch", {"batch": [track()], **body}, key=key))


@pytest.mark.parametrize(
    ("key", "body", "headers"),
    [
        ("wrong", {}, {}),
        ("", {}, {}),
        (None, {}, {}),
        (None, {"writeKey": ["x"]}, {}),
        (None, {"writeKey": KEY, "batch": [track(writeKey="other")]}, {}),
        ("wrong", {"writeKey": KEY}, {}),
        (None, {}, {"authorization": "Basic %%%"}),
        (None, {}, {"authorization": f"Bearer {KEY}"}),
    ],
)
def test_keys_that_are_not(key: str | None, body: dict[str, Any], headers: dict[str, str]) -> None:
    with pytest.raises(AuthError, match="write_keys"):
        make().receive(request("v1/batch", {"batch": [track()], **body}, key=key, headers=headers))


def test_gzip_and_its_limit() -> None:
    packed = {"content-encoding": "gzip"}
    whole = gzip.compress(json.dumps({"batch": [track()]}).encode())
    assert len(make().receive(request("v1/batch", None, headers=packed, raw=whole))) == 1
    bomb = gzip.compress(b" " * 50_000_000)
    assert len(bomb) < MAX_BATCH
    for raw, problem in ((bomb, "larger than"), (whole[:-9], "cut off"), (b"plain", "not valid gzip")):
        with pytest.raises(InvalidRecord, match=problem):
            make().receive(request("v1/batch", None, headers=packed, raw=raw))
    with pytest.raises(InvalidRecord, match="Content-Encoding"):
        make().receive(request("v1/batch", None, headers={"content-encoding": "br"}, raw=whole))


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"{", "not JSON"),
        (b"\xff", "not JSON"),
        (b'{"batch": [{"type": "track", "x": NaN}]}', "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "must be a JSON object"),
        (b"{}", "needs `batch`"),
        (b'{"batch": [1]}', r"batch\[0\]: a call must be a JSON object"),
        (b'{"batch": [{"type": "delete"}]}', "`type` must be one of alias, group"),
        (b'{"batch": [{"type": "track", "context": "x"}]}', "`context` must be a JSON object"),
        (json.dumps({"batch": [track(properties={"x": "a" * MAX_EVENT})]}).encode(), "at most 32768"),
        (b" " * (MAX_BATCH + 1), "smaller batches"),
    ],
)
def test_bodies_that_cannot_be_read(raw: bytes, problem: str) -> None:
    with pytest.raises(InvalidRecord, match=problem):
        make().receive(request("v1/batch", None, raw=raw))


def test_the_key_is_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    segment = make()
    with pytest.raises(AuthError) as caught:
        segment.receive(request("v1/batch", {}, key=KEY + "x"))
    applied(segment, segment.receive(request("v1/batch", {"batch": [track(context={})], "writeKey": KEY})))
    segment.close()
    assert "1 calls could not be attributed" in caplog.text
    assert KEY not in "".join(traceback.format_exception(caught.value)) + repr(segment.config) + caplog.text


# --- Segment's own client -----------------------------------------------------------------------------------------------


@contextmanager
def listening(segment: Segment, taken: list[Message]) -> Iterator[str]:
    """The receiver behind a small HTTP server on loopback, answering as the app does."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            pushed = InboundRequest(method="POST", path=self.path, headers=headers, body=body, received_at=datetime.now(UTC))
            status = 200
            try:
                taken.extend(segment.receive(pushed))
            except AuthError:
                status = 401
            except InvalidRecord:
                status = 400
            answer = json.dumps({"success": status == 200}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:
            """Keep quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/in/usage"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("packed", [False, True])
def test_segments_own_client_is_understood(packed: bool) -> None:
    segment, taken, refused = make(), list[Message](), list[Exception]()
    began = datetime.now(UTC)
    with listening(segment, taken) as host:
        client = Client(
            KEY, host=host, gzip=packed, max_retries=0, upload_interval=0.05, on_error=lambda e, _: refused.append(e)
        )
        client.group("u1", "001", {"name": "Acme"})
        client.identify("u1", {"email": "ann@acme.example"}, context={"groupId": "001"})
        for n in range(150):
            client.track("u1", f"Feature {n % 3}", {"seconds": n}, context={"groupId": "001"})
        client.page("u1", "docs", "Home", context={"groupId": "001"})
        client.shutdown()
    found = applied(segment, taken)
    assert refused == []
    assert [type(item) for item in found[:2]] == [Account, Contact]
    usage = [item for item in found if isinstance(item, UsageEvent)]
    assert len(usage) == 151
    assert all(began - timedelta(seconds=1) <= item.at <= datetime.now(UTC) for item in usage)
    assert {item.feature for item in usage} == {"Feature 0", "Feature 1", "Feature 2", "page: Home"}


def test_segments_own_client_is_told_of_a_wrong_key() -> None:
    taken, refused = list[Message](), list[Exception]()
    with listening(make(), taken) as host:
        client = Client("wrong", host=host, max_retries=0, upload_interval=0.05, on_error=lambda e, _: refused.append(e))
        client.track("u1", "Feature", context={"groupId": "001"})
        client.shutdown()
    assert taken == []
    assert len(refused) == 1
