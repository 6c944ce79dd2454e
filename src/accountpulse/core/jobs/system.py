"""Where the job engine keeps what is to be done, and how: its own database beside the store, as JSON."""

from __future__ import annotations

import json
import sqlite3
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from dbos import Serializer

from accountpulse.core.errors import AccountPulseError, describe_crash
from accountpulse.core.files import reserve
from accountpulse.core.store.database import BUSY_TIMEOUT_MS, Store
from accountpulse.core.store.queued import jobs_file

_FIRST_WITH_SUBSECONDS = (3, 42)


class JobError(AccountPulseError):
    """How a job failed, as it was noted."""


def system_url(store: Store) -> str:
    """The URL of the engine's database: a file beside an SQLite store, a schema of its own in a PostgreSQL one.

    Raises StoreError for a store in memory.
    """
    url = store.engine.url
    if not store.is_sqlite:
        return url.set(drivername="postgresql").render_as_string(hide_password=False)
    return f"sqlite:///{jobs_file(store)}"


def system_engine(url: str) -> sa.Engine | None:
    """An engine for that database where the job engine's own would not do, None where it would.

    Its own does not use WAL, which slows jobs down several times, and under Python 3.12 doesn't start on an SQLite before 3.42.
    """
    if not url.startswith("sqlite"):
        return None
    engine = sa.create_engine(url)
    # Here, and not by whoever connects first: SQLite would make a file that everybody on this machine can read.
    reserve(Path(engine.url.database or ""))

    @sa.event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _: Any) -> None:
        connection.isolation_level = "IMMEDIATE"
        for pragma in (f"busy_timeout={BUSY_TIMEOUT_MS}", "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")
        if sqlite3.sqlite_version_info < _FIRST_WITH_SUBSECONDS:
            connection.create_function("unixepoch", 1, lambda _: time.time())

    return engine


class JsonSerializer(Serializer):
    """What the engine keeps of a job: ids and states as JSON. Its default is pickle, which runs code when it is read."""

    def serialize(self, data: Any) -> str:
        return json.dumps(data, default=_plain)

    def deserialize(self, serialized_data: str) -> Any:
        return json.loads(serialized_data, object_hook=_rich)

    def name(self) -> str:
        return "accountpulse_json"


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return {"$at": value.isoformat()}
    if isinstance(value, BaseException):
        # The text of a foreign exception may hold a secret.
        return {"$error": str(value) if isinstance(value, AccountPulseError) else describe_crash(value, "AccountPulse")}
    raise TypeError(f"a job holds ids and states, no {type(value).__name__}")


def _rich(data: dict[str, Any]) -> object:
    if data.keys() == {"$at"}:
        return datetime.fromisoformat(data["$at"])
    if data.keys() == {"$error"}:
        return JobError(data["$error"])
    return data
