"""The leases of a run: taken before it begins, let go when it ends, however it ends."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

import sqlalchemy as sa

from accountpulse.core.clock import Clock
from accountpulse.core.store import connections as store_connections
from accountpulse.core.store import leases
from accountpulse.core.store.database import Store
from accountpulse.core.store.leases import Lease, Process

log = logging.getLogger(__name__)

BEAT: Final = 5.0
"""Seconds between two signs of life."""

LISTEN: Final = 1.0
"""Seconds after which a run hears at the latest that it is to end."""

_going: set[tuple[str, int]] = set()
_process: Process | None = None


def this_process() -> Process:
    """Who this process is to the others; a forked one is somebody else."""
    global _process
    if _process is None or _process.pid != os.getpid():
        _process = Process.current()
        _going.clear()
    return _process


def take(
    connection: sa.Connection, store: Store, clock: Clock, connection_id: int, streams: Sequence[str], run_id: int
) -> dict[str, Lease]:
    """Take the leases of a run's streams, by stream. Raises Busy where another living runner has one."""
    process = this_process()
    going = {run for url, run in _going if url == store.url}
    return leases.take(connection, process, connection_id, streams, run_id, clock.now(), going=going)


@contextmanager
def holding(store: Store, clock: Clock, run_id: int, held: Mapping[str, Lease], cancel: threading.Event) -> Iterator[None]:
    """Keep leases while the context lasts. What can't be let go of, the store being away, counts as let go all the same.

    cancel: is set when somebody asks for the run to end.
    """
    key = (store.url, run_id)
    ended = threading.Event()
    beating = threading.Thread(target=_beat, args=(store, clock, run_id, ended, cancel), name="holding", daemon=True)
    _going.add(key)
    beating.start()
    try:
        yield
    finally:
        ended.set()
        beating.join()
        _going.discard(key)
        cancel.clear()
        try:
            with store.write() as connection:
                leases.release(connection, list(held.values()))
        except sa.exc.SQLAlchemyError:
            log.warning("the leases of run %d could not be given back; they end with this process", run_id)


def _beat(store: Store, clock: Clock, run_id: int, ended: threading.Event, cancel: threading.Event) -> None:
    """Signs of life, also while a connector waits: a run that commits nothing for long is not taken for dead."""
    last = time.monotonic()
    while not ended.wait(LISTEN):
        try:
            with store.read() as connection:
                if store_connections.asked_to_end(connection, run_id):
                    cancel.set()
            if time.monotonic() - last >= BEAT:
                last = time.monotonic()
                with store.write() as connection:
                    leases.beat(connection, this_process(), clock.now())
        except sa.exc.SQLAlchemyError:
            log.warning("no sign of life could be given; trying again")
