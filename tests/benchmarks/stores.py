"""Fills stores with a made-up world, and keeps them: the files of a world are made once for its size and seed."""

from __future__ import annotations

import hashlib
import inspect
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import sqlalchemy as sa
from tests.benchmarks import world
from tests.benchmarks.world import CONNECTIONS, CRM, EUR_RATE, PROVIDES, T

from accountpulse.core.store import tables
from accountpulse.core.store.database import Store
from accountpulse.core.store.facts import FACTS
from accountpulse.core.store.metadata import metadata

Step = Callable[[str], None]

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "benchmarks"
_BATCH = 100_000


def worlds(accounts: int, seed: int, step: Step, cache: Path = CACHE) -> Path:
    """The folder of a world: its Parquet files in `facts`, and `store.db`, with the current schema.

    What an older generator made, or what has other tables of facts, is thrown away.
    """
    folder = cache / f"{accounts}-{seed}-{digest()}"
    if (folder / "complete").exists():
        Store.open(str(folder / "store.db")).close()
        return folder
    for old in cache.glob(f"{accounts}-{seed}-*"):
        shutil.rmtree(old)
    (folder / "facts").mkdir(parents=True)
    world.generate(folder / "facts", accounts, seed, lambda name: step(f"making {name}"))
    fill_sqlite(folder / "store.db", folder / "facts", accounts, step)
    (folder / "complete").touch()
    return folder


def digest() -> str:
    """A few digits that differ when a world made before would not be the same: its generator, and what facts there are."""
    tables = {table.name: table for table in FACTS.values()} | {name: metadata.tables[name] for name in world.TABLES}
    ddl = "".join(str(sa.schema.CreateTable(tables[name])) for name in sorted(tables))
    return hashlib.sha256((inspect.getsource(world) + ddl).encode()).hexdigest()[:12]


# --- SQLite ---------------------------------------------------------------------------------------------------------------


def fill_sqlite(path: Path, facts: Path, accounts: int, step: Step) -> None:
    """Make an SQLite store of the facts: rows first, then the indexes."""
    store = Store.open(str(path))
    indexes = _indexes()
    with store.write() as connection:
        for index in indexes:
            index.drop(connection)
        small_tables(connection, accounts)
    store.close()
    raw = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=off", "synchronous=off", "cache_size=-400000", "foreign_keys=off"):
        raw.execute(f"pragma {pragma}")
    for name in world.TABLES:
        step(f"SQLite: {name}")
        raw.execute("begin")
        for batch in _batches(facts / f"{name}.parquet"):
            names = [*batch.schema.names, *(["hash"] if name.startswith("fact_") else [])]
            columns = ", ".join(f'"{n}"' for n in names)
            values = ", ".join(["?"] * len(batch.schema.names) + ["zeroblob(16)"] * (len(names) - len(batch.schema.names)))
            raw.executemany(f"insert into {name} ({columns}) values ({values})", _plain_rows(batch))
        raw.execute("commit")
    raw.close()
    store = Store(str(path))
    with store.write() as connection:
        for index in indexes:
            step(f"SQLite: {index.name}")
            index.create(connection)
    store.close()


def _plain_rows(batch: pa.RecordBatch) -> Iterator[tuple[Any, ...]]:
    return zip(*(_plain(column).to_pylist() for column in batch.columns), strict=True)


def _plain(column: pa.Array) -> pa.Array:
    if pa.types.is_timestamp(column.type):
        return column.cast(pa.int64())
    if pa.types.is_date32(column.type):
        return column.cast(pa.int32())
    return column


def _batches(path: Path) -> Iterator[pa.RecordBatch]:
    return pq.ParquetFile(path).iter_batches(_BATCH)


# --- PostgreSQL -----------------------------------------------------------------------------------------------------------


def fill_postgres(url: str, facts: Path, accounts: int, step: Step) -> None:
    """Make a PostgreSQL store of the facts in an empty database."""
    store = Store.open(url)
    indexes = _indexes()
    with store.write() as connection:
        for index in indexes:
            index.drop(connection)
        small_tables(connection, accounts)
        for table in FACTS.values():
            connection.exec_driver_sql(f"alter table {table.name} alter hash set default decode(repeat('00', 16), 'hex')")
        raw = connection.connection.driver_connection
        for name in world.TABLES:
            step(f"PostgreSQL: {name}")
            for batch in _batches(facts / f"{name}.parquet"):
                columns = ", ".join(f'"{n}"' for n in batch.schema.names)
                text = pa.BufferOutputStream()
                pa_csv.write_csv(batch, text, pa_csv.WriteOptions(include_header=False))
                with raw.cursor() as cursor, cursor.copy(f"copy {name} ({columns}) from stdin (format csv)") as copy:
                    copy.write(text.getvalue().to_pybytes())
        for index in indexes:
            step(f"PostgreSQL: {index.name}")
            index.create(connection)
    step("PostgreSQL: vacuum analyze")
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("vacuum analyze")
    store.close()


# --- both -----------------------------------------------------------------------------------------------------------------


def _indexes() -> list[sa.Index]:
    filled = [*FACTS.values(), tables.link]
    return [index for table in filled for index in sorted(table.indexes, key=lambda i: str(i.name))]


def small_tables(connection: sa.Connection, accounts: int) -> None:
    began = T - timedelta(days=400)
    connection.execute(
        sa.insert(tables.connection),
        [
            {
                "id": id,
                "name": name,
                "connector": "tabular",
                "priority": id,
                "anchor": id == CRM,
                "provides": list(PROVIDES[id]),
                "state": "ok",
                "state_since": began,
            }
            for id, name in CONNECTIONS.items()
        ],
    )
    connection.execute(
        sa.insert(tables.stream_state),
        [
            {
                "connection_id": id,
                "stream": record,
                "records": [record],
                "state": "ok",
                "first_loaded_at": began,
                "last_success_at": T,
            }
            for id, records in PROVIDES.items()
            for record in records
        ],
    )
    connection.execute(sa.insert(tables.account), [{"id": i + 1, "created_at": began} for i in range(accounts)])
    connection.execute(sa.insert(tables.fx_rate), [{"currency": "EUR", "day": began.date(), "rate": EUR_RATE}])
