"""Serves a simulated vendor on loopback: a Starlette app under uvicorn in a daemon thread, on a port the system picks."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from time import monotonic, sleep

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from accountpulse.testing.vendors.control import Answer, Call, Endpoint, SeenRequest, SimulatedVendor, flatten_body, json_body

_SECRET_HEADERS = frozenset({"authorization", "cookie", "x-api-key"})


def vendor_app(vendor: SimulatedVendor) -> Starlette:
    """The vendor as an ASGI app. A path it does not serve is answered with the vendor's own 404."""
    routes = [Route(endpoint.path, _route(vendor, endpoint), methods=[endpoint.method]) for endpoint in vendor.endpoints()]
    routes.append(Route("/{rest:path}", _route(vendor, None), methods=["GET", "POST", "PUT", "PATCH", "DELETE"]))
    return Starlette(routes=routes)


@contextmanager
def serving(*vendors: SimulatedVendor) -> Iterator[None]:
    """Serve each vendor on a port of 127.0.0.1 while the context lasts. Sets their `base_url`."""
    running: list[tuple[uvicorn.Server, threading.Thread, socket.socket]] = []
    try:
        for vendor in vendors:
            running.append(_launch(vendor))
        for server, thread, _ in running:
            _await_start(server, thread)
        yield
    finally:
        for server, _, _ in running:
            server.should_exit = True
            server.force_exit = True  # a client's kept-alive connection must not hold the tests up
        for _, thread, listener in running:
            thread.join(timeout=10)
            listener.close()


class _Server(uvicorn.Server):
    """Ends at once. uvicorn's own looks ten times a second whether it is to end, and then waits another tenth for
    its connections; a run of the tests ends thousands of vendors.
    """

    async def main_loop(self) -> None:
        ticks = 0
        while not await self.on_tick(ticks):
            ticks = (ticks + 1) % 1_000
            await asyncio.sleep(0.005)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002  # closed by who opened them
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()


def _launch(vendor: SimulatedVendor) -> tuple[uvicorn.Server, threading.Thread, socket.socket]:
    # asyncio turns Nagle's algorithm off only for sockets that name TCP; with it on, each answer waits 40 ms
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    vendor.base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    config = uvicorn.Config(vendor_app(vendor), log_config=None, access_log=False, lifespan="off", ws="none")
    server = _Server(config)
    name = f"vendor-{vendor.name}"
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name=name, daemon=True)
    thread.start()
    return server, thread, listener


def _await_start(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = monotonic() + 20
    while not server.started:
        if not thread.is_alive() or monotonic() > deadline:
            raise RuntimeError("the simulated vendor did not start listening on 127.0.0.1")
        sleep(0.005)


def _route(vendor: SimulatedVendor, endpoint: Endpoint | None) -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request) -> Response:
        raw = await request.body()
        content_type = request.headers.get("content-type", "")
        call = Call(
            method=request.method,
            path=request.url.path,
            path_params=request.path_params,
            query=tuple(request.query_params.multi_items()),
            headers=request.headers,
            form=flatten_body(raw, content_type),
            json=json_body(raw, content_type),
        )
        answer, delay = vendor.respond(endpoint, call)
        if delay:
            await asyncio.sleep(delay)
        vendor.requests.append(_seen(request, answer))
        return _response(answer)

    return handle


def _seen(request: Request, answer: Answer) -> SeenRequest:
    headers = {name: value for name, value in request.headers.items() if name not in _SECRET_HEADERS}
    return SeenRequest(request.method, request.url.path, request.url.query, answer.status, headers)


def _response(answer: Answer) -> Response:
    if isinstance(answer.body, str):
        return Response(answer.body, answer.status, dict(answer.headers))
    content = json.dumps(answer.body, separators=(",", ":"), ensure_ascii=False)
    return Response(content, answer.status, dict(answer.headers), media_type="application/json")
