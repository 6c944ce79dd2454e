"""How large a request's body may be."""

from __future__ import annotations

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from accountpulse.core.errors import AccountPulseError

MAX_BODY = 1_000_000


class BodyTooLarge(AccountPulseError):
    """A request's body is larger than MAX_BODY bytes."""

    def __init__(self) -> None:
        super().__init__(f"the body is larger than {MAX_BODY:,} bytes; send less at once")


async def limited_body(announced: str, receive: Receive) -> bytes:
    """The body, read only as far as it is allowed. announced: the header Content-Length.

    Raises BodyTooLarge, at once where the header admits the size.
    """
    if announced.isdigit() and int(announced) > MAX_BODY:
        raise BodyTooLarge
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MAX_BODY:
            raise BodyTooLarge
        more = message.get("more_body", False)
    return b"".join(parts)
