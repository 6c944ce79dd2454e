"""Runs metrics in DuckDB over the Parquet mirror. Needs the extra `fast`.

DuckDB is a library here: a database without a file of its own, whose tables are views over the mirror's files. It can read the
mirror's folder and nothing else, and its settings are locked, so that a text that got past the allow-list would find nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from accountpulse.core.metrics.dialects import DIALECTS
from accountpulse.core.metrics.engine import PARAMETER, Facts, Floats, StoreFacts, mentioned
from accountpulse.core.store.facts import FACTS

if TYPE_CHECKING:
    import duckdb

    from accountpulse.core.mirror import Manifest, Mirror
    from accountpulse.core.mirror.manifest import FactFiles, Part

FEW = 1_000
"""Up to so many accounts the store's indexes are faster than reading columns."""

_SETTINGS: Mapping[str, bool] = {
    "allow_community_extensions": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "python_enable_replacements": False,  # else an unknown table is looked for among Python's variables
}


class Arrays:
    """An answer that came by column, each as DuckDB's `fetchnumpy` gives it: masked where there are nulls."""

    def __init__(self, columns: Sequence[NDArray[Any]]) -> None:
        self._columns = columns

    def objects(self, column: int) -> list[object]:
        values = self._columns[column]
        if values.dtype.kind == "M":
            values = values.astype("datetime64[us]").astype(np.int64)
        found: list[object] = values.tolist()  # None where masked
        return found

    def floats(self, first: int, count: int) -> Floats:
        numbers = np.empty((len(self._columns[0]), count))
        for i, column in enumerate(self._columns[first : first + count]):
            numbers[:, i] = np.ma.filled(column.astype(np.float64), np.nan)
        return numbers


class DuckFacts:
    """The facts as one state of the mirror has them."""

    dialect = DIALECTS["duckdb"]

    def __init__(self, database: duckdb.DuckDBPyConnection) -> None:
        self._database = database

    def ask(self, query: str, parameters: Mapping[str, object]) -> Arrays:
        return Arrays(list(self.run(query, parameters).fetchnumpy().values()))

    def run(self, query: str, parameters: Mapping[str, object]) -> duckdb.DuckDBPyConnection:
        """Run a query; what is returned gives its answer, in any of DuckDB's forms."""
        # Not `sql`, which plans a query once to know its columns, and again to run it.
        return self._database.execute(PARAMETER.sub(r"$\1", query), mentioned(query, parameters))


class DuckEngine:
    """Answers from the mirror, which it first brings up to the store.

    A transaction that writes asks the store itself, because it must see what it has written; few accounts are asked about
    there too.
    """

    spreads = False
    elsewhere = False

    def __init__(self, mirror: Mirror, *, few: int = FEW) -> None:
        self.mirror = mirror
        self._few = few
        self._lock = Lock()
        self._open: tuple[str, duckdb.DuckDBPyConnection] | None = None

    def facts(self, connection: sa.Connection, accounts: Sequence[int] | None = None) -> Facts:
        writes = connection.get_execution_options().get("accountpulse_write", False)
        if writes or (accounts is not None and len(accounts) <= self._few):
            return StoreFacts(connection)
        if not self.mirror.is_current():
            self.mirror.refresh()
        return DuckFacts(self._database())

    def _database(self) -> duckdb.DuckDBPyConnection:
        """A connection of the caller's own to a database over the mirror as it is."""
        manifest = self.mirror.manifest()
        with self._lock:
            if self._open is None or self._open[0] != manifest.token:
                self._open = (manifest.token, _database(self.mirror.folder, manifest))
            return self._open[1].cursor()


def _database(folder: Path, manifest: Manifest) -> duckdb.DuckDBPyConnection:
    import duckdb

    folder = folder.resolve()
    database = duckdb.connect(":memory:", config=dict(_SETTINGS))
    database.execute("set TimeZone = 'UTC'")
    database.execute("set preserve_insertion_order = false")  # what has an order says so
    database.execute(f"set temp_directory = {_text(folder / 'spill')}")
    database.execute(f"set allowed_directories = [{_text(folder)}]")
    database.execute("set enable_external_access = false")
    for record, files in manifest.facts.items():
        database.execute(f'create view "{FACTS[record].name}" as {_facts(folder, files)}')
    for name, one in manifest.lists.items():
        database.execute(f'create view "{name}" as {_rows(folder, [one.part])}')
    database.execute("set lock_configuration = true")
    return database


def _facts(folder: Path, files: FactFiles) -> str:
    """The rows of one record type: those of the overlay, and of the parts those that it does not stand in for."""
    rows = _rows(folder, files.parts)
    if files.overlay is None:
        return rows
    overlay = _rows(folder, [files.overlay])
    return f"select * from ({rows}) as p anti join ({overlay}) as o on p.id = o.id union all by name {overlay}"  # noqa: S608


def _rows(folder: Path, parts: Iterable[Part]) -> str:
    paths = ", ".join(_text(folder / part.file) for part in parts)
    return f"select * from read_parquet([{paths}], hive_partitioning = false)"  # noqa: S608  # names of ours


def _text(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
