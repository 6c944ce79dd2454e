"""A PostgreSQL server for benchmarks: the process whose CPU time counts with ours, and databases of one's own on it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from tests.postgres import PostgresUnavailable, temporary_postgres


@dataclass(frozen=True, slots=True)
class Server:
    """A server on this machine: the URL of a database on it, and the id of its first process."""

    url: str
    process: int

    @contextmanager
    def database(self, name: str) -> Iterator[str]:
        """An empty database for the length of the context; its URL."""
        empty(own := self._named(name))
        try:
            yield own
        finally:
            with _admin(own) as connection:
                connection.exec_driver_sql(f"drop database {name} with (force)")

    def _named(self, database: str) -> str:
        return sa.make_url(self.url).set(database=database).render_as_string(hide_password=False)


@contextmanager
def postgres_server() -> Iterator[Server | str]:
    """A server, or why there is none."""
    try:
        with temporary_postgres() as url:
            process = _first_process(url)
            yield Server(url, process) if process else "the server runs elsewhere, where its CPU time can't be read"
    except PostgresUnavailable as unavailable:
        yield str(unavailable)


def empty(url: str) -> None:
    """Make the database of a URL anew: of SQLite the file, which the next to open it makes; of PostgreSQL the database."""
    found = sa.make_url(url)
    if found.get_backend_name() == "sqlite":
        for suffix in ("", "-wal", "-shm"):
            Path(f"{found.database}{suffix}").unlink(missing_ok=True)
        return
    with _admin(url) as connection:
        connection.exec_driver_sql(f"drop database if exists {found.database} with (force)")
        connection.exec_driver_sql(f"create database {found.database}")


@contextmanager
def _admin(url: str) -> Iterator[sa.Connection]:
    engine = sa.create_engine(sa.make_url(url).set(database="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def _first_process(url: str) -> int | None:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        backend = connection.exec_driver_sql("select pg_backend_pid()").scalar_one()
        status = Path(f"/proc/{backend}/status")
        found = re.search(r"^Name:\s*postgres.*?^PPid:\s*(\d+)", status.read_text() if status.exists() else "", re.S | re.M)
    engine.dispose()
    return int(found[1]) if found else None
