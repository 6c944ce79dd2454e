"""Serving the API with uvicorn: in this thread for `accountpulse serve`, in one of its own for the demo."""

from __future__ import annotations

import socket as sockets
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from accountpulse.core.errors import SettingsError, StoreError

if TYPE_CHECKING:
    import uvicorn

    from accountpulse.hub import Hub

START_TIMEOUT = 30.0
KEEP_ALIVE = 75
"""Seconds that an idle connection stays open: longer than proxies keep theirs (nginx: 60). One that closes first loses what its
other side is just sending; at uvicorn's 5 that happened to clients who ask every five seconds."""


SWITCH = 0.001
"""Seconds that a thread may run Python before another that waits gets its turn. An answer waits for its turn dozens of times,
at Python's own 5 ms each, while the same process reads a vendor."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A bound socket. port: the one really taken, where 0 was asked for."""

    socket: sockets.socket
    host: str
    port: int


@contextmanager
def bound(host: str, port: int) -> Iterator[Listener]:
    """Bind an address before anything is announced. Raises SettingsError where it can't be."""
    family = sockets.AF_INET6 if ":" in host else sockets.AF_INET
    # asyncio turns Nagle's algorithm off only where the protocol is named; else each answer waits 40 ms for the client's word
    # that the headers came.
    listener = sockets.socket(family, sockets.SOCK_STREAM, sockets.IPPROTO_TCP)
    try:
        listener.setsockopt(sockets.SOL_SOCKET, sockets.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen()  # whoever reads the address may come at once, and waits until the server is there
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise SettingsError([f"can't listen on {host} port {port}: {reason}; choose another with --port"]) from error
        yield Listener(listener, f"[{host}]" if ":" in host else host, listener.getsockname()[1])
    finally:
        listener.close()


def server_of(hub: Hub) -> uvicorn.Server:
    """The API as a uvicorn server that logs through our own loggers."""
    import uvicorn

    from accountpulse.graphql.app import create_app

    sys.setswitchinterval(SWITCH)
    app = create_app(hub, settings=hub.settings.server.api)
    return uvicorn.Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
            timeout_keep_alive=KEEP_ALIVE,
        )
    )


@contextmanager
def answering_prometheus(hub: Hub, port: int | None = None) -> Iterator[str | None]:
    """Answer Prometheus while the context lasts, where the configuration or `port` says so; yields the address.

    Raises SettingsError where the port can't be had.
    """
    said = hub.settings.server.metrics
    if said is None and port is None:
        yield None
        return
    from accountpulse.core.observe.meters import served

    host, configured = said or ("127.0.0.1", 0)
    wanted = configured if port is None else port
    with ExitStack() as stack:
        try:
            taken = stack.enter_context(served(hub.store, hub.clock, hub.settings.contracts, host, wanted))
        except OSError as error:
            reason = error.strerror or type(error).__name__
            problem = f"can't answer Prometheus on {host} port {wanted}: {reason}; choose another with --metrics-port"
            raise SettingsError([problem]) from error
        yield f"http://{host}:{taken}/metrics"


@contextmanager
def serving(hub: Hub, host: str, port: int) -> Iterator[Listener]:
    """Serve the API in a thread while the context lasts."""
    with bound(host, port) as listener:
        server = server_of(hub)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener.socket]}, name="api", daemon=True)
        thread.start()
        try:
            deadline = time.monotonic() + START_TIMEOUT
            while not server.started:
                if not thread.is_alive() or time.monotonic() > deadline:
                    raise StoreError("the API did not start; see the log above")
                time.sleep(0.01)
            yield listener
        finally:
            server.should_exit = True
            thread.join(timeout=15)
