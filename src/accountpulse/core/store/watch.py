"""Tells whether anything was committed to an SQLite store since it was last asked, in microseconds."""

from __future__ import annotations

import sqlite3


class Watch:
    """A connection of its own to an SQLite file. Its `version` changes with every commit of any other connection or process."""

    def __init__(self, path: str) -> None:
        # Asked from the event loop, which is one thread at a time. It never waits for a lock.
        self._connection = sqlite3.connect(path, timeout=0, check_same_thread=False, isolation_level=None)

    def version(self) -> int | None:
        """The number of the newest commit as this connection counts; None where it can't be told just now."""
        try:
            found: int = self._connection.execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.Error:
            return None
        return found

    def close(self) -> None:
        self._connection.close()
