"""How large a request's body may be."""

from __future__ import annotations

from starlette.requests import Request

from accountpulse.core.errors import AccountPulseError

MAX_BODY = 1_000_000


class BodyTooLarge(AccountPulseError):
    """A request's body is larger than MAX_BODY bytes."""

    def __init__(self) -> None:
        super().__init__(f"the body is larger than {MAX_BODY:,} bytes; send less at once")


async def limited_body(request: Request) -> bytes:
    """The body, read only as far as it is allowed. Raises BodyTooLarge, at once where the header admits the size."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > MAX_BODY:
        raise BodyTooLarge
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BODY:
            raise BodyTooLarge
        parts.append(part)
    return b"".join(parts)
