"""The floor: a server that answers anything with the same bytes. Argument: how many."""

from __future__ import annotations

import sys

from starlette.types import Receive, Scope, Send
from tests.benchmarks.rivals.serve import serve

BODY = b"x" * int(sys.argv[1])
HEADERS = [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())]


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] != "http":
        return
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})


serve(app)
