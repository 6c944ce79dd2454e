"""Hears of commits on PostgreSQL as soon as they are made, by whatever process. Who hears nothing looks twice a second anyway.

A commit is told by a transaction of its own, right after it. Within the same one, all commits of a database would wait for each
other: PostgreSQL takes one lock for everybody who notifies, and holds it while the commit is written to disk.
"""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, cast

import sqlalchemy as sa

if TYPE_CHECKING:
    import psycopg

log = logging.getLogger("accountpulse.store")

CHANNEL = "accountpulse_commits"
AGAIN = 10.0
"""Seconds until it is tried again to listen."""


def tell(connection: sa.Connection) -> None:
    """Tell everybody that something was committed. connection: outside of any transaction."""
    raw = _raw(connection)
    try:
        raw.autocommit = True
        raw.execute(f"notify {CHANNEL}")
        raw.autocommit = False
    except Exception:
        # It is committed, and is seen without this, only later.
        log.debug("a commit could not be told", exc_info=True)
        connection.invalidate()


def _raw(connection: sa.Connection) -> psycopg.Connection:
    raw = cast("psycopg.Connection | None", connection.connection.dbapi_connection)
    assert raw is not None
    return raw


class Listener:
    """Counts what it hears, on a connection and in a thread of its own."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._ended = threading.Event()
        self.heard = 0
        self._thread = threading.Thread(target=self._listen, name="commits", daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while not self._ended.is_set():
            try:
                self._hear()
            except Exception:
                if not self._ended.is_set():  # the database may have been restarted
                    log.debug("commits of other processes are looked for, as they can't be heard of", exc_info=True)
                self._ended.wait(AGAIN)

    def _hear(self) -> None:
        with self._engine.connect() as connection:
            connection.detach()  # it is none of the pool's any longer
            raw = _raw(connection)
            raw.autocommit = True
            raw.execute(f"listen {CHANNEL}")
            self.heard += 1  # of what was committed until now nothing was heard
            while not self._ended.is_set():
                for _ in raw.notifies(stop_after=1):
                    self.heard += 1

    def close(self) -> None:
        """End the thread: it is woken like by any commit."""
        self._ended.set()
        if self._thread.is_alive():
            with suppress(sa.exc.SQLAlchemyError), self._engine.connect() as connection:
                tell(connection)
            self._thread.join(timeout=5)
