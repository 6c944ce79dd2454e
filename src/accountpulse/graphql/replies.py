"""Answers over HTTP, as plain ASGI: a kept answer must not cost more than sending it."""

from __future__ import annotations

from collections.abc import Sequence
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
    """A whole response. ready: the headers that it has beside `headers`, where they have been made before; see `common`."""

    body: bytes
    media_type: str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    ready: Sequence[tuple[bytes, bytes]] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's signature
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in self.headers.items()]
        headers += self.common() if self.ready is None else self.ready
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})

    def common(self) -> list[tuple[bytes, bytes]]:
        """The headers that follow from what it is."""
        if self.status == 304:
            return _GUARDED
        return [
            *_GUARDED,
            (b"content-type", f"{self.media_type}; charset=utf-8".encode()),
            (b"content-length", str(len(self.body)).encode()),
        ]


def guarded(send: Send) -> Send:
    """Sends a response of somebody else, with what it does not say of `GUARDED`."""

    async def sending(message: Any) -> None:
        if message["type"] == "http.response.start":
            said = {name.lower() for name, _ in message["headers"]}
            message["headers"] = [*message["headers"], *(each for each in _GUARDED if each[0] not in said)]
        await send(message)

    return sending
