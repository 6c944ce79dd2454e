"""A WebSocket's door: shut when the token ends with which it was opened."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack

from starlette.types import Message, Send

from accountpulse.core.store.tokens import Viewer
from accountpulse.graphql.live.guests import Guests

LATER = 1013, "Try Again Later"
"""The standard's own word for what passes by itself: clients connect again without being told to."""
FORBIDDEN = 4403
"""What clients of graphql-transport-ws take as: connect again, with another token."""


class Door:
    """Of one WebSocket; open while the context lasts. send: sends to the client."""

    def __init__(self, guests: Guests, send: Send) -> None:
        self._guests, self._send, self._held = guests, send, ExitStack()
        self._shut = self._later = False
        self._shutting: asyncio.Task[None] | None = None

    def __enter__(self) -> Door:
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def let_in(self, viewer: Viewer | None) -> None:
        """From now on the viewer's token counts."""
        self._held.enter_context(self._guests.here(viewer, self._shut_now))

    def put_off(self) -> None:
        """Nobody can tell just now who is there: the client is to come again later, whatever closes the socket."""
        self._later = True

    async def send(self, message: Message) -> None:
        """What goes out; nothing does any longer once it is shut."""
        if not self._shut:
            self._shut = message["type"] == "websocket.close"
            if self._shut and self._later:
                message = {**message, "code": LATER[0], "reason": LATER[1]}
            await self._send(message)

    def _shut_now(self) -> None:
        if not self._shut:
            self._shutting = asyncio.create_task(self._say_shut())
            self._shut = True

    async def _say_shut(self) -> None:
        await self._send({"type": "websocket.close", "code": FORBIDDEN, "reason": "Forbidden"})
