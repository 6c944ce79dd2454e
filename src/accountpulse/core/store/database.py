"""Opens the store: SQLite by default, PostgreSQL by URL. Hides what differs between the two."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from accountpulse.core.errors import MissingExtra, StoreError
from accountpulse.core.files import reserve
from accountpulse.core.store import migrate, notices, revisions
from accountpulse.core.store.notices import Listener
from accountpulse.core.store.watch import Watch

SQLITE_THREADS = 8
POSTGRES_THREADS = 16
BESIDE = 8
"""Connections kept for what a process does besides answering: what is pushed, read, scored, delivered and watched. One beyond
those that are kept is opened anew each time."""
BUSY_TIMEOUT_MS = 30_000
_MAPPED = 1 << 40  # bytes: as much as SQLite is built for, which is usually 2 GB
LAG = 0.5
"""How many seconds the API may take to see what another process committed on PostgreSQL, where it is not told at once."""


class Store:
    """A database with the current schema. `url` is an SQLAlchemy URL or a path to an SQLite file.

    Raises StoreError when it can't be opened or was written by a newer AccountPulse.
    """

    def __init__(self, url: str) -> None:
        self.url = _normalise(url)
        self.engine = _engine(self.url)
        self.threads = SQLITE_THREADS if self.is_sqlite else POSTGRES_THREADS
        self._watch: Watch | None = None
        self._listener: Listener | None = None
        self._commits = 0
        self.lag = LAG

    @classmethod
    def open(cls, url: str) -> Store:
        """Open the store and bring its schema up to date."""
        store = cls(url)
        try:
            migrate.upgrade(store.engine)
        except sa.exc.DatabaseError as error:  # such as a file that is no database
            store.close()
            raise StoreError(f"the store {store.safe_url} can't be opened: {error.orig}") from error
        except StoreError:
            store.close()
            raise
        return store

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @property
    def safe_url(self) -> str:
        """The URL without its password, for messages."""
        return self.engine.url.render_as_string(hide_password=True)

    @contextmanager
    def read(self, *, scattered: bool = False) -> Iterator[sa.Connection]:
        """A transaction that only reads: one consistent view. scattered: it looks up many rows all over the file."""
        with self.engine.connect() as connection, self._mapped(connection, scattered), connection.begin():
            yield connection

    @contextmanager
    def write(self, *, scattered: bool = False) -> Iterator[sa.Connection]:
        """A transaction that writes: committed as a whole, or not at all. scattered: as in `read`."""
        # SQLite takes the write lock at once: a reader that upgrades half-way can't wait and would fail.
        options = {"accountpulse_write": True, revisions.NOTED: set()}
        with self.engine.connect().execution_options(**options) as connection:
            with self._mapped(connection, scattered), connection.begin():
                yield connection
                revisions.advance(connection)
            self._commits += 1
            if options[revisions.NOTED] and not self.is_sqlite:
                notices.tell(connection)

    @contextmanager
    def _mapped(self, connection: sa.Connection, scattered: bool) -> Iterator[None]:
        """Have SQLite see its file as memory meanwhile: fetching a page costs as much as a short query, this next to nothing.

        Not for good: what is mapped counts as memory of the process.
        """
        if not (scattered and self.is_sqlite):
            yield
            return
        raw = connection.connection.dbapi_connection
        assert isinstance(raw, sqlite3.Connection)
        raw.execute(f"PRAGMA mmap_size={_MAPPED}").fetchall()
        try:
            yield
        finally:
            raw.execute("PRAGMA mmap_size=0").fetchall()

    def answers(self) -> bool:
        """Whether the database can be asked anything just now."""
        try:
            with self.read() as connection:
                connection.execute(sa.text("select 1"))
        except sa.exc.SQLAlchemyError:
            return False
        return True

    def version(self) -> Hashable:
        """Changes with every commit: on SQLite of any process, on PostgreSQL of this one, and of others within `lag` seconds.

        What advances a revision there is heard of at once.

        None where that can't be told: of a database in memory, and without a lag. Takes microseconds. For one thread at a time.
        """
        if not self.is_sqlite:
            if not self.lag:
                return None
            if self._listener is None:
                self._listener = Listener(self.engine)
            return self._commits, self._listener.heard, int(time.monotonic() / self.lag)
        if self._watch is None:
            path = self.engine.url.database
            if not path or path == ":memory:":
                return None
            self._watch = Watch(path)
        return self._watch.version()

    def settle_file(self) -> None:
        """Bring the file of an SQLite store up to its log, so that what was overwritten is in neither."""
        if self.is_sqlite:
            with self.engine.connect() as connection:
                raw = connection.connection.dbapi_connection
                assert raw is not None
                raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        if self._watch is not None:
            self._watch.close()
            self._watch = None
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        self.engine.dispose()


def _normalise(url: str) -> str:
    if url.startswith(("postgres://", "postgresql://")):
        return "postgresql+psycopg://" + url.split("://", 1)[1]
    if "://" in url:
        return url
    return f"sqlite:///{Path(url).expanduser()}"


def _engine(url: str) -> sa.Engine:
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise StoreError(
            "the store's URL can't be read; write sqlite:///accountpulse.db or postgresql://user@host/database"
        ) from error
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return _sqlite_engine(parsed)
    if backend == "postgresql":
        try:
            return sa.create_engine(parsed, pool_size=POSTGRES_THREADS + BESIDE, pool_use_lifo=True, pool_pre_ping=True)
        except ModuleNotFoundError as error:
            raise MissingExtra("A PostgreSQL store", "postgres") from error
    raise StoreError(f"the store's URL names {backend!r}; supported are sqlite and postgresql")


def _sqlite_engine(url: sa.URL) -> sa.Engine:
    if url.database and url.database != ":memory:":
        folder = Path(url.database).parent
        if not folder.is_dir():
            raise StoreError(f"the folder {folder} of the store does not exist; create it or change store.url")
        # It holds what customers' contacts would not want everybody on this machine to read.
        reserve(Path(url.database))
    engine = sa.create_engine(url, pool_size=SQLITE_THREADS + BESIDE, pool_use_lifo=True)

    @sa.event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, below
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "foreign_keys=ON",
            "cache_size=-65536",
            "temp_store=MEMORY",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        if connection.get_execution_options().get("accountpulse_write", False):
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            return
        # Past SQLAlchemy, whose own way takes as long as a short query: this one takes no lock, and so can't fail for one.
        raw = connection.connection.dbapi_connection
        assert isinstance(raw, sqlite3.Connection)
        raw.execute("BEGIN")

    return engine
