"""What telling a change costs: CPU time of the server while 1, 10 and 100 clients watch the same subscription.

Those who ask the same thing with the same token share one execution, so that each more costs no more than sending.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta

import sqlalchemy as sa
from tests.benchmarks.claims import Fact, Report
from tests.benchmarks.measure import family_cpu
from tests.benchmarks.portfolio import NOW
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from accountpulse.core.store import tables
from accountpulse.core.store.database import Store
from accountpulse.core.store.revisions import bump

WATCHERS = (1, 10, 100)
CHANGES = 20
WATCHED = """subscription { scoreChanged { score scoreBefore band
  account { name owner plan score { components { group contribution reason } } } } }"""
PATIENCE = 20


class NotTold(Exception):
    """A change did not come; the message says what did."""


def measure(report: Report, url: str, port: int, pid: int, headers: dict[str, str], step: Callable[[str], None]) -> None:
    """Watch a server's store in growing numbers, and change a score time and again."""
    store = Store(url)
    number = 0

    def change() -> None:
        nonlocal number
        number += 1
        s = tables.score_current.c
        new = {"score": number % 100, "content_hash": f"change {number}".encode(), "scored_at": NOW + timedelta(seconds=number)}
        with store.write() as connection:
            one = sa.select(sa.func.min(s.account_id)).scalar_subquery()
            connection.execute(sa.update(tables.score_current).where(s.account_id == one).values(**new))
            bump(connection, "scores")

    try:
        for watchers in WATCHERS:
            step(f"{watchers} watch")
            with ExitStack() as stack:
                sockets = [stack.enter_context(_watching(port, headers)) for _ in range(watchers)]
                _until_all_are_told(sockets, change)
                before = family_cpu(pid)
                for _ in range(CHANGES):
                    change()
                    for socket in sockets:
                        if not _told(socket, PATIENCE):
                            raise NotTold("somebody who watches was not told")
                cpu = (family_cpu(pid) - before) / CHANGES * 1_000
            report.facts.append(Fact(f"a change, told to {watchers} who watch the same", cpu, "ms of CPU"))
    finally:
        store.close()


def _watching(port: int, headers: dict[str, str]) -> ClientConnection:
    socket = connect(f"ws://127.0.0.1:{port}/graphql", subprotocols=[Subprotocol("graphql-transport-ws")])
    socket.send(json.dumps({"type": "connection_init", "payload": headers}))
    socket.recv(timeout=PATIENCE)
    socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": {"query": WATCHED}}))
    return socket


def _until_all_are_told(sockets: list[ClientConnection], change: Callable[[], None]) -> None:
    """Change something until everybody is told, as nobody says when a subscription began to watch; then take what is left."""
    waiting = list(sockets)
    while waiting:
        change()
        waiting = [socket for socket in waiting if not _told(socket, 1)]
    for socket in sockets:
        while _told(socket, 0.2):
            pass


def _told(socket: ClientConnection, seconds: float) -> bool:
    try:
        said = json.loads(socket.recv(timeout=seconds))
    except TimeoutError:
        return False
    if said["type"] != "next" or "errors" in said["payload"]:
        raise NotTold(f"a subscription answers {said}")
    return True
