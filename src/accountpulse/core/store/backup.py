"""Back-ups: the whole store as one SQLite file, taken while others work, from either database and back into either.

A back-up is a store itself: it can be looked at with any SQLite tool, or served. Restoring goes through the same migrations as
any start, so that an older back-up fits a newer program, and a newer one is refused.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from accountpulse.core.errors import StoreError
from accountpulse.core.store import mirror
from accountpulse.core.store.database import Store
from accountpulse.core.store.every_table import metadata
from accountpulse.core.store.tables import connection as connection_table
from accountpulse.core.store.tables import score_current

_AT_ONCE = 5_000
_REGISTERED = frozenset({"connection", "connection_past", "stream_state", "revision", "fx_rate", "setting"})
"""The tables in which opening a store, or checking its logins, writes what the configuration says, and will again."""
_PAGES = 4_096


@dataclass(frozen=True, slots=True)
class Copied:
    """What a back-up holds. rows: of all tables. scores: how many accounts have one. bytes: of the file."""

    rows: int
    scores: int
    bytes: int


def back_up(store: Store, path: Path) -> Copied:
    """Write the store into a file, which is there whole or not at all, readable by its owner alone.

    It shows one moment: on SQLite by its online back-up, on PostgreSQL by one repeatable read. Raises StoreError.
    """
    with _unfinished(path) as part:
        if store.is_sqlite:
            _copy_file(_file_of(store), part)
        else:
            with _opened(part) as made, _one_moment(store) as source:
                _copy_rows(source, made)
        with _opened(part) as made:
            found = _counted(made, part)
        _settle(part)
        return found


def restore(path: Path, url: str) -> Copied:
    """Make an empty store, or one that is not there yet, what a back-up holds. Raises StoreError, and changes nothing then."""
    if not path.is_file():
        raise StoreError(f"there is no back-up {path}")
    with tempfile.TemporaryDirectory(prefix="accountpulse-restore-") as folder:
        copy = Path(folder) / "store.db"
        try:
            _copy_pages(path, copy)
            _check(copy, path)
        except sqlite3.DatabaseError as error:
            raise _unreadable(path, error) from error
        with _opened(copy) as source:  # which brings an older one up to this program's schema
            with source.read() as connection:
                if not connection.execute(sa.select(sa.func.count()).select_from(connection_table)).scalar():
                    raise StoreError(f"{path} holds a store that was never used: there is nothing to restore")
            with source.write() as connection:
                mirror.outdate(connection)  # a mirror of the store as it was does not go on to this one
            found = _counted(source, path)
            target = Store(url)
            try:
                if target.is_sqlite:
                    _restore_file(copy, target)
                else:
                    _restore_rows(source, target)
            finally:
                target.close()
    return found


def _restore_file(copy: Path, target: Store) -> None:
    file = _file_of(target)
    if file.exists() and file.stat().st_size:
        _require_empty(target)
        _require_unopened(file, target)
    for beside in (file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-shm")):
        beside.unlink(missing_ok=True)
    with _unfinished(file) as part:
        _copy_file(copy, part)
        _settle(part)


def _restore_rows(source: Store, target: Store) -> None:
    with closing(Store.open(target.engine.url.render_as_string(hide_password=False))) as opened:
        _require_empty(opened)
        with source.read() as view:
            _copy_rows(view, opened)


def _require_empty(target: Store) -> None:
    with target.read() as connection:
        names = set(sa.inspect(connection).get_table_names())
        if connection_table.name in names:
            kept = [table for table in metadata.sorted_tables if table.name in names - _REGISTERED]
            one = sa.select(sa.literal(1)).limit(1)
            used = any(connection.execute(one.select_from(table)).first() for table in kept)
        else:
            used = bool(names)
    if used:
        raise StoreError(
            f"the store {target.safe_url} is in use, and would be lost: name another in store.url, or move this one away first"
        )


def _require_unopened(file: Path, target: Store) -> None:
    """Whoever has the file open would go on with the one that is replaced, and what it writes would be lost."""
    target.close()
    try:
        with closing(sqlite3.connect(file, timeout=1)) as connection:
            connection.execute("pragma journal_mode=delete")  # which SQLite refuses while another connection is open
    except sqlite3.OperationalError as error:
        raise StoreError(f"the store {target.safe_url} is open in another process: end that first ({error})") from error


def _copy_rows(source: sa.Connection, target: Store) -> None:
    with target.write() as connection:
        for table in reversed(metadata.sorted_tables):  # those that refer to others first
            connection.execute(sa.delete(table))  # a migration may have written a row of its own, or opening the store
        for table in metadata.sorted_tables:
            query = sa.select(table).order_by(*table.primary_key.columns)
            result = source.execute(query, execution_options={"stream_results": True, "yield_per": _AT_ONCE})
            names = [column.name for column in table.columns]
            for rows in result.partitions():
                connection.execute(sa.insert(table), [dict(zip(names, row, strict=True)) for row in rows])
        if connection.dialect.name == "postgresql":
            _go_on_counting(connection)


def _go_on_counting(connection: sa.Connection) -> None:
    """PostgreSQL counts ids by itself, and has not seen those that were written."""
    for table in metadata.sorted_tables:
        key = table.autoincrement_column
        if key is None:
            continue
        sequence = sa.func.pg_get_serial_sequence(table.name, key.name)
        if connection.execute(sa.select(sequence)).scalar() is None:
            continue
        largest = connection.execute(sa.select(sa.func.max(key))).scalar()
        if largest is not None:
            connection.execute(sa.select(sa.func.setval(sequence, largest)))


@contextmanager
def _one_moment(store: Store) -> Iterator[sa.Connection]:
    with store.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection, connection.begin():
        yield connection


@contextmanager
def _opened(path: Path) -> Iterator[Store]:
    store = Store.open(str(path))
    try:
        yield store
    finally:
        store.close()


def _counted(store: Store, path: Path) -> Copied:
    with store.read() as connection:
        rows = sum(
            connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() for table in metadata.sorted_tables
        )
        scores = connection.execute(sa.select(sa.func.count()).select_from(score_current)).scalar_one()
    return Copied(rows, scores, path.stat().st_size)


def _check(copy: Path, named: Path) -> None:
    with closing(sqlite3.connect(copy)) as connection:
        (said,) = connection.execute("pragma integrity_check(1)").fetchone()
        there = connection.execute("select 1 from sqlite_master where name = 'alembic_version'").fetchone()
    if said != "ok":
        raise _damaged(named, said)
    if there is None:
        raise StoreError(f"{named} is a database, but not one of AccountPulse")


def _unreadable(path: Path, error: sqlite3.DatabaseError) -> StoreError:
    if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
        return StoreError(f"{path} is no back-up: {error}")
    if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_CORRUPT:  # the rest of an extended code says where
        return _damaged(path, str(error))
    return StoreError(f"{path} can't be read: {error}")


def _damaged(path: Path, said: str) -> StoreError:
    return StoreError(f"the back-up {path} is damaged: {said}. Nothing was restored: take another back-up")


def _copy_file(source: Path, target: Path) -> None:
    try:
        _copy_pages(source, target)
    except sqlite3.DatabaseError as error:
        raise StoreError(f"{source} can't be copied: {error}") from error


def _copy_pages(source: Path, target: Path) -> None:
    """By SQLite's online back-up, in pieces, so that who writes meanwhile does not wait for all of it."""
    os.close(os.open(target, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600))
    uri = f"{source.resolve().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as given, closing(sqlite3.connect(target)) as taken:
        given.backup(taken, pages=_PAGES)


def _settle(path: Path) -> None:
    """One file, on the disk."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("pragma journal_mode=delete")
    with path.open("rb") as file:
        os.fsync(file.fileno())


@contextmanager
def _unfinished(path: Path) -> Iterator[Path]:
    """A file beside the one wanted, which it becomes at the end."""
    try:
        folder = Path(tempfile.mkdtemp(prefix=".accountpulse-", dir=path.parent))
    except OSError as error:
        raise StoreError(f"{path} can't be written: {error.strerror or type(error).__name__}") from error
    try:
        part = folder / path.name
        yield part
        part.replace(path)
    except OSError as error:
        raise StoreError(f"{path} can't be written: {error.strerror or type(error).__name__}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _file_of(store: Store) -> Path:
    name = store.engine.url.database
    if not name or name == ":memory:":
        raise StoreError("a store in memory has no file")
    return Path(name)
