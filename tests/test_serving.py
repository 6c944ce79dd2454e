"""How the API is served."""

from __future__ import annotations

import asyncio
import socket

from accountpulse.serving import bound


def test_answers_are_sent_at_once() -> None:
    assert asyncio.run(_nagle_is_off())


async def _nagle_is_off() -> bool:
    sent_at_once: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def come(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sent_at_once.set_result(bool(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)))
        writer.close()

    with bound("127.0.0.1", 0) as listener:
        async with await asyncio.start_server(come, sock=listener.socket):
            _, writer = await asyncio.open_connection("127.0.0.1", listener.port)
            found = await sent_at_once
            writer.close()
    return found
