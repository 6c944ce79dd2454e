"""Answers over HTTP, as plain ASGI: a kept answer must not cost more than sending it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from starlette.types import Receive, Scope, Send

GUARDED = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-site",
}
"""What every response says to browsers, where it does not say more itself: an answer is data, and nothing to show or embed."""
_GUARDED = [(name.encode(), value.encode()) for name, value in GUARDED.items()]


@dataclass(slots=True)
class Reply:
    """A whole response."""

    body: bytes
    media_type: str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's signature
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in self.headers.items()]
        headers += _GUARDED
        if self.status != 304:
            headers.append((b"content-type", f"{self.media_type}; charset=utf-8".encode()))
            headers.append((b"content-length", str(len(self.body)).encode()))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


def guarded(send: Send) -> Send:
    """Sends a response of somebody else, with what it does not say of `GUARDED`."""

    async def sending(message: Any) -> None:
        if message["type"] == "http.response.start":
            said = {name.lower() for name, _ in message["headers"]}
            message["headers"] = [*message["headers"], *(each for each in _GUARDED if each[0] not in said)]
        await send(message)

    return sending
